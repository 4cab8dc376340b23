import type { Doubt } from '../../machines/session.context.ts'
import type { ModelSnapshot } from './createSessionModel.ts'

/** Three useless renewals in a row end a session, so a higher count makes no new state. */
const MOST_USELESS = 2

/**
 * The key of a state of the model: the state, its reason, and the few facts that decide what may follow. Give it to
 * `xstate/graph` and `@xstate/test` as `serializeState`. The whole context would never repeat, because it has the time.
 *
 * @example
 * const serializeState = (snapshot: ModelSnapshot) => modelKey(snapshot)
 */
export function modelKey({ value, context: c }: ModelSnapshot): string {
  if (value === 'loggedOut' || value === 'expired') return [value, c.pending ? 'pending' : c.reason].join(' ')
  const { doubt } = c
  const isWeighed = (value === 'active' && c.now < c.rejectFloorAt) || !c.refreshable
  return [
    value,
    value === 'retrying' && c.now >= c.retryAt && 'due',
    value === 'refreshing' && c.now < c.leadAt && 'early',
    c.bearer,
    !c.refreshable && 'not refreshable',
    c.idle && 'idle',
    c.lastChance && 'last chance',
    // Whether the bearer was accepted matters for a 401 right after a renewal, and for a session that cannot refresh.
    isWeighed && (c.accepted ? 'accepted' : 'untried'),
    // In doubt, the useless renewals decide nothing: they would only multiply the states.
    !doubt && c.useless > 0 && `useless ${Math.min(c.useless, MOST_USELESS)}`,
    doubt && doubtKey(doubt),
  ]
    .filter(Boolean)
    .join(', ')
}

/** The number of sends without an answer only decides the wait, so it is left out. */
function doubtKey({ resend, sends, answers }: Doubt): string {
  if (resend === 'never') return 'doubt never'
  if (resend === 'afterBearerEnds') return `doubt, ${answers} answers`
  return `doubt, ${Math.min(sends, 2)} sends`
}
