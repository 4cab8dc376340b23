import type { Scenario } from './explore.ts'
import { startPages } from './pages.ts'

export const scenarios: readonly Scenario[] = [
  {
    name: 'page',
    about: 'one session, two callers, logout, another user',
    bound: '2 calls, 1 fetch, 1 401, 1 logout, 1 login as another user',
    depth: 7,
    start: () =>
      startPages({
        budget: { getToken: 2, fetch: 1, unauthorized: 1, logout: 1, other: 1 },
        outcomes: [
          'ok',
          'keep',
          'refused',
          'rejected',
          'lost',
          'unknown',
          'consumed',
          'unsupported',
          'foreign',
        ],
      }),
  },
]
