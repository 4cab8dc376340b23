import type { SessionContext, SessionFacts, SessionInput } from './session.context.ts'
import { nextDeadline } from './session.deadlines.ts'
import type { EventOf, SessionEvent } from './session.events.ts'
import { begun, initial, passed, renewed } from './session.facts.ts'
import { guards } from './session.guards.ts'

/**
 * What the chart remembers in `refreshing`, where it is started with `facts` and a caller asks for a bearer at that
 * instant. `undefined`: it would do anything else, and only the chart knows what.
 */
export function refreshingAtOnce(
  input: SessionInput,
  facts: SessionFacts,
  at: number,
): SessionContext | undefined {
  const before = initial(input)
  const started = { type: 'session.started', at, facts } as const
  if (before.policy !== 'onDemand' || guards.isStartedInTrouble({ context: before, event: started }))
    return undefined
  const found = { ...before, ...begun(before, facts, at) }
  const context = { ...found, ...passed(found, at) }
  const asked = { type: 'refresh.asked', by: 'caller', at } as const
  const isDue =
    guards.isInsideLead({ context: found, event: { type: 'time.checked', at } }) &&
    guards.isWorthAsking({ context, event: asked })
  return isDue ? context : undefined
}

/** When time alone changes a session in `refreshing`. */
export const endOfRefreshing = (context: SessionContext): number => nextDeadline('refreshing', context)

/** What the chart remembers in `active` after `event`. `undefined`: the event is no renewal that brought a usable bearer. */
export function renewedAtOnce(context: SessionContext, event: SessionEvent): SessionContext | undefined {
  if (event.type !== 'session.renewed') return undefined
  const given = { context, event }
  if (!guards.isNewer(given) || guards.isNewerUnusable(given)) return undefined
  return { ...context, ...renewed(context, event as EventOf<'session.renewed'>) }
}
