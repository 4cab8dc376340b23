import {
  createMachine,
  type EventObject,
  type MachineSnapshot,
  type MetaObject,
  type StateMachine,
} from 'xstate'
import type { SessionContext, SessionInput } from '../../machines/session.context.ts'
import { sessionMachine } from '../../machines/session.machine.ts'
import type {
  RefreshPolicy,
  ResendPolicy,
  SessionStateName,
  SessionTag,
  SessionUser,
} from '../../machines/session.types.ts'
import { LEAD_TIME_MS } from '../base/durations.ts'
import { type ModelContext, type ModelEventType, type ModelSettings, modelEvents } from './modelEvents.ts'

/** The options of the session that the model covers. */
export interface SessionModelOptions {
  /** @default 'eager' */
  readonly policy?: RefreshPolicy
  /**
   * The policy of the strategy after an answer that proves nothing.
   * @default 'afterBearerEnds'
   */
  readonly resend?: ResendPolicy
  /** @default Infinity: inactivity never ends the session */
  readonly idleTimeoutMs?: number
  /** @default Infinity: age never ends the session */
  readonly absoluteLifetimeMs?: number
  /**
   * Whether peers share the session through a store.
   * @default false
   */
  readonly shared?: boolean
  /**
   * What is known at the start: nothing yet (`pending`), that nobody is logged in, a session that was found, or a found
   * session whose last refresh is in doubt.
   * @default 'loggedOut'
   */
  readonly start?: 'pending' | 'loggedOut' | 'loggedIn' | 'inDoubt'
  /**
   * The life of a bearer; milliseconds.
   * @default 600_000
   */
  readonly lifeMs?: number
  /** @default 30_000 */
  readonly leadTimeMs?: number
  /**
   * The user who logs in. Give the user of your driver, so that `step.to.user` is the user that your UI shows.
   * `sessionDriver` and `bffDriver` need no user: they use the one whom their backend logged in.
   * @default { id: 'ada' }
   */
  readonly user?: SessionUser
}

/** An event of the model. It only has a name; its meaning follows from the snapshot. */
export interface ModelEvent {
  /** The name. */
  readonly type: ModelEventType
}

// biome-ignore lint/complexity/noBannedTypes: as XState names a machine without children
type NoChildren = {}

/** The state of a model: a snapshot of its machine. */
export type ModelSnapshot = MachineSnapshot<
  ModelContext,
  ModelEvent,
  NoChildren,
  SessionStateName,
  SessionTag,
  unknown,
  MetaObject,
  Record<string, unknown>
>

/** The chart as a test model: a machine of XState, for example for `getShortestPaths`. */
export type SessionModel = StateMachine<
  ModelContext,
  ModelEvent,
  NoChildren,
  never,
  never,
  never,
  never,
  SessionStateName,
  SessionTag,
  unknown,
  unknown,
  EventObject,
  MetaObject,
  Record<string, unknown>
>

/** The clock of every model starts here. */
export const MODEL_START = Date.UTC(2026, 0, 1)

/** The settings that decide what the events of a model mean. */
export const settingsOf = ({
  resend = 'afterBearerEnds',
  lifeMs = 600_000,
  leadTimeMs = LEAD_TIME_MS,
  user = { id: 'ada' },
}: SessionModelOptions): ModelSettings => ({ resend, lifeMs, leadTimeMs, user })

/** The event that has the facts of a model's start. */
export const FOUND = { loggedIn: 'login.completed', inDoubt: 'login.inDoubt' } as const

type On = Readonly<Record<string, unknown>>
interface Node {
  readonly invoke?: { readonly src: string }
  readonly on?: On
}

/**
 * The session machine as a test model. Time and the outcomes of a refresh are events with names, and the model invokes
 * nothing. It is made of `sessionMachine`: it has the same states, transitions, guards and actions. Each transition has
 * the names of the events that may cause it. `xstate/graph` and `@xstate/test` accept it; give them `modelKey` as
 * `serializeState`.
 *
 * @example
 * const paths = getShortestPaths(createSessionModel({ policy: 'prompt' }), {
 *   serializeState: (snapshot) => modelKey(snapshot as ModelSnapshot),
 * })
 */
export function createSessionModel(options: SessionModelOptions = {}): SessionModel {
  const { policy, idleTimeoutMs, absoluteLifetimeMs, shared, start = 'loggedOut' } = options
  const settings = settingsOf(options)
  const input = { policy, idleTimeoutMs, absoluteLifetimeMs, shared, at: MODEL_START }
  const {
    invoke,
    states = {},
    on,
    ...chart
  } = sessionMachine.config as unknown as Node & {
    readonly states?: Readonly<Record<string, Node>>
    readonly context: (given: { readonly input: object }) => SessionContext
  }

  function context(): ModelContext {
    const begin = (facts?: SessionInput['facts']) => ({
      ...chart.context({ input: { ...input, ...(facts !== undefined && { facts }) } }),
      now: MODEL_START,
    })
    if (start === 'pending' || start === 'loggedOut') return begin(start === 'pending' ? undefined : null)
    const found = modelEvents[FOUND[start]].read(begin(null), settings)
    return begin((found as { readonly facts?: SessionInput['facts'] }).facts)
  }

  const model = createMachine(
    {
      ...chart,
      context,
      on: named(on, false),
      states: Object.fromEntries(
        Object.entries(states).map(([name, { invoke: port, ...state }]) => [
          name,
          { ...state, on: port ? inFlight(named(state.on, true), ofFlights(on)) : named(state.on, false) },
        ]),
      ),
    } as never,
    // The model never reads a store: the change of a peer is an event.
    {
      ...sessionMachine.implementations,
      actors: {},
      actions: { ...sessionMachine.implementations.actions, reread() {} },
    } as never,
  ) as unknown as SessionModel

  /** The event with its meaning in `snapshot`; `undefined`: it cannot happen there. */
  function meant(snapshot: ModelSnapshot, event: ModelEvent): Meant | undefined {
    // It has its meaning already, or it is an event of XState.
    if ('at' in event || !(event.type in modelEvents)) return event as Meant
    const told = modelEvents[event.type].read(snapshot.context, settings)
    return told && { ...told, type: event.type }
  }

  const { ownEvents: ofRoot } = model.root
  const listed = Object.fromEntries(
    Object.entries(model.states).map(([name, { ownEvents }]) => [name, new Set([...ofRoot, ...ownEvents])]),
  ) as Partial<Record<string, ReadonlySet<string>>>
  /** Whether the chart handles such an event in this state. If not, not even time passes. */
  const isListedIn = ({ value }: ModelSnapshot, { type }: ModelEvent) =>
    !(type in modelEvents) || listed[value]?.has(type) === true

  const { transition, getTransitionData } = model
  model.getTransitionData = (snapshot, event) => {
    const told = meant(snapshot, event)
    return told ? getTransitionData.call(model, snapshot, told) : []
  }
  model.transition = (snapshot, event, scope) => {
    const told = isListedIn(snapshot, event) ? meant(snapshot, event) : undefined
    if (!told) return snapshot
    // @xstate/test knows no actions that emit, so its scope lacks `emit`.
    const whole = { ...silence, ...scope }
    const next = transition(snapshot, told, whole)
    const { at } = told
    if (at === undefined) return next
    const isSent = next.value === 'refreshing' && snapshot.value !== 'refreshing'
    return { ...next, context: { ...next.context, now: at, ...(isSent && { sentAt: at }) } }
  }
  return model
}

const ignore = () => {}
const silence = { actionExecutor: ignore, emit: ignore }

type Meant = ModelEvent & { readonly at?: number }

/** The transitions `on` events of the chart, under the names of the model's events. */
function named(on: On = {}, isFlying: boolean): On {
  return Object.fromEntries(
    Object.entries(modelEvents)
      .filter(([, { stands, ofFlight }]) => Object.hasOwn(on, stands) && (isFlying || !ofFlight))
      .map(([type, { stands }]) => [type, on[stands]]),
  )
}

interface Row {
  readonly target?: string
}

/** The rows of the root for the outcomes of a flight. Only the state that runs a flight gets them. */
function ofFlights(on: On = {}): On {
  const within = (row: Row) => ({ ...row, ...(row.target && { target: row.target.replace('.', '') }) })
  return Object.fromEntries(
    Object.entries(modelEvents)
      .filter(([, { stands, ofFlight }]) => ofFlight && Object.hasOwn(on, stands))
      .map(([type, { stands }]) => [type, [on[stands] as Row | Row[]].flat().map(within)]),
  )
}

/** The order of XState: a state's own rows come first, and the rows of the root count if none of them fits. */
const inFlight = (own: On, root: On): On =>
  Object.fromEntries(
    Object.keys({ ...root, ...own }).map((type) => [type, [own[type] ?? [], root[type] ?? []].flat()]),
  )
