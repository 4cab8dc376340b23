import type { Observer, Subscription } from 'xstate'
import type { SessionEvent } from '../../machines/session.events.ts'
import type { RefreshInput } from '../../machines/session.ports.ts'
import type { SessionState } from '../../machines/session.select.ts'
import { ACTIVE_MS } from '../base/durations.ts'
import { Alarm } from './alarm.ts'
import { endOfRuntime, endOfSession, type RuntimeStatus } from './endings.ts'
import { Holding } from './holding.ts'
import { endLogin, login, logout } from './logins.ts'
import type { SessionNotice, SessionSignal } from './notice.ts'
import { Notifier } from './notifier.ts'
import { inputOf, type Settings } from './options.ts'
import type { Send } from './port.ts'
import { type MachineSnapshot, Reading } from './reading.ts'
import type { Resumed } from './renewAtRest.ts'
import type { Session, SessionActorRef } from './session.ts'
import { createSessionFetch } from './sessionFetch.ts'
import { startSignals } from './startSignals.ts'
import { Supply } from './supply.ts'

/**
 * Everything that a chart must not hold: the tokens, and the senders, waiting callers and listeners. It is attached at
 * each start of the actor, and lives as long as the actor: an actor that is stopped and started again finds its tokens.
 */
export class Runtime implements Observer<MachineSnapshot> {
  readonly holding: Holding
  readonly reading: Reading
  readonly supply: Supply
  readonly session: Session
  readonly alarm: Alarm
  /** The number of logins and logouts so far: if several overlap, the last one counts. */
  logins = 0
  /** The look for a session, which may have finished. */
  restoring: Promise<void> | undefined
  readonly #actorRef: SessionActorRef
  readonly #notifier: Notifier
  #status: RuntimeStatus = 'stopped'
  /** An attempt that is running already. */
  #resume: Resumed | undefined
  /** From the `runtime` actor, as soon as there is one, so that an inspector sees the sender. */
  #toChart: Send | undefined
  #observing: Subscription | undefined
  #listening: Subscription | undefined
  #stopSignals: (() => void) | undefined
  /** The last sign of user activity. */
  #seenAt = -Infinity

  /** `resumed`: an attempt that is running already, with what its session holds. */
  constructor(actorRef: SessionActorRef, settings: Settings, resumed?: Resumed) {
    const holding = resumed?.holding ?? new Holding(settings)
    holding.told = this
    this.holding = holding
    this.#actorRef = actorRef
    this.#resume = resumed
    this.reading = new Reading(actorRef)
    this.#notifier = new Notifier(settings, this.reading)
    this.supply = new Supply(this)
    this.alarm = new Alarm(holding.clock, this.supply)
    this.session = {
      login: (answer, options) => login(this, answer, options),
      fetch: createSessionFetch(this.supply),
      getToken: (options) => this.#getToken(options?.signal),
      refresh: (options) => this.#refreshFor(options?.by),
      logout: () => logout(this),
      subscribe: (listener) => this.#notifier.subscribe(listener),
      getSnapshot: () => this.catchUp(),
      getInitialSnapshot: () => this.reading.initial(),
      clock: holding.clock,
      actorRef,
      dispose: () => this.#dispose(),
    }
  }

  isRunning(): boolean {
    return this.#status === 'running'
  }

  /** Why the session never runs again. */
  over(): Error | undefined {
    return endOfRuntime(this.#status)
  }

  /** Why there is no bearer, and will be none without a login. */
  ending(): Error | undefined {
    return endOfSession(this.#status, this.state())
  }

  state(): SessionState {
    return this.reading.state
  }

  isUserActive(): boolean {
    return this.holding.now() - this.#seenAt < ACTIVE_MS
  }

  notify(notice: SessionNotice): void {
    this.#notifier.notify(notice)
  }

  /** A stopped actor handles its events when it is started again. */
  send(event: SessionEvent): void {
    const isHeard =
      this.isRunning() || (this.#status === 'stopped' && this.#actorRef.getSnapshot().status === 'active')
    if (!isHeard) return
    if (this.#toChart) this.#toChart(event)
    else this.#actorRef.send(event)
  }

  /** A parent machine learns of a change before the runtime does, and may call at once. */
  catchUp(): SessionState {
    if (this.isRunning()) this.#observe(this.#actorRef.getSnapshot())
    else this.reading.take(this.#actorRef.getSnapshot())
    return this.state()
  }

  /** A bearer, after a refresh if one is due. `until`: how long who asks waits for it, on the session's timeline. */
  async acquire(until?: number): Promise<string> {
    return this.supply.fresh() ?? this.supply.acquire(until)
  }

  /** Begins a flight, and reports its outcome by `answer`. The chart also learns if nobody has the tokens. */
  refresh({ epoch, version, ...reason }: RefreshInput, answer: Send): void {
    if (this.#isEmpty()) this.#startOver()
    else if (this.#resume) this.#resume.join(answer)
    else this.holding.start({ epoch, version }, reason, answer)
    this.#resume = undefined
  }

  reread(): void {
    void this.holding.shared?.reread()
  }

  /** The actor was started, and with it the actor of `sendBack`. Returns a function that stops this. */
  attach(sendBack: Send): () => void {
    const detach = () => this.#detach()
    // Disposing the session has not stopped the actor, which belongs to a parent.
    if (this.#status !== 'stopped') return detach
    const { holding, reading } = this
    const { settings } = holding
    const actorRef = this.#actorRef
    this.#status = 'running'
    this.#toChart = sendBack
    this.#observing?.unsubscribe()
    this.#listening?.unsubscribe()
    settings.recorder?.attach(actorRef)
    this.#observing = actorRef.subscribe(this)
    if (settings.observe || settings.recorder)
      this.#listening = actorRef.on('*', (notice) => this.notify(notice))
    reading.take(actorRef.getSnapshot())
    if (this.#resume) this.send({ type: 'refresh.asked', by: 'caller', at: this.#resume.at })
    if (this.#isEmpty()) this.#startOver()
    else if (this.state().reason === null) this.send({ type: 'time.checked', at: holding.now() })
    if (settings.signals) this.#stopSignals = startSignals(settings, (signal) => this.#onSignal(signal))
    this.restoring = holding.shared?.look(this)
    this.supply.changed()
    return detach
  }

  #detach() {
    if (!this.isRunning()) return
    this.#status = 'stopped'
    this.holding.shared?.stopLooking()
    this.#stopSignals?.()
    this.supply.changed()
    // If somebody means to start the actor again, its last snapshot is back by then.
    queueMicrotask(() => {
      if (this.#status === 'stopped' && this.#actorRef.getSnapshot().status !== 'active') this.#giveUp()
    })
  }

  /** Nobody starts the actor again. With a store, a late answer is for the sessions that share it. */
  #giveUp() {
    this.#status = 'disposed'
    if (!this.holding.shared) this.holding.close()
  }

  #dispose() {
    if (this.over()) return
    this.#detach()
    try {
      this.#actorRef.stop()
    } catch {
      // This would stop the actor of a parent. So the actor only learns that its session is over.
      this.send({ type: 'session.ended', reason: 'never', at: this.holding.now() })
    }
    this.#giveUp()
  }

  /** Called for every snapshot of the chart, ignored events included. */
  next(snapshot: MachineSnapshot): void {
    this.#observe(snapshot)
    this.alarm.follow(snapshot)
  }

  #observe(next: MachineSnapshot) {
    const previous = this.reading.take(next)
    if (!previous) return
    const { holding } = this
    if (this.#isEmpty()) this.#startOver()
    const { user, reason } = this.state()
    if (reason !== null && previous.reason === null) holding.leave(this.state())
    if (previous.user && user && previous.user.id !== user.id)
      holding.notify({ type: 'changed', what: 'user' })
    this.supply.changed()
    this.#notifier.changed()
  }

  /** The chart failed and has stopped its actors. It reacts to nothing any more, so the session is over. */
  error(): void {
    const snapshot = this.#actorRef.getSnapshot()
    this.#status = 'failed'
    this.reading.take(snapshot)
    this.alarm.follow(snapshot)
    this.holding.notify({ type: 'expired', reason: 'internal' })
    this.holding.close()
    this.supply.changed()
  }

  /** The chart lives, but nobody has the tokens of its session. */
  #isEmpty(): boolean {
    const { reason, epoch, version } = this.state()
    const { grant, vault } = this.holding
    const held = vault.position()
    return reason === null && (!grant.owner() || held.epoch !== epoch || held.version < version)
  }

  #startOver() {
    const { holding } = this
    this.send({ type: 'session.restored', at: holding.now(), input: inputOf(holding.settings) })
  }

  /** Resolves when the effect on the session is known. */
  async #onSignal(signal: SessionSignal): Promise<void> {
    const { shared } = this.holding
    const at = this.holding.now()
    this.send({ type: 'time.checked', at })
    if (signal === 'networkRestored') this.send({ type: 'network.restored', at })
    if (signal === 'woke') return shared?.look(this)
    // Without a store there is nobody to ask whether that is true.
    if (signal === 'loggedOut') return shared ? shared.look(this) : endLogin(this, 'elsewhere')
    if (signal !== 'userActive' && signal !== 'userIdle') return
    const idle = signal === 'userIdle'
    this.#seenAt = idle ? -Infinity : at
    this.send({ type: 'user.changed', idle, at })
  }

  #getToken(signal: AbortSignal | null | undefined): Promise<string> {
    const bearer = this.supply.fresh()
    return bearer === undefined ? this.supply.wait(signal) : Promise.resolve(bearer)
  }

  #refreshFor(by: 'user' | 'force' = 'force'): Promise<void> {
    if (by === 'user') this.#seenAt = this.holding.now()
    return this.supply.refresh(by)
  }
}
