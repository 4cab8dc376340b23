import type { Scenario } from './explore.ts'
import { startPages } from './pages.ts'
import type { Outcome } from './provider.ts'
import { startServers } from './servers.ts'
import { startTabs } from './tabs.ts'

/** The four classes of an answer, and both fates of a token whose answer is lost. */
const CLASSES: readonly Outcome[] = ['ok', 'keep', 'refused', 'rejected', 'lost', 'unknown']

/** What is explored. `depth`: as deep as CI looks; more by `--depth`. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'page',
    about: 'one session, two callers, a request, a logout, another user; every outcome',
    bound: '2 getToken, 1 fetch, 1 answer with 401, 1 logout, 1 login as another user',
    depth: 5,
    start: () =>
      startPages({
        budget: { getToken: 2, fetch: 1, unauthorized: 1, logout: 1, other: 1 },
        outcomes: [...CLASSES, 'consumed', 'unsupported', 'forGood', 'foreign', 'noBearer'],
      }),
  },
  {
    name: 'requests',
    about: 'one session whose callers refresh, two requests and their 401s in any order',
    bound: '2 fetch, 2 answers with 401, 1 logout',
    depth: 7,
    start: () =>
      startPages({
        policy: 'onDemand',
        // Late enough for another refresh, and early enough that none is due.
        marks: [50_000],
        budget: { fetch: 2, unauthorized: 2, logout: 1 },
        outcomes: ['ok', 'keep', 'refused', 'unknown'],
      }),
  },
  ...(['afterBearerEnds', 'never', { withinMs: 20_000 }] as const).map(
    (resend): Scenario => ({
      name: `doubt-${typeof resend === 'object' ? 'withinMs' : resend}`,
      about: 'one session, one caller, and answers that prove nothing, to the end of its budget of sends',
      bound: '1 getToken, 1 forced refresh',
      depth: 7,
      start: () =>
        startPages({
          resend,
          budget: { getToken: 1, refresh: 1 },
          outcomes: ['ok', 'refused', 'lost', 'unknown', 'rejected'],
        }),
    }),
  ),
  {
    name: 'copies',
    about: 'three copies of one session in a process, and what it remembers of spent tokens',
    bound: '3 getToken, 1 logout',
    depth: 5,
    start: () =>
      startPages({
        copies: 3,
        policy: 'onDemand',
        isDue: true,
        budget: { getToken: 3, logout: 1 },
        outcomes: CLASSES,
      }),
  },
  {
    name: 'processes',
    about: 'two processes of a server on one store, two callers, a logout, a crash',
    bound: '2 getToken, 1 logout, 1 crash; reads at once',
    depth: 5,
    start: () =>
      startServers({
        processes: 2,
        reads: 'quick',
        budget: { getToken: 2, logout: 1, crash: 1 },
        outcomes: ['ok', 'lost', 'rejected'],
      }),
  },
  {
    name: 'processes-alone',
    about:
      'the same without any coordinator: what is left when Redis has lost its mind; a process that stands still',
    bound: '2 getToken, 1 logout, time passes by a process 1 time; reads at once',
    depth: 5,
    start: () =>
      startServers({
        processes: 2,
        coordinator: 'none',
        reads: 'quick',
        budget: { getToken: 2, logout: 1, late: 1 },
        outcomes: ['ok', 'refused', 'unknown'],
      }),
  },
  {
    name: 'processes-reads',
    about: 'two processes, reads that are overtaken too, requests with 401s',
    bound: '1 getToken, 1 fetch, 1 answer with 401, 1 logout',
    depth: 5,
    start: () =>
      startServers({
        processes: 2,
        budget: { getToken: 1, fetch: 1, unauthorized: 1, logout: 1 },
        outcomes: ['ok', 'unknown'],
      }),
  },
  {
    name: 'processes-store',
    about: 'two processes on a store that is slow to tell, or fails',
    bound: '2 getToken, 1 logout, 1 failure of the store, 1 answer of it that is late',
    depth: 4,
    start: () =>
      startServers({
        processes: 2,
        budget: { getToken: 2, logout: 1, slow: 1, fault: 1 },
        outcomes: ['ok', 'unknown'],
      }),
  },
  {
    name: 'tabs',
    about: 'two tabs of a browser that share a vault: both are due',
    bound: '1 getToken, 1 logout, 1 tab that is closed and opened again; reads at once',
    depth: 6,
    start: () =>
      startTabs({
        tabs: 2,
        reads: 'quick',
        budget: { getToken: 1, logout: 1, crash: 1 },
        outcomes: ['ok', 'refused', 'lost', 'rejected'],
      }),
  },
  {
    name: 'tabs-reads',
    about: 'two tabs, reads that are overtaken too',
    bound: '1 logout',
    depth: 7,
    start: () => startTabs({ tabs: 2, budget: { logout: 1 }, outcomes: ['ok', 'unknown'] }),
  },
  {
    name: 'tabs-login',
    about: 'two tabs, and a login as another user in one of them',
    bound: '1 getToken, 1 login as another user, 1 logout; reads at once',
    depth: 5,
    start: () =>
      startTabs({
        tabs: 2,
        reads: 'quick',
        budget: { getToken: 1, other: 1, logout: 1 },
        outcomes: ['ok', 'unknown'],
      }),
  },
]
