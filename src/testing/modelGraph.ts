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

/** The steps of a path, from the start of the model. */
export type ModelWay = readonly [ModelStep, ...ModelStep[]]

export const lastOf = (way: ModelWay): ModelStep => way.at(-1) ?? way[0]

/** A step, a shortest way to its start, and the keys of the states before and after it. */
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

/** Every step from `before` that a driver can take and that changes something. */
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
    // This check comes before the transition is computed, because the transition costs most.
    if (whyUnreachable(driver, { event, ...taken, ...overdue, from }) !== undefined) return []
    const snapshot = event === 'time.woke' ? woken : transition(model, before, event)
    if (!row && snapshot.context.now === before.context.now) return []
    return { event, ...taken, ...overdue, from, to: selectSession(snapshot), snapshot }
  })
}

/** The first step of every path. */
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

/** A driver that can take every step. */
const ABLE: StepLimits = { isChart: true }

/** A test file asks for the same few graphs again and again. Each takes about a second and some megabytes. */
const MOST_GRAPHS = 5
const graphs = new Map<string, ModelGraph>()

/** Every state of the model that a driver can reach, and every step between them, breadth first. */
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
  // The loop also visits the entries that it adds.
  for (const [fromKey, way] of found)
    for (const step of stepsFrom(model, lastOf(way).snapshot, driver)) {
      const toKey = modelKey(step.snapshot)
      edges.push({ way, step, fromKey, toKey })
      if (!found.has(toKey)) found.set(toKey, [...way, step])
    }
  return { ways: [...found.values()], edges }
}
