import type { AnyStateNode, AnyTransitionDefinition } from 'xstate'
import { sessionMachine } from '../../machines/session.machine.ts'

/** One row of the chart in one state, in words: `refreshing: refresh.unknown [isUnknownForGood] -> expired`. */
export type ModelTransition = string

const nameOf = (named: unknown): string =>
  typeof named === 'string' ? named : ((named as { readonly type?: string } | undefined)?.type ?? '')

/** The name of a row. `event` is an event of the chart. */
export function transitionName(state: string, event: string, row: AnyTransitionDefinition): ModelTransition {
  const guard = nameOf(row.guard)
  return `${state}: ${event || '(at once)'}${guard && ` [${guard}]`} -> ${row.target?.[0]?.key ?? 'stays'}`
}

/** Rows of the root that a state never reaches, because its own rows handle the event in all these cases. */
const SHADOWED: Readonly<Record<string, readonly string[]>> = {
  // The clock is checked before any other event, and this check leaves `active` when the bearer has ended.
  active: ['isNewerUseless'],
  // The running flight handles each 401, and also the time within the limits.
  refreshing: ['isRejectedForGood', 'isRejectedPastFloor', 'isRejected', 'isAlive'],
  // A 401 does not end a backoff, unless it ends the session.
  retrying: ['isRejectedPastFloor', 'isRejected'],
}

/** Rows of the root that only hold while a session lives, or while a peer may still revive it. */
function canApply({ key, tags }: AnyStateNode, event: string, { guard }: AnyTransitionDefinition): boolean {
  if (!guard || event === 'session.started') return true
  if (SHADOWED[key]?.includes(nameOf(guard))) return false
  return tags.includes('authenticated') || (key === 'expired' && event === 'session.renewed')
}

/**
 * Every row of the session machine. A row of its root counts once for each state that does not shadow it. The row of a
 * restored snapshot is left out, because it happens to the actor and not to the session.
 *
 * @example
 * const missing = modelTransitions().filter((row) => !suite.walked().transitions[row])
 */
export function modelTransitions(): ModelTransition[] {
  const { root } = sessionMachine
  return (Object.values(root.states) as AnyStateNode[]).flatMap((state) => {
    const own = [...state.transitions].flatMap(([event, rows]) =>
      rows.map((row) => transitionName(state.key, event, row)),
    )
    const always = (state.always ?? []).map((row) => transitionName(state.key, '', row))
    const inherited = [...root.transitions].flatMap(([event, rows]) =>
      // A row without a condition always comes before the rows of the root.
      event === 'session.restored' || state.transitions.get(event)?.some(({ guard }) => !guard)
        ? []
        : rows
            .filter((row) => canApply(state, event, row))
            .map((row) => transitionName(state.key, event, row)),
    )
    return [...always, ...own, ...inherited]
  })
}
