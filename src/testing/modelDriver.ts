import { sessionMachine } from '../../machines/session.machine.ts'
import type { SessionStateName } from '../../machines/session.types.ts'
import type { SessionModelOptions } from './createSessionModel.ts'
import { type ModelEventType, modelEvents } from './modelEvents.ts'
import type { ModelStep } from './modelStep.ts'
import { modelTransitions } from './modelTransitions.ts'

/** An event, an event in one state, or a row of the chart as `modelTransitions` names it. */
export type ModelPlace =
  | ModelEventType
  | `${SessionStateName}: ${ModelEventType}`
  | `${SessionStateName}: ${string} -> ${string}`

/**
 * Connects the model with the system under test: it causes each event there, and checks each state there. A path fails if
 * it needs an event or a state that the driver does not have.
 */
export interface ModelDriver {
  /** Starts a fresh system in the first state of the model. Called before every path. */
  start?(options: SessionModelOptions): void | Promise<void>
  /** Called after every path, even if the path failed. */
  stop?(): void | Promise<void>
  /** Causes the event, and resolves when its effect is visible. */
  readonly events: { readonly [type in ModelEventType]?: (step: ModelStep) => void | Promise<void> }
  /** Throws if the system does not have the state of `step.to`. */
  readonly states: { readonly [state in SessionStateName]?: (step: ModelStep) => void | Promise<void> }
  /** What this driver cannot cause, and why. No path goes there, and the coverage lists it. */
  readonly unreachable?: { readonly [where in ModelPlace]?: string }
  /**
   * Whether the driver drives the chart itself, which accepts any event at any time. A session checks the clock before
   * each event, and so do the paths of its drivers.
   * @default false
   */
  readonly isChart?: boolean
}

/** Takes one step with a driver. Rejects if the driver has no handler, or if its check fails. */
export async function driveStep(driver: ModelDriver, step: ModelStep): Promise<void> {
  if (step.event !== 'start') {
    const act = driver.events[step.event]
    if (!act) throw new Error(missing('events', step.event))
    await act(step)
  }
  const check = driver.states[step.to.state]
  if (!check) throw new Error(missing('states', step.to.state))
  await check(step)
}

const missing = (part: 'events' | 'states', name: string) =>
  `The driver has no handler in "${part}" for "${name}": write one${
    part === 'events' ? ', or say in "unreachable" why there is none' : ''
  }.`

/** The limits that decide which steps a driver can take. */
export type StepLimits = Pick<ModelDriver, 'unreachable' | 'isChart'>

/** Why a driver cannot take a step; `undefined`: it can. */
export function whyUnreachable(
  { unreachable = {}, isChart }: StepLimits,
  { event, from, isOverdue, transition }: Omit<ModelStep, 'to' | 'snapshot'>,
): string | undefined {
  if (event === 'start') return undefined
  if (isOverdue && !isChart) return 'A session looks at the clock before anything else happens.'
  return (
    unreachable[event] ??
    unreachable[`${from.state}: ${event}`] ??
    (transition && unreachable[transition as `${SessionStateName}: ${string} -> ${string}`])
  )
}

/** Throws if a driver names an unknown place, or gives no reason. */
export function assertPlaces({ unreachable = {} }: ModelDriver): void {
  const events = Object.keys(modelEvents)
  const inStates = Object.keys(sessionMachine.states).flatMap((state) =>
    events.map((event) => `${state}: ${event}`),
  )
  const places = [...events, ...inStates, ...modelTransitions()]
  for (const [place, reason] of Object.entries(unreachable)) {
    if (!places.includes(place))
      throw new TypeError(
        `"unreachable" names "${place}": no event, no event in a state, no row of the chart.`,
      )
    if (reason === '') throw new TypeError(`"unreachable" says of "${place}" not why.`)
  }
}
