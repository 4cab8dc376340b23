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

/** What the model covers. */
export interface SessionModelOptions {
  /** @default 'eager' */
  readonly policy?: RefreshPolicy
  /**
   * What the strategy permits after an answer that proves nothing.
   * @default 'afterBearerEnds'
   */
  readonly resend?: ResendPolicy
  /** @default Infinity: the session never ends by idleness */
  readonly idleTimeoutMs?: number
  /** @default Infinity: it grows as old as it likes */
  readonly absoluteLifetimeMs?: number
  /**
   * Whether peers share the session through a store.
   * @default false
   */
  readonly shared?: boolean
  /**
   * What is known at the start: nothing yet, that nobody is logged in, a session that was found, or one whose last
   * refresh is in doubt.
   * @default 'loggedOut'
   */
  readonly start?: 'pending' | 'loggedOut' | 'loggedIn' | 'inDoubt'
  /**
   * How long a bearer lives, milliseconds.
   * @default 600_000
   */
  readonly lifeMs?: number
  /** @default 30_000 */
  readonly leadTimeMs?: number
  /**
   * Who logs in. Give the user that your driver logs in, so that `step.to.user` tells what your UI shows.
   * `sessionDriver` and `bffDriver` need none: they tell the user whom their backend logged in.
   * @default { id: 'ada' }
   */
  readonly user?: SessionUser
}

/** An event of the model has a name and nothing else: what it means follows from the snapshot. */
export interface ModelEvent {
  /** What happens. */
  readonly type: ModelEventType
}

// biome-ignore lint/complexity/noBannedTypes: as XState names a machine without children
type NoChildren = {}

/** Where a model is: a snapshot of its machine. */
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

/** The chart as a test model: a machine of XState, for its `getShortestPaths` and the like. */
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

/** Where the clock of every model starts. */
export const MODEL_START = Date.UTC(2026, 0, 1)

/** What events of a model mean, as far as its options decide. */
export const settingsOf = ({
  resend = 'afterBearerEnds',
  lifeMs = 600_000,
  leadTimeMs = LEAD_TIME_MS,
  user = { id: 'ada' },
}: SessionModelOptions): ModelSettings => ({ resend, lifeMs, leadTimeMs, user })

/** The event whose facts a model starts with. */
export const FOUND = { loggedIn: 'login.completed', inDoubt: 'login.inDoubt' } as const

type On = Readonly<Record<string, unknown>>
interface Node {
  readonly invoke?: { readonly src: string }
  readonly on?: On
}

/**
 * The session machine as a test model: time and the outcomes of a refresh are events with names, and nothing is
 * invoked. Made of `sessionMachine` itself: the same states, transitions, guards and actions, each transition under
 * the names of what may cause it. `xstate/graph` and `@xstate/test` accept it; give them `modelKey` as `serializeState`.
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
    // Nobody looks anywhere: what a peer has done is an event of its own.
    {
      ...sessionMachine.implementations,
      actors: {},
      actions: { ...sessionMachine.implementations.actions, reread() {} },
    } as never,
  ) as unknown as SessionModel

  /** The event with what it means in `snapshot`; `undefined` where it cannot happen. */
  function meant(snapshot: ModelSnapshot, event: ModelEvent): Meant | undefined {
    // What has been told already, and what XState tells itself.
    if ('at' in event || !(event.type in modelEvents)) return event as Meant
    const told = modelEvents[event.type].read(snapshot.context, settings)
    return told && { ...told, type: event.type }
  }

  const { ownEvents: ofRoot } = model.root
  const listed = Object.fromEntries(
    Object.entries(model.states).map(([name, { ownEvents }]) => [name, new Set([...ofRoot, ...ownEvents])]),
  ) as Partial<Record<string, ReadonlySet<string>>>
  /** Whether the chart says anything about such an event in this state; else not even time passes. */
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
    // The scope of @xstate/test is older than the actions that emit.
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

/** The transitions `on` events of the chart, under the names of what stands for them. */
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

/** The rows of the root for what a flight comes to, in the state that runs one: elsewhere none arrives. */
function ofFlights(on: On = {}): On {
  const within = (row: Row) => ({ ...row, ...(row.target && { target: row.target.replace('.', '') }) })
  return Object.fromEntries(
    Object.entries(modelEvents)
      .filter(([, { stands, ofFlight }]) => ofFlight && Object.hasOwn(on, stands))
      .map(([type, { stands }]) => [type, [on[stands] as Row | Row[]].flat().map(within)]),
  )
}

/** As XState does: a state's own rows come first, and those of the root are asked where none of them fits. */
const inFlight = (own: On, root: On): On =>
  Object.fromEntries(
    Object.keys({ ...root, ...own }).map((type) => [type, [own[type] ?? [], root[type] ?? []].flat()]),
  )
