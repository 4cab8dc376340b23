import { initialTransition } from 'xstate'
import { selectSession } from '../../machines/session.select.ts'
import {
  createSessionModel,
  type ModelSnapshot,
  type SessionModel,
  type SessionModelOptions,
} from './createSessionModel.ts'
import { inertScope } from './inertScope.ts'
import { type StepLimits, whyUnreachable } from './modelDriver.ts'
import { type ModelEventType, modelEvents } from './modelEvents.ts'
import { modelKey } from './modelKey.ts'
import type { ModelStep } from './modelStep.ts'
import { transitionName } from './modelTransitions.ts'

/** A path as its steps, from the start of the model. */
export type ModelWay = readonly [ModelStep, ...ModelStep[]]

export const lastOf = (way: ModelWay): ModelStep => way.at(-1) ?? way[0]

/** A step, a shortest way to where it starts, and the keys of the states that it leads from and to. */
export interface ModelEdge {
  readonly way: ModelWay
  readonly step: ModelStep
  readonly fromKey: string
  readonly toKey: string
}

export interface ModelGraph {
  /** A shortest way to every state. */
  readonly ways: readonly ModelWay[]
  /** Every step of every state. */
  readonly edges: readonly ModelEdge[]
}

const everyEvent = Object.keys(modelEvents) as ModelEventType[]

const scopes = new WeakMap<SessionModel, ReturnType<typeof inertScope<SessionModel>>>()

function transition(model: SessionModel, before: ModelSnapshot, type: ModelEventType): ModelSnapshot {
  let scope = scopes.get(model)
  if (!scope) {
    scope = inertScope(model)
    scopes.set(model, scope)
  }
  return model.transition(before, { type }, scope)
}

/** Every step that leads on from `before`, as far as a driver can go; what would change nothing is none. */
export function stepsFrom(
  model: SessionModel,
  before: ModelSnapshot,
  driver: StepLimits,
  events = everyEvent,
): ModelStep[] {
  const woken = transition(model, before, 'time.woke')
  const isDue = woken.value !== before.value
  const from = selectSession(before)
  return events.flatMap((event) => {
    const overdue = isDue && event !== 'time.woke' && ({ isOverdue: true } as const)
    if (whyUnreachable(driver, { event, ...overdue, from }) !== undefined) return []
    const row = model.getTransitionData(before, { type: event })[0]
    if (!row && !event.startsWith('time.')) return []
    const taken = row && { transition: transitionName(before.value, modelEvents[event].stands, row) }
    // Before the step is computed, which costs most.
    if (whyUnreachable(driver, { event, ...taken, ...overdue, from }) !== undefined) return []
    const snapshot = event === 'time.woke' ? woken : transition(model, before, event)
    if (!row && snapshot.context.now === before.context.now) return []
    return { event, ...taken, ...overdue, from, to: selectSession(snapshot), snapshot }
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

/** Whom every step is open to. */
const ABLE: StepLimits = { isChart: true }

/** A file of tests asks for few graphs, again and again; each takes about a second and some megabytes. */
const MOST_GRAPHS = 5
const graphs = new Map<string, ModelGraph>()

/** Every state of the model and every step between them, breadth first, as far as a driver can go. */
export function modelGraph(options: SessionModelOptions, driver: StepLimits = ABLE): ModelGraph {
  const key = JSON.stringify([options, driver.unreachable ?? {}, driver.isChart ?? false], exactly)
  const graph = graphs.get(key) ?? explored(options, driver)
  graphs.delete(key)
  graphs.set(key, graph)
  for (const oldest of graphs.keys()) if (graphs.size > MOST_GRAPHS) graphs.delete(oldest)
  return graph
}

/** JSON has no `Infinity`. */
const exactly = (_: string, value: unknown) => (typeof value === 'number' ? String(value) : value)

function explored(options: SessionModelOptions, driver: StepLimits): ModelGraph {
  const model = createSessionModel(options)
  const start = startOf(model)
  const found = new Map<string, ModelWay>([[modelKey(start.snapshot), [start]]])
  const edges: ModelEdge[] = []
  // A Map that grows while it is walked is walked to its end.
  for (const [fromKey, way] of found)
    for (const step of stepsFrom(model, lastOf(way).snapshot, driver)) {
      const toKey = modelKey(step.snapshot)
      edges.push({ way, step, fromKey, toKey })
      if (!found.has(toKey)) found.set(toKey, [...way, step])
    }
  return { ways: [...found.values()], edges }
}
