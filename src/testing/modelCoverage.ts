import type { SessionState } from '../../machines/session.select.ts'
import type { ModelStep } from './modelStep.ts'
import { type ModelTransition, modelTransitions } from './modelTransitions.ts'

type Reason = NonNullable<SessionState['reason']>

/** How often the paths reached each state, row and reason. It is plain data that you can store and sum up. */
export interface ModelCoverage {
  /** The states. */
  readonly states: Readonly<Record<string, number>>
  /** The transitions. */
  readonly transitions: Readonly<Record<ModelTransition, number>>
  /** The reasons of the ends. */
  readonly reasons: Readonly<Record<string, number>>
  /** Why no path took a row, by row. */
  readonly unreachable: Readonly<Record<ModelTransition, string>>
}

/** Every reason of an end. The type of the record makes the list complete. */
const reasons = Object.keys({
  user: 1,
  elsewhere: 1,
  backChannel: 1,
  never: 1,
  refreshRejected: 1,
  refreshUnsupported: 1,
  refreshOutcomeUnknown: 1,
  notRefreshable: 1,
  missingCredential: 1,
  accessRevoked: 1,
  identityMismatch: 1,
  keyLost: 1,
  stepUpRequired: 1,
  idle: 1,
  absoluteLifetime: 1,
  unusableLifetime: 1,
  internal: 1,
} satisfies Record<Reason, 1>)

/** The coverage of these steps. */
export function coverageOf(
  steps: readonly ModelStep[],
  unreachable: ModelCoverage['unreachable'] = {},
): ModelCoverage {
  return {
    states: count(steps.map(({ to }) => to.state)),
    transitions: count(steps.flatMap(({ transition }) => transition ?? [])),
    reasons: count(steps.flatMap(({ to }) => to.reason ?? [])),
    unreachable,
  }
}

/**
 * Sums up several coverages. A row that one of them walked is not unreachable in the sum.
 *
 * @example
 * console.log(describeCoverage(sumCoverage(suite.walked(), other.walked())))
 */
export function sumCoverage(...parts: readonly ModelCoverage[]): ModelCoverage {
  const sum = (key: 'states' | 'transitions' | 'reasons') =>
    parts.reduce<Record<string, number>>((total, part) => {
      for (const [name, times] of Object.entries(part[key])) total[name] = (total[name] ?? 0) + times
      return total
    }, {})
  const transitions = sum('transitions')
  const unreachable = Object.fromEntries(
    parts.flatMap((part) => Object.entries(part.unreachable)).filter(([row]) => !transitions[row]),
  )
  return { states: sum('states'), transitions, reasons: sum('reasons'), unreachable }
}

/** The rows of the chart that are missing in a coverage. */
const notWalked = ({ transitions }: ModelCoverage): ModelTransition[] =>
  modelTransitions().filter((row) => !transitions[row])

/**
 * A coverage as text for people.
 *
 * @example
 * console.log(describeCoverage(suite.walked()))
 */
export function describeCoverage(coverage: ModelCoverage): string {
  const of = (found: object, all: readonly string[]) => `${Object.keys(found).length} of ${all.length}`
  const missing = reasons.filter((reason) => !coverage.reasons[reason])
  return [
    `states       ${of(coverage.states, ['loggedOut', 'active', 'nearingExpiry', 'refreshing', 'retrying', 'expired'])}`,
    `transitions  ${of(coverage.transitions, modelTransitions())}`,
    ...notWalked(coverage).map((row) => `  not walked: ${row}${why(coverage.unreachable[row])}`),
    `reasons      ${of(coverage.reasons, reasons)}`,
    ...missing.map((reason) => `  not seen: ${reason}${unseen[reason] ?? ''}`),
  ].join('\n')
}

/** Says why no event of a model causes the row. */
const unseen: Readonly<Record<string, string>> = {
  internal: ', which no event causes: the chart itself failed',
  keyLost: ', which no backend causes: the browser has lost the key of the tokens',
}

const why = (reason: string | undefined) => (reason === undefined ? '' : `\n    ${reason}`)

function count(names: readonly string[]): Record<string, number> {
  const counted: Record<string, number> = {}
  for (const name of names) counted[name] = (counted[name] ?? 0) + 1
  return counted
}
