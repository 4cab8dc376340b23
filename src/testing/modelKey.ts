import type { ModelSnapshot } from './createSessionModel.ts'

/** Three useless renewals in a row end a session, and more tell nothing new. */
const MOST_USELESS = 2

/**
 * What a state of the model is told apart by: the state, its reason, and the few facts that decide what may follow.
 * Give it to `xstate/graph` and `@xstate/test` as `serializeState`: the whole context never repeats, as time passes in it.
 */
export function modelKey({ value, context: c }: ModelSnapshot): string {
  if (value === 'loggedOut' || value === 'expired') return [value, c.pending ? 'pending' : c.reason].join(' ')
  const { doubt } = c
  return [
    value,
    value === 'retrying' && c.now >= c.retryAt && 'due',
    value === 'refreshing' && c.now < c.leadAt && 'early',
    c.bearer,
    !c.refreshable && 'not refreshable',
    c.idle && 'idle',
    c.lastChance && 'last chance',
    // What a doubt decides, it decides alone: with the rest it would only be told apart more often.
    !doubt && c.useless > 0 && `useless ${Math.min(c.useless, MOST_USELESS)}`,
    doubt && `doubt ${doubt.resend === 'never' ? 'never' : doubt.sends}${doubt.answered ? ' answered' : ''}`,
  ]
    .filter(Boolean)
    .join(', ')
}
