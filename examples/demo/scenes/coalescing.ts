import { answers, both, type Evidence, presented, refreshesSent, renewals, same } from '../evidence.ts'
import type { Scene } from '../scene.ts'

const CALLS = 50

/** How many bearers the calls were made with. */
const bearers = ({ requests }: Evidence): string =>
  String(new Set(requests.flatMap(({ bearerHash }) => bearerHash ?? [])).size)

export const coalescing: Scene = {
  name: 'Fifty callers, one refresh',
  intro:
    "Each admin makes fifty calls at the very moment the bearer has to be renewed. A refresh token may be spent only once, so fifty callers must share one refresh. (It is slowed down to 0.3 s here; Ada's old bearer is still good meanwhile, Olga's callers wait for the new one.)",
  async play({ ada, olga, backend, until }) {
    const slow = { kind: 'delay', ms: 300 } as const
    backend.faults.inject('cookieRefresh', slow)
    backend.faults.inject('openidRefresh', slow)
    const whenAdaRefreshes = async () => {
      await until(ada.session, 'the timer of Ada', ({ state }) => state === 'refreshing')
      await ada.call(CALLS, true)
      await until(ada.session, 'the renewal of Ada', ({ state }) => state === 'active')
    }
    const whenOlgaIsDue = async () => {
      await until(olga.session, 'the lead time of Olga', ({ state }) => state === 'nearingExpiry')
      await olga.call(CALLS, true)
    }
    await Promise.all([whenAdaRefreshes(), whenOlgaIsDue()])
  },
  check: (seen) => [
    both('callers got', `${CALLS}x 200`, seen, answers),
    both('refreshes sent', '1', seen, refreshesSent),
    both('refresh tokens presented', 'rotated', seen, presented),
    both('renewals', '1', seen, (of) => String(renewals(of))),
    same('bearers the waiting calls used', '1', bearers(seen.olga)),
  ],
}
