import { answers, apiStatuses, both, presented, refreshesSent, versions } from '../evidence.ts'
import type { Scene } from '../scene.ts'

const CALLS = 10

export const recovered: Scene = {
  name: 'A 401, recovered',
  intro:
    'The backend stops accepting bearers that should still be good, and each admin makes ten calls. All ten come back with 401; one refresh and one retry of each later, no caller has noticed.',
  async play({ ada, olga, backend, timeline, topOfSecond }) {
    await topOfSecond()
    backend.operator.invalidateBearers()
    timeline.note('all bearers issued so far are invalid now')
    await Promise.all([ada.call(CALLS, true), olga.call(CALLS, true)])
  },
  check: (seen) => [
    both('callers got', `${CALLS}x 200`, seen, answers),
    both('the backend answered', `${CALLS}x 401, ${CALLS}x 200`, seen, apiStatuses),
    both('refreshes sent', '1', seen, refreshesSent),
    both('refresh tokens presented', 'rotated', seen, presented),
    both('version', 'v1 to v2', seen, versions),
  ],
}
