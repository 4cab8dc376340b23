import { createActor } from 'xstate'
import { sessionMachine } from '../../machines/session.machine.ts'
import type { SessionState } from '../../machines/session.select.ts'
import type { SessionEvent } from '../../machines/session.types.ts'
import { systemClock } from '../session/clock.ts'
import { createSessionLogic, sessionOf } from '../session/createSessionLogic.ts'
import type { LoginAnswer } from '../session/login.ts'
import type { SessionSignal } from '../session/notice.ts'
import type { Session } from '../session/session.ts'
import { openidStrategy } from '../strategies/openid.ts'
import { MODEL_START, type SessionModelOptions } from './createSessionModel.ts'
import { drivenStore } from './drivenStore.ts'
import { heldRequests } from './heldRequests.ts'
import type { ModelDriver, ModelPlace } from './modelDriver.ts'
import { instantOf, type ModelEventType, modelEvents } from './modelEvents.ts'
import type { ModelStep } from './modelGraph.ts'
import { transitionName } from './modelTransitions.ts'
import { openidAnswers, type RefreshFailure } from './openidAnswers.ts'
import { type VirtualClock, virtualClock } from './virtualClock.ts'

/**
 * A backend with LibreChat's OpenID route, in the hands of a driver: `drivenMockBackend` of `xstate-session/msw`, or one
 * of yours.
 */
export interface DrivenBackend {
  /** Absolute. */
  readonly baseUrl: string
  /** Any route of the API that wants a bearer. */
  readonly apiPath: string
  /** The backend's clock, from now on, and a clean slate. */
  start(clock: VirtualClock): void | Promise<void>
  /** What it answers to a login. */
  login(): LoginAnswer | Promise<LoginAnswer>
  /** How long the bearers live that it issues from now on; milliseconds. */
  setBearerLife(ms: number): void
  /** The next refresh is not processed, and fails so. */
  failRefresh(failure: RefreshFailure): void | Promise<void>
  /** The bearers that were issued so far are answered with 401. */
  expireBearers(): void
}

/** The backend that answers, the UI under test where there is one, and what neither can do. */
export interface SessionDriverOptions {
  /** What answers the session. It is started anew for each path. */
  readonly backend: DrivenBackend
  /** Shows the session in the UI under test. Answers what takes it down again. */
  readonly mount?: (session: Session) => (() => void | Promise<void>) | void
  /** Throws where the UI under test does not show `step.to`. Asked after each step, once the session is there. */
  readonly shows?: (step: ModelStep) => void | PromiseLike<void>
  /** What your UI or your backend cannot do, and why. */
  readonly unreachable?: ModelDriver['unreachable']
  /**
   * How long the session may take to come to where the model is, in real time; milliseconds.
   * @default 5_000
   */
  readonly patienceMs?: number
}

const PROVIDER = 'driven'
const LONGEST_MS = 2 ** 31 - 1
const LIFE_MS = 600_000

const unreachable: Partial<Record<ModelPlace, string>> = {
  'refresh.succeededLast': 'The OpenID route cannot say it: without a new refresh token the old one stays.',
  'refresh.uselessLast': 'The OpenID route cannot say it: without a new refresh token the old one stays.',
  'refresh.misconfigured': 'Takes a TLS failure, which an answer cannot be.',
  'active: caller.asked': 'A call in `active` is served without asking the chart.',
  'expired: peer.loggedOut': 'A session that has expired does not look whether a peer logs out.',
  'expired: provider.loggedOut': 'A session that has expired does not look whether a peer logs out.',
  'retrying: refresh.asked [isAskedAndDue] -> refreshing':
    'A session looks at the clock before it asks, and that starts the refresh.',
}

/**
 * A driver for a session of `createSession` on a virtual clock, over the backend that you give. It checks after each step
 * that the session is where the model is, and that its chart took the row that the model took; `shows` then checks your
 * UI. For models that are `shared` and start `pending`.
 */
export function sessionDriver(options: SessionDriverOptions): ModelDriver {
  const { backend, mount, shows, patienceMs = 5_000 } = options
  const until = (isThere: () => boolean, what: () => string) => waitUntil(isThere, what, patienceMs)
  let world: World | undefined
  let unmount: () => void | Promise<void> = () => {}
  const now = () => {
    if (!world) throw new Error('The driver was not started.')
    return world
  }

  const event = async (type: ModelEventType, step: ModelStep) => {
    const { session, clock, signal, store, held, taken } = now()
    taken.length = 0
    const answer = openidAnswers[type as keyof typeof openidAnswers]
    if (answer || type === 'refresh.succeeded' || type === 'refresh.shortLived') {
      backend.setBearerLife(type === 'refresh.shortLived' ? 1_000 : LIFE_MS)
      await until(
        () => held.has('refresh'),
        () => 'a refresh to answer',
      )
      if (answer) await backend.failRefresh(answer())
      return held.release('refresh')
    }
    if (type.startsWith('time.') && type !== 'time.woke') {
      const at = instantOf(type, { ...session.actorRef.getSnapshot().context, now: clock.wall() })
      if (at === undefined) throw new Error(`The session knows no instant for ${type}.`)
      clock.sleepUntil(at)
      if (!clock.fire()) signal('woke')
      return
    }
    switch (type) {
      case 'login.completed':
      case 'login.withoutRefresh': {
        backend.setBearerLife(LIFE_MS)
        const { refreshToken, ...rest } = await backend.login()
        const login = type === 'login.completed' ? { ...rest, refreshToken } : rest
        return session.login(login as LoginAnswer, { provider: PROVIDER })
      }
      case 'session.absent':
        return store.open()
      case 'user.loggedOut':
        store.open()
        return session.logout()
      case 'peer.loggedOut':
      case 'provider.loggedOut':
        store.open()
        store.end(type === 'provider.loggedOut' ? 'backChannel' : 'user')
        return signal('woke')
      case 'peer.renewed':
      case 'peer.renewedUselessly':
      case 'peer.renewedUselessLast':
        store.renew(type === 'peer.renewed' ? LIFE_MS : 0, clock.wall(), type === 'peer.renewedUselessLast')
        return signal('woke')
      case 'bearer.rejectedByApi':
        await until(
          () => held.has('api'),
          () => 'a call of the API in the air',
        )
        backend.expireBearers()
        return held.release('api')
      case 'caller.asked':
        return void session.getToken().catch(() => {})
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
        throw new Error(`No way to ${type} from ${step.from.state}.`)
    }
  }

  const check = async (step: ModelStep) => {
    const { session, taken, probe } = now()
    const expected = told(step.to)
    await until(
      () => told(session.getSnapshot()) === expected,
      () => `${expected}; it is ${told(session.getSnapshot())}`,
    )
    if (step.event !== 'start' && step.transition && !taken.includes(step.transition))
      throw new Error(`The chart took ${taken.join(', ') || 'nothing'}, not ${step.transition}.`)
    probe()
    await shows?.(step)
  }

  const names = Object.keys(modelEvents) as ModelEventType[]
  return {
    async start(model) {
      world = await begin(backend, model)
      unmount = mount?.(world.session) ?? (() => {})
    },
    async stop() {
      await unmount()
      world?.session.dispose()
      world?.held.drop()
      world = undefined
    },
    events: Object.fromEntries(names.map((type) => [type, (step: ModelStep) => event(type, step)])),
    states: Object.fromEntries(Object.keys(sessionMachine.states).map((name) => [name, check])),
    unreachable: { ...unreachable, ...options.unreachable },
  }
}

type World = Awaited<ReturnType<typeof begin>>

/** A session of its own, with everything around it in the hands of the driver. */
async function begin(backend: DrivenBackend, options: SessionModelOptions) {
  const { policy, idleTimeoutMs, absoluteLifetimeMs, resend, shared, start } = options
  if (!shared || start !== 'pending') throw new Error("The driver needs { shared: true, start: 'pending' }.")
  const clock = virtualClock(MODEL_START)
  await backend.start(clock)
  const store = drivenStore()
  const seen = new Set<string>()
  const held = heldRequests(({ pathname, search }) => {
    if (pathname !== backend.apiPath) return 'refresh'
    // A second send is the one retry after a 401.
    if (seen.has(search)) return undefined
    seen.add(search)
    return 'api'
  })
  const logic = createSessionLogic({
    baseUrl: backend.baseUrl,
    strategies: { [PROVIDER]: openidStrategy(resend && { resend }) },
    store,
    clock,
    fetch: held.fetch,
    random: () => 0,
    attemptTimeoutMs: LONGEST_MS,
    patienceMs: LONGEST_MS,
    signals: (report) => {
      signal = report
      return () => {}
    },
    ...(policy && { refresh: policy }),
    ...(idleTimeoutMs && { idleTimeoutMs }),
    ...(absoluteLifetimeMs && { absoluteLifetimeMs }),
  })
  let signal: (signal: SessionSignal) => void = () => {}
  const taken: string[] = []
  const actor = createActor(logic, {
    inspect(inspection) {
      if (inspection.type !== '@xstate.event' || inspection.actorRef !== actor) return
      const before = actor.getSnapshot()
      const told = inspection.event as SessionEvent
      const row = logic.getTransitionData(before, told)[0]
      if (row) taken.push(transitionName(before.value, told.type, row))
    },
  })
  const session = sessionOf(actor.start())
  let probes = 0
  let probed = ''
  return {
    session,
    clock,
    store,
    held,
    taken,
    signal: (what: SessionSignal) => signal(what),
    /** Keeps a call of the API in the air that carries the current bearer. */
    probe() {
      const { state, isUsable, epoch, version } = session.getSnapshot()
      const position = `${epoch}.${version}`
      if (position === probed || !isUsable || state === 'refreshing' || state === 'nearingExpiry') return
      held.drop('api')
      probed = position
      probes += 1
      session.fetch(`${backend.apiPath}?probe=${probes}`).catch(() => {})
    },
  }
}

const told = ({ state, reason, isUsable, isPending, epoch, version }: SessionState) =>
  `${isPending ? 'pending' : state}${reason === null ? '' : ` (${reason})`}, ${isUsable ? 'usable' : 'no bearer'}, ${epoch}.${version}`

/** Waits, in real time, for what others bring about. */
async function waitUntil(isThere: () => boolean, what: () => string, patienceMs: number): Promise<void> {
  const deadline = systemClock.monotonic() + patienceMs
  while (!isThere()) {
    if (systemClock.monotonic() > deadline) throw new Error(`Expected ${what()}.`)
    await new Promise<void>((resolve) => {
      systemClock.setTimer(resolve, 0, 'foreground')
    })
  }
}
