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

/** The UI under test where there is one, and what it cannot do. */
export interface DrivenUiOptions<Driven extends BaseSession<UserIdentity> = Session> {
  /** Shows the session in the UI under test. Answers what takes it down again. */
  readonly mount?: (session: Driven) => Unmount | Promise<Unmount>
  /**
   * Throws where the UI under test does not show `step.to`, whose `user` is the one that the backend logged in. Asked after
   * each step, once the session is there.
   */
  readonly shows?: (step: ModelStep) => void | PromiseLike<void>
  /** What your UI or your backend cannot do, and why. */
  readonly unreachable?: ModelDriver['unreachable']
  /**
   * How long the session may take to come to where the model is, in real time; milliseconds. Less than the limit of your
   * test runner, which knows nothing of the path.
   * @default 2_000
   */
  readonly patienceMs?: number
}

/** What takes a UI down, where anything has to. */
export type Unmount = (() => void | Promise<void>) | void

/** What every driven session is given. */
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

/** What a driven session is made of. */
export interface DrivenParts<Driven extends BaseSession<UserIdentity>> {
  readonly logicOf: (settings: DrivenSettings) => typeof sessionMachine
  readonly sessionOf: (ref: AnyActorRef) => Driven
  readonly clock: VirtualClock
  /** What the session sends. */
  readonly held: HeldRequests
  readonly fetch: typeof globalThis.fetch
  readonly apiPath: string
  /** Whom the backend logged in last. */
  user(): SessionUser | undefined
  /** How many logins an epoch of this session stands for. @default itself */
  readonly loginsOf?: (epoch: number) => number
  /** Brings about what `driverOfSession` does not. */
  bringAbout(type: ModelEventType, world: DrivenWorld<Driven>): unknown
}

/** A session, and what surrounds it. */
export interface DrivenWorld<Driven extends BaseSession<UserIdentity>> {
  readonly session: Driven
  signal(what: SessionSignal): void
  /** Waits, in real time, for what others bring about. */
  until(isThere: () => boolean, what: () => string): Promise<void>
}

type Running<Driven extends BaseSession<UserIdentity>> = ReturnType<typeof run<Driven>> & DrivenParts<Driven>

/** How many answers of the API a path may need before another call could carry the same bearer. */
const PROBES = 8

/**
 * What the drivers have in common: a session on a virtual clock, and after each step the check that it is where the
 * model is, and that its chart took the row that the model took.
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
      // Another timer than that of the chart may have been due.
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
    // A row that changes nothing to be seen may be on its way.
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
      // Who has the 401 leaves: a call that waits for another bearer asks for it, which is an event of its own.
      if (answer.status === 401) calls.get(new URL(new Request(input).url).search)?.abort()
      return answer
    },
    random: () => 0,
    attemptTimeoutMs: LONGEST_TIMER_MS,
    // Nobody waits from one event of a path to the next, and asks then for what is no event of the path.
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
    // What a flight has sent that was left behind is not the next one's.
    if (isFlying && value !== 'refreshing') held.retire('refresh')
    isFlying = value === 'refreshing'
  })
  const session = sessionOf(actor.start())
  let probes = 0
  let probed = ''
  return {
    session,
    /** What the chart was told since the last event of the path, and the rows that it took. */
    heard,
    taken,
    /** What a session does about a signal may wait for its clock, which no path is to wait for. */
    signal(what: SessionSignal) {
      void signal(what)
    },
    /** Keeps calls of the API in the air that carry the current bearer, for as long as no new one could leave. */
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
