import type { AnyStateNode, AnyTransitionDefinition } from 'xstate'
import { sessionMachine } from '../machines/session.machine.ts'

/** One row of the chart: on `event`, if `guard` holds, to `target` (none: the state stays). */
export interface Edge {
  /** An event, or `(at once)`. */
  readonly event: string
  /** In words; empty: always. */
  readonly guard: string
  /** What the row is about, as the chart says it. */
  readonly description: string
  readonly target: string | undefined
  /** In words. */
  readonly actions: string
  /** What the session is said to have ended of: a reason, or where it is found out. */
  readonly reason: string | undefined
}

export const stateNodes = Object.values(sessionMachine.root.states) as AnyStateNode[]

/** What a state, or the root for all of them, does with every event, first row first. */
export function edgesOf(node: AnyStateNode): Edge[] {
  const toEdge = (event: string, transition: AnyTransitionDefinition): Edge => ({
    event,
    guard: inWords(nameOf(transition.guard)),
    description: transition.description ?? '',
    target: transition.target?.[0]?.key,
    actions: transition.actions
      .map((action) => {
        const reason = reasonOf(action)
        return inWords(nameOf(action)) + (typeof reason === 'string' ? ` (${reason})` : '')
      })
      .join(', '),
    reason: transition.actions
      .filter((action) => nameOf(action) === 'expire')
      .map((action) => reasonOf(action))
      .map((reason) =>
        typeof reason === 'string' ? reason : reason ? 'of the event' : 'of what is known',
      )[0],
  })
  return [
    ...(node.always ?? []).map((transition) => toEdge('(at once)', transition)),
    ...[...node.transitions].flatMap(([event, transitions]) => transitions.map((t) => toEdge(event, t))),
  ]
}

const inWords = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

const nameOf = (named: unknown): string =>
  typeof named === 'string' ? named : ((named as { type: string } | undefined)?.type ?? '')

/** The reason that an action is given; a function where it takes that from the event. */
function reasonOf(action: unknown): unknown {
  const { params } = action as { params?: unknown }
  return typeof params === 'function' ? params : (params as { reason?: string } | undefined)?.reason
}
