import type { Doubt } from '../../machines/session.context.ts'
import type { ModelSnapshot } from './createSessionModel.ts'

/** Three useless renewals in a row end a session, and more tell nothing new. */
const MOST_USELESS = 2

/**
 * What a state of the model is told apart by: the state, its reason, and the few facts that decide what may follow.
 * Give it to `xstate/graph` and `@xstate/test` as `serializeState`: the whole context never repeats, as time passes in it.
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
    // A 401 is weighed right after a renewal, and where nothing can follow it.
    isWeighed && (c.accepted ? 'accepted' : 'untried'),
    // What a doubt decides, it decides alone: with the rest it would only be told apart more often.
    !doubt && c.useless > 0 && `useless ${Math.min(c.useless, MOST_USELESS)}`,
    doubt && doubtKey(doubt),
  ]
    .filter(Boolean)
    .join(', ')
}

/** How often nobody answered decides nothing but how long to wait. */
function doubtKey({ resend, sends, answers }: Doubt): string {
  if (resend === 'never') return 'doubt never'
  if (resend === 'afterBearerEnds') return `doubt, ${answers} answers`
  return `doubt, ${Math.min(sends, 2)} sends`
}
