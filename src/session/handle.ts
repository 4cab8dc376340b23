import type { SnapshotFrom } from 'xstate'
import { nextDeadline } from '../../machines/session.deadlines.ts'
import type { sessionMachine } from '../../machines/session.machine.ts'
import { type SessionState, selectSession } from '../../machines/session.select.ts'
import type { ExpiredReason, LoggedOutReason, Position, SessionEvent } from '../../machines/session.types.ts'
import type { SessionStore } from '../stores/store.ts'
import type { BffFacts } from '../wire/facts.ts'
import { createAlarm } from './alarm.ts'
import { boundStore } from './boundStore.ts'
import {
  Disposed,
  LoggedOut,
  Misconfigured,
  RefreshUnavailable,
  SessionChanged,
  SessionExpired,
} from './errors.ts'
import { createFlights } from './flight.ts'
import { type LoginAnswer, type LoginOptions, readLogin } from './login.ts'
import type { Happening, SessionSignal } from './notice.ts'
import { createNotifier } from './notifier.ts'
import type { Settings } from './options.ts'
import { orAborted } from './orAborted.ts'
import { fromRecord, isTombstone, toRecord, toTombstone } from './records.ts'
import { replaceStored } from './replaceStored.ts'
import type { Session, SessionActorRef } from './session.ts'
import { type BearerSource, createSessionFetch } from './sessionFetch.ts'
import { createTimeline } from './timeline.ts'
import { createTurn } from './turn.ts'
import { createVault } from './vault.ts'

type MachineSnapshot = SnapshotFrom<typeof sessionMachine>

const LOGOUT_WAIT_MS = 1_000
/** How long after a sign of the user the user counts as at work. */
const ACTIVE_MS = 60_000
/** The state of what is no session any more. */
const OVER = {}

/** Binds a running chart to its vault, its flights and its timers. */
export function createHandle(actorRef: SessionActorRef, settings: Settings) {
  const { clock, patienceMs } = settings
  const store = settings.store && boundStore(settings.store, clock)
  const vault = createVault()
  const now = createTimeline(clock)
  let status: 'running' | 'failed' | 'disposed' | undefined
  let snapshot = actorRef.getSnapshot()
  let state = selectSession(snapshot)
  /** Until when, on both clocks, the bearer is served without a look at anything else. */
  let freshUntil = freshness()
  let logins = 0
  /** The last sign of the user, on the session's timeline. */
  let seenAt = -Infinity
  let stopSignals = () => {}
  let restoring: Promise<void> | undefined

  const turn = createTurn(now, patienceMs)
  const notifier = createNotifier(settings, () => state)
  const alarm = createAlarm(clock, now, () => {
    send({ type: 'time.checked', at: now() })
    settle()
    arm()
  })
  const tell = (happening: Happening) => notifier.tell({ ...vault.position(), ...happening })
  const isUserActive = () => now() - seenAt < ACTIVE_MS
  const flights = createFlights({ settings, store, vault, now, isUserActive, send, tell })

  function send(event: SessionEvent) {
    if (status === 'running') actorRef.send(event)
  }

  /** Called for every snapshot of the chart, ignored events included. */
  function observe(next: MachineSnapshot) {
    const before = snapshot
    snapshot = next
    if (next === before) return
    const previous = state
    const selected = selectSession(next)
    if (!isSame(previous, selected)) state = selected
    if (state.reason !== null && previous.reason === null) leave()
    note(previous)
    freshUntil = freshness()
    settle()
    arm()
    notifier.changed()
  }

  /** A parent machine hears of a change before the handle does, and may call at once. */
  function catchUp() {
    if (status === 'running') observe(actorRef.getSnapshot())
  }

  /** The session ended: nothing of it stays, unless a peer may yet bring a newer version. */
  function leave() {
    if (state.reason === 'refreshRejected' || state.reason === 'refreshOutcomeUnknown') {
      vault.empty()
      return
    }
    flights.close(false)
    const at = vault.position()
    // At exactly this version: what a peer has renewed meanwhile lives on.
    if (state.state === 'expired')
      store?.compareAndSet(at, toTombstone(at, state.reason ?? undefined)).catch(unstored)
  }

  function note(previous: SessionState) {
    if (state.epoch === previous.epoch && state.version > previous.version) tell({ type: 'refreshed' })
    if (previous.user && state.user && previous.user.id !== state.user.id)
      tell({ type: 'changed', what: 'user' })
    if (state.state === previous.state) return
    if (state.state === 'nearingExpiry') tell({ type: 'nearingExpiry' })
    if (state.state === 'expired') tell({ type: 'expired', reason: state.reason as ExpiredReason })
    if (state.state === 'loggedOut') tell({ type: 'loggedOut', reason: state.reason as LoggedOutReason })
  }

  function freshness() {
    const c = snapshot.context
    // In a backoff whoever comes looks whether the next attempt is due.
    const isServed = status === 'running' && c.bearer === 'good' && snapshot.value !== 'retrying'
    const leftMs = isServed ? Math.min(c.leadAt, c.idleEndsAt, c.absoluteEndsAt) - now() : -Infinity
    return { wall: clock.wall() + leftMs, monotonic: clock.monotonic() + leftMs }
  }

  function arm() {
    const deadline = status === 'running' ? nextDeadline(snapshot.value, snapshot.context) : Infinity
    alarm.arm(Math.min(deadline, turn.until()), turn.promise() !== undefined)
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

  /** Answers those who wait, unless the state may bring a bearer before their patience ends. */
  function settle() {
    turn.settle((epoch, until) => {
      const { value, context } = snapshot
      const isOwn = status === 'running' && isOf(epoch)
      const isWaiting = value === 'refreshing' || usable() === undefined
      const isPromising = state.isPending || value === 'refreshing' || nextDeadline(value, context) < until
      return isOwn && isWaiting && isPromising && now() < until ? undefined : () => take(epoch)
    })
  }

  /** Epoch 0: the caller came before it was known whether there is a session. */
  const isOf = (epoch: number) => epoch === 0 || epoch === state.epoch

  /** The bearer for a caller who came in `epoch`, or the error that says why there is none. */
  function take(epoch: number): string {
    const end = ending()
    if (end) throw end
    if (!isOf(epoch)) throw new SessionChanged()
    const bearer = usable()
    if (bearer === undefined) throw unavailable()
    return bearer
  }

  /** The next answer, which may be there already. */
  function wait(): Promise<string> {
    catchUp()
    const promise = turn.join(state.epoch)
    settle()
    arm()
    return promise
  }

  const fresh = () =>
    clock.wall() < freshUntil.wall && clock.monotonic() < freshUntil.monotonic
      ? vault.tokens().bearer
      : undefined

  function ask(by: 'caller' | 'user' | 'force') {
    send({ type: 'time.checked', at: now() })
    send({ type: 'refresh.asked', by, at: now() })
  }

  /** A bearer, after a refresh if one is due. */
  function acquire(): Promise<string> {
    // A turn in progress has checked and asked already.
    const going = turn.promise()
    if (going) return going
    ask('caller')
    // Nobody waits for a refresh that began early.
    const bearer = fresh()
    return bearer === undefined ? wait() : Promise.resolve(bearer)
  }

  /** After a 401 for `bearer`: a newer one, if the session it belongs to has or gets one. */
  async function replace(used: Position, bearer: string | undefined, signal: AbortSignal | null | undefined) {
    const newer = () => {
      const { epoch, version } = vault.position()
      // The caller may come from where a later version was known.
      const token = epoch === used.epoch && version > used.version ? usable() : undefined
      return token === bearer ? undefined : token
    }
    const known = newer()
    if (known !== undefined || vault.position().epoch !== used.epoch) return known
    send({ type: 'bearer.rejected', ...used, at: now() })
    await settled(signal)
    return newer()
  }

  /** Waits for a bearer, or for an error that says that there is none. Rejects on abort only. */
  async function settled(signal: AbortSignal | null | undefined) {
    await orAborted(wait(), signal).catch((error) => {
      if (signal?.aborted) throw error
    })
  }

  const unstored = () => tell({ type: 'warning', code: 'persistFailed' })

  function assertRunning() {
    if (status !== 'running') throw status === 'failed' ? new SessionExpired('internal') : new Disposed()
  }

  async function login(answer: LoginAnswer | BffFacts, options: LoginOptions): Promise<void> {
    assertRunning()
    const { owner, tokens, bearer, expiresAt } = readLogin(
      answer as LoginAnswer,
      options,
      settings.strategies,
      clock.wall(),
    )
    const receivedAt = now()
    const lifeMs = flights.life(bearer, { expiresAt })
    const mine = ++logins
    let at = { epoch: state.epoch + 1, version: 1 }
    if (store) {
      const written = await replaceStored(store, unstored, (stored) => {
        at = { epoch: Math.max(state.epoch, stored?.epoch ?? 0) + 1, version: 1 }
        return mine === logins ? toRecord(at, owner, tokens, lifeMs, clock.wall()) : undefined
      })
      // Whoever logged out, or in again, meanwhile found it not yet written.
      const isOver = status !== 'running' || (written > 0 && mine !== logins)
      if (isOver) store.compareAndSet(at, toTombstone(at)).catch(unstored)
      assertRunning()
      if (mine !== logins) throw new SessionChanged()
    }
    flights.close(false)
    flights.open(at, owner, tokens, lifeMs, receivedAt)
  }

  async function logout(): Promise<void> {
    await new Promise<void>((resolve) => {
      const disarm = clock.setTimer(resolve, LOGOUT_WAIT_MS, 'foreground')
      endEverywhere().finally(() => {
        disarm()
        resolve()
      })
    })
  }

  async function endEverywhere(reason: LoggedOutReason = 'user'): Promise<void> {
    const mine = ++logins
    // What is not yet known cannot be ended.
    if (state.isPending) await restoring
    if (mine !== logins) return
    const at = vault.position()
    const closed = flights.close(true)
    send({ type: 'session.ended', reason, at: now() })
    if (!closed) return
    const { owner, tokens } = closed
    if (store)
      await replaceStored(store, unstored, (stored) => {
        if (stored && (isTombstone(stored) || stored.epoch > at.epoch)) return undefined
        return toTombstone(stored && stored.epoch === at.epoch ? stored : at, 'user')
      })
    if (tokens.bearer || tokens.refreshToken) await flights.end(owner, tokens, 'logout')
  }

  async function refresh({ by = 'force' }: { readonly by?: 'user' | 'force' } = {}): Promise<void> {
    if (by === 'user') seenAt = now()
    ask(by)
    await wait()
  }

  /** Looks into the store, for a session or for what peers have made of it. The chart is pending until the first look. */
  async function look(into: SessionStore) {
    if (!state.isPending) await flights.reread(vault.position())
    if (state.reason === null) return
    const stored = await into.read().catch(unstored)
    // A login here came first.
    if (state.reason === null || status !== 'running') return
    const isFound = stored && !isTombstone(stored) && Object.hasOwn(settings.strategies, stored.provider)
    // A login of a peer: only where a coordinator keeps both from spending its token.
    if (isFound && (state.isPending || (settings.coordinator && stored.epoch > state.epoch))) {
      const { at, owner, tokens, lifeMs, ageMs } = fromRecord(stored, clock.wall())
      flights.open(at, owner, tokens, lifeMs, now() - ageMs)
    } else if (state.isPending) send({ type: 'session.ended', reason: 'never', at: now() })
  }

  function onSignal(signal: SessionSignal) {
    const at = now()
    send({ type: 'time.checked', at })
    if (signal === 'networkRestored') send({ type: 'network.restored', at })
    if (signal === 'woke') void (kept ? kept.woke() : store && look(store))
    if (signal === 'loggedOut') void heardOfLogout(at)
    if (signal !== 'userActive' && signal !== 'userIdle') return
    const idle = signal === 'userIdle'
    seenAt = idle ? -Infinity : at
    send({ type: 'user.changed', idle, at })
  }

  /** A logout in another page: true where nobody can be asked. */
  function heardOfLogout(at: number) {
    if (store) return look(store)
    // The server may say otherwise.
    return kept ? send({ type: 'session.ended', reason: 'elsewhere', at }) : endEverywhere('elsewhere')
  }

  /** The chart failed, and has stopped what it invoked: it answers nothing any more, so the session is over. */
  function fail() {
    status = 'failed'
    state = {
      ...state,
      state: 'expired',
      reason: 'internal',
      isAuthenticated: false,
      isUsable: false,
      isPending: false,
    }
    tell({ type: 'expired', reason: 'internal' })
    flights.close(false)
  }

  function stop() {
    status = 'disposed'
    freshUntil = freshness()
    if (!store) flights.close(false)
    settle()
    arm()
    stopSignals()
  }

  const source: BearerSource = {
    baseUrl: settings.baseUrl,
    origin: settings.origin,
    origins: settings.origins,
    fetch: settings.fetch ?? globalThis.fetch.bind(globalThis),
    position: vault.position,
    authorization: vault.authorization,
    fresh,
    wait: (signal) => orAborted(acquire(), signal),
    take,
    replace,
    rejectedAgain: () => tell({ type: 'warning', code: 'rejectedAfterRefresh' }),
  }

  const kept = settings.keeper?.[1].keep({
    ...source,
    clock,
    state: () => (status === 'running' ? state : OVER),
    isPending: () => status === 'running' && state.isPending,
    isUserActive,
    adopt(facts) {
      assertRunning()
      if (facts) flights.keep(facts)
      else send({ type: 'session.ended', reason: 'never', at: now() })
    },
    async ready(signal) {
      catchUp()
      if (state.isPending) await settled(signal)
      const end = ending() ?? (state.isPending ? unavailable() : undefined)
      if (end) throw end
    },
    async rejected(at, signal) {
      await replace(at, vault.tokens().bearer, signal)
    },
  })

  const session: Session = {
    login,
    fetch: createSessionFetch(source),
    getToken(options) {
      const bearer = fresh()
      return bearer === undefined ? orAborted(acquire(), options?.signal) : Promise.resolve(bearer)
    },
    refresh,
    logout,
    subscribe: notifier.subscribe,
    getSnapshot() {
      catchUp()
      return state
    },
    actorRef,
    // An actor that a parent invoked is stopped by its parent.
    dispose: () => (actorRef._parent ? stop() : actorRef.stop()),
    ...kept,
  }

  return {
    session,
    /** What `session.fetch` is made of. */
    source,
    /** The chart runs: timers, signals and the look into the store begin. */
    start() {
      status = 'running'
      actorRef.subscribe({ next: observe, error: fail })
      stopSignals = settings.signals?.(onSignal) ?? stopSignals
      restoring = kept ? kept.start() : store && look(store)
    },
    stop,
    refresh: (at: Position) => flights.start(at, actorRef.getSnapshot().context.doubt?.sends ?? 0),
    reread: () => void flights.reread(vault.position()),
  }
}

function isSame(a: SessionState, b: SessionState): boolean {
  const keys = Object.keys({ ...a, ...b }) as (keyof SessionState)[]
  return keys.every((key) => a[key] === b[key])
}
