import { type AnyActorRef, createActor } from 'xstate'
import type { SessionEvent } from '../../machines/session.events.ts'
import { sessionMachine } from '../../machines/session.machine.ts'
import type { SessionState } from '../../machines/session.select.ts'
import type { RefreshPolicy, SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { LONGEST_TIMER_MS } from '../base/durations.ts'
import type { SessionSignal } from '../session/notice.ts'
import type { BaseSession, Session } from '../session/session.ts'
import { type SessionModelOptions, settingsOf } from './createSessionModel.ts'
import type { HeldRequests } from './heldRequests.ts'
import type { ModelDriver } from './modelDriver.ts'
import { instantOf, type ModelEventType, modelEvents } from './modelEvents.ts'
import type { ModelStep } from './modelStep.ts'
import { transitionName } from './modelTransitions.ts'
import type { VirtualClock } from './virtualClock.ts'

/** The UI under test, if there is one, and its limits. */
export interface DrivenUiOptions<Driven extends BaseSession<UserIdentity> = Session> {
  /** Shows the session in the UI under test. Returns the function that takes it down again. */
  readonly mount?: (session: Driven) => Unmount | Promise<Unmount>
  /**
   * Throws if the UI under test does not show `step.to`. The `user` of `step.to` is the one whom the backend logged in.
   * Called after each step, as soon as the session has the state of the model.
   */
  readonly shows?: (step: ModelStep) => void | PromiseLike<void>
  /** The events and states that your UI or your backend cannot reach, and why. */
  readonly unreachable?: ModelDriver['unreachable']
  /**
   * How long the session may take to reach the state of the model; milliseconds of real time. Choose less than the time
   * limit of your test runner, because the runner's error does not name the step.
   * @default 2_000
   */
  readonly patienceMs?: number
}

/** Takes a UI down. It may be absent. */
export type Unmount = (() => void | Promise<void>) | void

/** The options of every driven session. */
export interface DrivenSettings {
  readonly clock: Clock
  readonly fetch: typeof globalThis.fetch
  readonly random: () => number
  readonly attemptTimeoutMs: number
  readonly patienceMs: number
  readonly leadTimeMs: number
  readonly signals: (report: (signal: SessionSignal) => void) => () => void
  readonly refresh?: RefreshPolicy
  readonly idleTimeoutMs?: number
  readonly absoluteLifetimeMs?: number
}

/** The parts of a driven session. */
export interface DrivenParts<Driven extends BaseSession<UserIdentity>> {
  readonly logicOf: (settings: DrivenSettings) => typeof sessionMachine
  readonly sessionOf: (ref: AnyActorRef) => Driven
  readonly clock: VirtualClock
  /** The requests of the session. */
  readonly held: HeldRequests
  readonly fetch: typeof globalThis.fetch
  readonly apiPath: string
  /** The user whom the backend logged in last. */
  user(): SessionUser | undefined
  /** The number of logins that an epoch of this session stands for. @default the epoch */
  readonly loginsOf?: (epoch: number) => number
  /** Causes the events that `driverOfSession` does not cause. */
  bringAbout(type: ModelEventType, world: DrivenWorld<Driven>): unknown
}

/** A session and its surroundings. */
export interface DrivenWorld<Driven extends BaseSession<UserIdentity>> {
  readonly session: Driven
  signal(what: SessionSignal): void
  /** Waits in real time until `isThere` returns `true`. `what` names it in the error. */
  until(isThere: () => boolean, what: () => string): Promise<void>
}

type Running<Driven extends BaseSession<UserIdentity>> = ReturnType<typeof run<Driven>> & DrivenParts<Driven>

/** The most answers of the API that a path needs for one bearer. */
const PROBES = 8

/**
 * The common part of the drivers. It runs a session on a virtual clock. After each step it checks that the session has
 * the state of the model, and that its chart took the same row as the model.
 */
export function driverOfSession<Driven extends BaseSession<UserIdentity>>(
  begin: (model: SessionModelOptions) => Promise<DrivenParts<Driven>>,
  { mount, shows, unreachable, patienceMs = 2_000 }: DrivenUiOptions<Driven>,
): ModelDriver {
  const until = (isThere: () => boolean, what: () => string) => waitUntil(isThere, what, patienceMs)
  let running: Running<Driven> | undefined
  let unmount: Unmount
  const now = () => {
    if (!running) throw new Error('The driver was not started.')
    return running
  }

  async function event(type: ModelEventType) {
    const { session, clock, signal, taken, heard, bringAbout } = now()
    taken.length = 0
    heard.length = 0
    if (type.startsWith('time.') && type !== 'time.woke') {
      const at = instantOf(type, { ...session.actorRef.getSnapshot().context, now: clock.wall() })
      if (at === undefined) throw new Error(`The session knows no instant for ${type}.`)
      clock.sleepUntil(at)
      clock.fire()
      // The timer that fired may not be the chart's.
      if (!heard.includes('time.checked')) signal('woke')
      return
    }
    switch (type) {
      case 'caller.forced':
        return void session.refresh().catch(() => {})
      case 'user.stayed':
        return void session.refresh({ by: 'user' }).catch(() => {})
      case 'network.restored':
        return signal('networkRestored')
      case 'user.wentIdle':
        return signal('userIdle')
      case 'user.cameBack':
        return signal('userActive')
      case 'time.woke':
        return signal('woke')
      default:
        await bringAbout(type, { session, signal, until })
    }
  }

  async function check(step: ModelStep) {
    const { session, taken, probe, loginsOf, user } = now()
    const expected = told(step.to)
    const found = () => told(session.getSnapshot(), loginsOf)
    const row = step.event === 'start' ? undefined : step.transition
    // A row without a visible change may come a moment later.
    await until(
      () => found() === expected && (!row || taken.includes(row)),
      () =>
        found() === expected
          ? `${row}; the chart took ${taken.join(', ') || 'nothing'}`
          : `${expected}; it is ${found()}`,
    )
    probe()
    await shows?.(step.to.user ? { ...step, to: { ...step.to, user: user() ?? step.to.user } } : step)
  }

  const names = Object.keys(modelEvents) as ModelEventType[]
  return {
    async start(model) {
      const parts = await begin(model)
      running = { ...parts, ...run(parts, model) }
      unmount = await mount?.(running.session)
    },
    async stop() {
      const { session, held } = running ?? {}
      running = undefined
      try {
        await unmount?.()
      } finally {
        unmount = undefined
        session?.dispose()
        held?.drop()
      }
    },
    events: Object.fromEntries(names.map((type) => [type, () => event(type)])),
    states: Object.fromEntries(Object.keys(sessionMachine.states).map((name) => [name, check])),
    ...(unreachable && { unreachable }),
  }
}

function run<Driven extends BaseSession<UserIdentity>>(
  { logicOf, sessionOf, clock, held, fetch, apiPath }: DrivenParts<Driven>,
  model: SessionModelOptions,
) {
  const { policy, idleTimeoutMs, absoluteLifetimeMs } = model
  const logic = logicOf({
    clock,
    async fetch(input, init) {
      const answer = await fetch(input, init)
      // The call ends at its 401. If it waited for another bearer, it would ask for one, which is another event.
      if (answer.status === 401) calls.get(new URL(new Request(input).url).search)?.abort()
      return answer
    },
    random: () => 0,
    attemptTimeoutMs: LONGEST_TIMER_MS,
    // A caller that still waits at the next event of the path would ask for a refresh, which is no event of the path.
    patienceMs: 1,
    leadTimeMs: settingsOf(model).leadTimeMs,
    signals: (report) => {
      signal = report
      return () => {}
    },
    ...(policy && { refresh: policy }),
    ...(idleTimeoutMs && { idleTimeoutMs }),
    ...(absoluteLifetimeMs && { absoluteLifetimeMs }),
  })
  const calls = new Map<string, AbortController>()
  let signal: (signal: SessionSignal) => unknown = () => {}
  const taken: string[] = []
  const heard: string[] = []
  const actor = createActor(logic, {
    inspect(inspection) {
      if (inspection.type !== '@xstate.event' || inspection.actorRef !== actor) return
      const before = actor.getSnapshot()
      const event = inspection.event as SessionEvent
      const row = logic.getTransitionData(before, event)[0]
      heard.push(event.type)
      if (row) taken.push(transitionName(before.value, event.type, row))
    },
  })
  let isFlying = false
  actor.subscribe(({ value }) => {
    // The next flight must not get the answer to a request of the flight before it.
    if (isFlying && value !== 'refreshing') held.retire('refresh')
    isFlying = value === 'refreshing'
  })
  const session = sessionOf(actor.start())
  let probes = 0
  let probed = ''
  return {
    session,
    /** The events of the chart since the last event of the path, and the rows that it took. */
    heard,
    taken,
    /** Tells the session a signal. Its promise may wait for the session's clock, so nobody waits for the promise. */
    signal(what: SessionSignal) {
      void signal(what)
    },
    /** Holds calls of the API with the current bearer, for the time in which no new call could leave. */
    probe() {
      const { state, isUsable, epoch, version } = session.getSnapshot()
      const position = `${epoch}.${version}`
      if (
        (position === probed && held.has('api')) ||
        !isUsable ||
        state === 'refreshing' ||
        state === 'nearingExpiry'
      )
        return
      held.drop('api')
      probed = position
      for (let count = 0; count < PROBES; count++) {
        probes += 1
        const call = new AbortController()
        calls.set(`?probe=${probes}`, call)
        session.fetch(`${apiPath}?probe=${probes}`, { signal: call.signal }).catch(() => {})
      }
    },
  }
}

const told = (
  { state, reason, isUsable, isPending, epoch, version }: SessionState<UserIdentity>,
  loginsOf = (of: number) => of,
) =>
  `${isPending ? 'pending' : state}${reason === null ? '' : ` (${reason})`}, ${isUsable ? 'usable' : 'no bearer'}, ${loginsOf(epoch)}.${version}`

async function waitUntil(isThere: () => boolean, what: () => string, patienceMs: number): Promise<void> {
  const deadline = systemClock.monotonic() + patienceMs
  while (!isThere()) {
    if (systemClock.monotonic() > deadline) throw new Error(`Expected ${what()}.`)
    await new Promise<void>((resolve) => {
      systemClock.setTimer(resolve, 0, 'foreground')
    })
  }
}
