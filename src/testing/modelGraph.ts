import { initialTransition, transition } from 'xstate'
import { type SessionState, selectSession } from '../../machines/session.select.ts'
import {
  createSessionModel,
  type ModelSnapshot,
  type SessionModel,
  type SessionModelOptions,
} from './createSessionModel.ts'
import { type ModelEventType, modelEvents } from './modelEvents.ts'
import { modelKey } from './modelKey.ts'
import { type ModelTransition, transitionName } from './modelTransitions.ts'

/** One event of a path, and what it does. */
export interface ModelStep {
  /** `start`: nothing has happened yet. Every path begins with it. */
  readonly event: ModelEventType | 'start'
  /** The row of the chart that is taken; absent where only time passes. */
  readonly transition?: ModelTransition
  /** A look at the clock would have led on, and this is none: no session does it, for each looks first. */
  readonly isOverdue?: true
  /** The state before it. */
  readonly from: SessionState
  /** What the session is after it, as `getSnapshot` tells it; instants are those of the model. */
  readonly to: SessionState
  /** The model after it. */
  readonly snapshot: ModelSnapshot
}

/** A path as its steps, from the start of the model. */
export type ModelWay = readonly [ModelStep, ...ModelStep[]]

export const lastOf = (way: ModelWay): ModelStep => way.at(-1) ?? way[0]

/** A step, and a shortest way to where it starts. */
export interface ModelEdge {
  readonly way: ModelWay
  readonly step: ModelStep
}

export interface ModelGraph {
  /** A shortest way to every state. */
  readonly ways: readonly ModelWay[]
  /** Every step of every state. */
  readonly edges: readonly ModelEdge[]
}

const everyEvent = Object.keys(modelEvents) as ModelEventType[]

const look = (model: SessionModel, before: ModelSnapshot) =>
  transition(model, before, { type: 'time.woke' })[0] as ModelSnapshot

/** Every step that leads on from `before`; what would change nothing is none. */
export function stepsFrom(model: SessionModel, before: ModelSnapshot, events = everyEvent): ModelStep[] {
  const isDue = look(model, before).value !== before.value
  return events.flatMap((event) => {
    const row = model.getTransitionData(before, { type: event })[0]
    if (!row && !event.startsWith('time.')) return []
    const [snapshot] = transition(model, before, { type: event }) as [ModelSnapshot, unknown]
    if (!row && snapshot.context.now === before.context.now) return []
    const taken = row && { transition: transitionName(before.value, modelEvents[event].stands, row) }
    const overdue = isDue && event !== 'time.woke' && ({ isOverdue: true } as const)
    return { event, ...taken, ...overdue, from: selectSession(before), to: selectSession(snapshot), snapshot }
  })
}

/** The step that every path begins with. */
export function startOf(model: SessionModel): ModelStep {
  const [snapshot] = initialTransition(model) as [ModelSnapshot, unknown]
  const start = selectSession(snapshot)
  const initial = String(model.config.initial)
  const rows = model.states[initial]?.always ?? []
  const row = rows.find(({ target }) => target?.[0]?.key === start.state)
  return {
    event: 'start',
    ...(row && { transition: transitionName(initial, '', row) }),
    from: start,
    to: start,
    snapshot,
  }
}

/** Every state of the model and every step between them, breadth first, as far as `isOpen` lets. */
export function modelGraph(
  options: SessionModelOptions,
  isOpen: (step: ModelStep) => boolean = () => true,
): ModelGraph {
  const model = createSessionModel(options)
  const start = startOf(model)
  const found = new Map<string, ModelWay>([[modelKey(start.snapshot), [start]]])
  const edges: ModelEdge[] = []
  // A Map that grows while it is walked is walked to its end.
  for (const way of found.values())
    for (const step of stepsFrom(model, lastOf(way).snapshot).filter(isOpen)) {
      edges.push({ way, step })
      const key = modelKey(step.snapshot)
      if (!found.has(key)) found.set(key, [...way, step])
    }
  return { ways: [...found.values()], edges }
}
