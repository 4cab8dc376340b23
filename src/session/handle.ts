import type { ActorRefFrom, SnapshotFrom } from 'xstate'
import { nextDeadline } from '../../machines/session.deadlines.ts'
import type { sessionMachine } from '../../machines/session.machine.ts'
import { type SessionState, selectSession } from '../../machines/session.select.ts'
import type { ExpiredReason, LoggedOutReason, Position, SessionEvent } from '../../machines/session.types.ts'
import { createAlarm } from './alarm.ts'
import { Disposed, LoggedOut, Misconfigured, RefreshUnavailable, SessionChanged, SessionExpired } from './errors.ts'
import { createFlights, type Owner } from './flight.ts'
import { type LoginAnswer, type LoginOptions, readLogin, readTenant } from './login.ts'
import type { Happening, SessionNotice, SessionSignal } from './notice.ts'
import type { StoredSession } from '../stores/store.ts'
import type { Settings } from './options.ts'
import { createSessionFetch } from './sessionFetch.ts'
import { createTimeline } from './timeline.ts'
import { createVault } from './vault.ts'

export type SessionActorRef = ActorRefFrom<typeof sessionMachine>
type MachineSnapshot = SnapshotFrom<typeof sessionMachine>

/** A session, as an embedder holds it. */
export interface Session {
  /**
   * Starts a session from what the backend answered to a login or an exchange. Replaces the one before.
   * Resolves when it is stored; without a `store` it is active at once.
   * Rejects with `InvalidAnswer` or `Misconfigured`, and then changes nothing.
   */
  login(answer: LoginAnswer, options: LoginOptions): Promise<void>
  /**
   * The platform's `fetch` with a fresh bearer for the allowed origins, and one retry after a 401.
   * Rejects like `getToken` before anything is sent, and with `RedirectBlocked`.
   */
  readonly fetch: typeof globalThis.fetch
  /**
   * A bearer that is good now. Refreshes first if one is due, and waits for that at most `patienceMs`.
   * Rejects with `LoggedOut`, `SessionExpired`, `SessionChanged`, `RefreshUnavailable`, `Misconfigured`,
   * `Disposed`, or the reason of `signal`.
   */
  getToken(options?: { readonly signal?: AbortSignal | null }): Promise<string>
  /**
   * Refreshes now, unless the last refresh was a moment ago. `by: 'user'` ("stay signed in") counts as activity.
   * Resolves when there is a good bearer; rejects like `getToken`.
   */
  refresh(options?: { readonly by?: 'user' | 'force' }): Promise<void>
  /**
   * Ends the session here at once, then at the backend as far as it allows. Resolves after at most one second,
   * never rejects; a backend that cannot be reached is tried again in the background.
   */
  logout(): Promise<void>
  /** Calls `listener` in a microtask after each change. Returns a function that stops that. */
  subscribe(listener: (state: SessionState) => void): () => void
  /** The same object until something changes. */
  getSnapshot(): SessionState
  /** The running actor, for inspection and selectors. Holds no token. */
  readonly actorRef: SessionActorRef
  /** Stops everything. Waiting callers get `Disposed`. A refresh in the air still reaches the store. */
  dispose(): void
}

interface Turn {
  readonly promise: Promise<string>
  readonly epoch: number
  readonly until: number
  resolve(bearer: string): void
  reject(error: unknown): void
}

const LOGOUT_WAIT_MS = 1_000
const STORE_TRIES = 5

/** Binds a running chart to its vault, its flights and its timers. */
export function createHandle(actorRef: SessionActorRef, settings: Settings) {
  const { clock, store, patienceMs } = settings
  const vault = createVault()
  const now = createTimeline(clock)
  const listeners = new Set<(state: SessionState) => void>()
  let status: 'idle' | 'running' | 'failed' | 'disposed' = 'idle'
  let snapshot = actorRef.getSnapshot()
  let state = selectSession(snapshot)
  let told = state
  let notices: SessionNotice[] = []
  let isQueued = false
  let turn: Turn | undefined
  /** Until when, on the wall clock, the bearer is served without a look at anything else. */
  let freshUntil = 0
  let logins = 0
  let stopSignals = () => {}

  const alarm = createAlarm(clock, now, () => {
    send({ type: 'time.checked', at: now() })
    settle()
    arm()
  })
  const flights = createFlights({ settings, vault, now, send, tell })

  function send(event: SessionEvent) {
    if (status === 'running') actorRef.send(event)
  }

  function tell(happening: Happening) {
    notices.push({ ...vault.position(), ...happening } as SessionNotice)
    queue()
  }

  /** Called for every snapshot of the chart, ignored events included. */
  function observe(next: MachineSnapshot) {
    const before = snapshot
    snapshot = next
    if (before.context === next.context && before.value === next.value) return
    const previous = state
    const selected = selectSession(next)
    if (!isSame(previous, selected)) state = selected
    if (state.reason !== null && previous.reason === null) leave()
    note(previous)
    freshUntil = freshness()
    settle()
    arm()
    queue()
  }

  /** The session ended: nothing of it stays, unless a peer may yet bring a newer version. */
  function leave() {
    if (state.reason === 'refreshRejected' || state.reason === 'refreshOutcomeUnknown') vault.empty()
    else flights.close(false)
  }

  function note(previous: SessionState) {
    if (state.epoch === previous.epoch && state.version > previous.version) tell({ type: 'refreshed' })
    if (state.epoch > previous.epoch && previous.user && previous.user.id !== state.user?.id)
      tell({ type: 'changed', what: 'user' })
    if (state.state === previous.state) return
    if (state.state === 'nearingExpiry') tell({ type: 'nearingExpiry' })
    if (state.state === 'expired') tell({ type: 'expired', reason: state.reason as ExpiredReason })
    if (state.state === 'loggedOut') tell({ type: 'loggedOut', reason: state.reason as LoggedOutReason })
  }

  function freshness(): number {
    const c = snapshot.context
    if (snapshot.value !== 'active' || c.bearer !== 'good') return 0
    return clock.wall() + Math.min(c.leadAt, c.idleEndsAt, c.absoluteEndsAt) - now()
  }

  function arm() {
    const deadline = status === 'running' ? nextDeadline(snapshot.value, snapshot.context) : Infinity
    alarm.arm(Math.min(deadline, turn?.until ?? Infinity))
  }

  function queue() {
    if (isQueued) return
    isQueued = true
    queueMicrotask(() => {
      isQueued = false
      const due = notices
      notices = []
      for (const notice of due) isolate(settings.observe, notice)
      if (told === state) return
      told = state
      for (const listener of [...listeners]) if (listeners.has(listener)) isolate(listener, state)
    })
  }

  /** A listener that throws or rejects is its own problem. */
  async function isolate<T>(listener: ((value: T) => unknown) | undefined, value: T) {
    try {
      await listener?.(value)
    } catch (error) {
      settings.onListenerError(error)
    }
  }

  /** Why there is no bearer, and will be none without a login. */
  function ending(): Error | undefined {
    if (status === 'disposed') return new Disposed()
    if (state.isPending || state.reason === null) return undefined
    return state.state === 'expired'
      ? new SessionExpired(state.reason as ExpiredReason)
      : new LoggedOut(state.reason as LoggedOutReason)
  }

  const unavailable = () =>
    snapshot.context.misconfigured
      ? new Misconfigured('The backend does not accept this client: check the strategy of the provider.')
      : new RefreshUnavailable(state.retryAt)

  function usable(): string | undefined {
    const c = snapshot.context
    return c.bearer === 'good' && now() < c.endsAt ? vault.tokens().bearer : undefined
  }

  /** Whether the state may bring a bearer before `until`. */
  function isPromising(until: number): boolean {
    return (
      now() < until &&
      (state.isPending || snapshot.value === 'refreshing' || nextDeadline(snapshot.value, snapshot.context) <= until)
    )
  }

  /** Ends the turn if there is an answer for those who wait. */
  function settle() {
    if (!turn) return
    const { epoch, until, resolve, reject } = turn
    const isLive = status === 'running' && (state.isPending || state.reason === null) && isOf(epoch)
    const bearer = usable()
    if (isLive && isPromising(until) && (snapshot.value === 'refreshing' || bearer === undefined)) return
    turn = undefined
    try {
      resolve(take(epoch))
    } catch (error) {
      reject(error)
    }
  }

  /** Epoch 0: the caller came before it was known whether there is a session. */
  const isOf = (epoch: number) => epoch === 0 || epoch === state.epoch

  /** The bearer for a caller who came in `epoch`, or the error that says why there is none. */
  function take(epoch: number): string {
    const end = ending()
    if (end && (isOf(epoch) || state.state !== 'active')) throw end
    if (!isOf(epoch)) throw new SessionChanged()
    const bearer = usable()
    if (bearer === undefined) throw unavailable()
    return bearer
  }

  /** Everyone who waits shares one promise and one timer. */
  function wait(): Promise<string> {
    if (!turn) {
      let settlers = {} as Pick<Turn, 'resolve' | 'reject'>
      const promise = new Promise<string>((resolve, reject) => {
        settlers = { resolve, reject }
      })
      promise.catch(() => {})
      turn = { promise, ...settlers, epoch: state.epoch, until: now() + patienceMs }
      arm()
    }
    return turn.promise
  }

  const fresh = () => (clock.wall() < freshUntil ? vault.tokens().bearer : undefined)

  /** A bearer, after a refresh if one is due. */
  function acquire(): Promise<string> {
    // A turn in progress has checked and asked already.
    if (turn && (usable() === undefined || now() >= snapshot.context.leadAt)) return turn.promise
    send({ type: 'time.checked', at: now() })
    send({ type: 'refresh.asked', by: 'caller', at: now() })
    const bearer = usable()
    const isDue = bearer === undefined || now() >= snapshot.context.leadAt
    if (!ending() && isDue) {
      const until = now() + patienceMs
      if (snapshot.value === 'refreshing' || (bearer === undefined && isPromising(until))) return wait()
    }
    return attempt(() => take(state.epoch))
  }

  async function replace(used: Position, bearer: string, signal: AbortSignal | null | undefined) {
    const isSameEpoch = () => state.reason === null && vault.position().epoch === used.epoch
    const newer = () => {
      const token = isSameEpoch() ? usable() : undefined
      return token === bearer ? undefined : token
    }
    if (!isSameEpoch() || newer() !== undefined) return newer()
    send({ type: 'bearer.rejected', ...used, at: now() })
    if (!isSameEpoch() || snapshot.context.bearer === 'good') return undefined
    if (isPromising(now() + patienceMs))
      await orAborted(wait(), signal).catch((error) => {
        if (signal?.aborted) throw error
      })
    return newer()
  }

  async function login(answer: LoginAnswer, options: LoginOptions): Promise<void> {
    if (status === 'disposed') throw new Disposed()
    const { bearer, refreshToken, user, expiresAt } = readLogin(answer)
    const { provider, sessionId } = options
    if (!Object.hasOwn(settings.strategies, provider))
      throw new Misconfigured(`There is no strategy for the provider; known: ${Object.keys(settings.strategies).join(', ')}.`)
    const tenantId = readTenant(options.tenantId)
    const owner: Owner = {
      provider,
      user,
      startedAt: clock.wall(),
      ...(tenantId !== undefined && { tenantId }),
      ...(sessionId !== undefined && { sessionId }),
    }
    const tokens = { bearer, ...(refreshToken !== undefined && { refreshToken }) }
    const lifeMs = flights.life(bearer, { expiresAt }, false)
    const mine = ++logins
    let epoch = state.epoch + 1
    if (store) {
      epoch = await replaceStored((stored) => {
        const at = { epoch: Math.max(state.epoch, stored?.epoch ?? 0) + 1, version: 1 }
        return mine === logins ? flights.toRecord(at, owner, tokens, lifeMs) : undefined
      })
      if (mine !== logins) throw new SessionChanged()
    }
    flights.close(false)
    flights.open({ epoch: epoch || state.epoch + 1, version: 1 }, owner, tokens, lifeMs)
  }

  /** Writes what `next` makes of the stored session. Answers the epoch written, 0 for none. */
  async function replaceStored(next: (stored: StoredSession | null) => StoredSession | undefined): Promise<number> {
    try {
      for (let tries = 0; store && tries < STORE_TRIES; tries++) {
        const stored = await store.read()
        const record = next(stored)
        if (!record) return 0
        if (await store.compareAndSet(stored, record)) return record.epoch
      }
    } catch {
      // Told below: the session lives in memory.
    }
    tell({ type: 'warning', code: 'persistFailed' })
    return 0
  }

  async function logout(): Promise<void> {
    logins++
    const at = vault.position()
    const closed = flights.close(true)
    send({ type: 'session.ended', reason: 'user', at: now() })
    if (!closed) return
    const ended = Promise.all([
      store && replaceStored((stored) => (stored && stored.epoch > at.epoch ? undefined : { v: 1, ...at, ended: true })),
      flights.revoke(closed.owner, closed.tokens, 'logout'),
    ])
    await new Promise<void>((resolve) => {
      const disarm = clock.setTimer(resolve, LOGOUT_WAIT_MS, 'foreground')
      ended.finally(() => {
        disarm()
        resolve()
      })
    })
  }

  async function refresh({ by = 'force' }: { readonly by?: 'user' | 'force' } = {}): Promise<void> {
    send({ type: 'time.checked', at: now() })
    send({ type: 'refresh.asked', by, at: now() })
    if (snapshot.value === 'refreshing') await wait()
    else take(state.epoch)
  }

  /** Looks for a session in the store; the chart is pending until then. */
  async function restore() {
    const before = logins
    const stored = await store?.read().catch(() => {
      tell({ type: 'warning', code: 'persistFailed' })
      return null
    })
    if (before !== logins || status !== 'running') return
    if (stored && !('ended' in stored) && Object.hasOwn(settings.strategies, stored.provider)) flights.openStored(stored)
    else send({ type: 'session.ended', reason: 'never', at: now() })
  }

  function onSignal(signal: SessionSignal) {
    const at = now()
    send({ type: 'time.checked', at })
    if (signal === 'networkRestored') send({ type: 'network.restored', at })
    if (signal === 'userActive' || signal === 'userIdle')
      send({ type: 'user.changed', idle: signal === 'userIdle', at })
  }

  /** The chart failed: it answers nothing any more, so the session is over. */
  function fail() {
    status = 'failed'
    state = { ...state, state: 'expired', reason: 'internal', isAuthenticated: false, isUsable: false, isPending: false }
    tell({ type: 'expired', reason: 'internal' })
    cease()
  }

  function cease() {
    freshUntil = 0
    if (!store || status === 'failed') flights.close(false)
    settle()
    arm()
    stopSignals()
  }

  const session: Session = {
    login,
    fetch: createSessionFetch({
      baseUrl: settings.baseUrl,
      origin: settings.origin,
      origins: settings.origins,
      fetch: settings.fetch ?? globalThis.fetch.bind(globalThis),
      position: vault.position,
      fresh,
      wait: (signal) => orAborted(acquire(), signal),
      take,
      replace,
      rejectedAgain: () => tell({ type: 'warning', code: 'rejectedAfterRefresh' }),
    }),
    getToken(options) {
      const bearer = fresh()
      return bearer === undefined ? orAborted(acquire(), options?.signal) : Promise.resolve(bearer)
    },
    refresh,
    logout,
    subscribe(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    getSnapshot: () => state,
    actorRef,
    dispose: () => actorRef.stop(),
  }

  return {
    session,
    /** The chart runs: timers, signals and the look into the store begin. */
    start() {
      status = 'running'
      actorRef.subscribe({ next: observe, error: fail })
      stopSignals = settings.signals?.(onSignal) ?? stopSignals
      if (store) void restore()
    },
    stop() {
      if (status !== 'failed') status = 'disposed'
      cease()
      listeners.clear()
    },
    refresh: (at: Position) => flights.start(at, actorRef.getSnapshot().context.doubt !== null),
    reread: () => void flights.reread(vault.position()),
  }
}

/** The caller's own signal ends the caller's own wait, and nothing else. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** A throw as a rejection. */
async function attempt<T>(run: () => T): Promise<T> {
  return run()
}

function isSame(a: SessionState, b: SessionState): boolean {
  const keys = Object.keys(a) as (keyof SessionState)[]
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
