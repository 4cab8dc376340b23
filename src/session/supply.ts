import { isDevelopment } from '#development'
import { nextAsk } from '../../machines/session.deadlines.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import { NEVER } from '../../machines/session.instants.ts'
import {
  isDisputedAt,
  isMisconfigured,
  isRenewalRecent,
  isServedAt,
  mayBringBearer,
  servedUntil,
} from '../../machines/session.select.ts'
import type { Position, RejectedReason } from '../../machines/session.types.ts'
import type { Clock } from '../base/clock.ts'
import { Misconfigured, RefreshUnavailable, SessionChanged } from '../base/errors.ts'
import { orAborted } from '../base/orAborted.ts'
import type { Alarm } from './alarm.ts'
import type { Holding } from './holding.ts'
import type { Reading } from './reading.ts'
import type { BearerSource } from './sessionFetch.ts'
import { strategyOf } from './strategyOf.ts'
import type { Vault } from './vault.ts'
import { type Asker, Waiters, type Waiting, type Wish } from './waiters.ts'

interface Surroundings {
  readonly holding: Holding
  readonly reading: Reading
  readonly alarm: Alarm
  isRunning(): boolean
  /** Why there is no bearer, and will be none without a login. */
  ending(): Error | undefined
  /** Reads the chart again: a parent machine learns of a change before the session does, and may call at once. */
  catchUp(): void
  send(event: SessionEvent): void
}

/**
 * Gives bearers to callers: a fresh one at once, otherwise after the refresh that is due. It is also the session's side of
 * `fetch`, and hears of the API's answers to its bearers.
 */
export class Supply implements BearerSource {
  readonly baseUrl: string
  readonly origin: string
  readonly origins: readonly string[]
  readonly #fetch: typeof globalThis.fetch
  readonly #of: Surroundings
  readonly #clock: Clock
  readonly #vault: Vault
  readonly #waiters = new Waiters()
  /** Until this instant, on both clocks, the bearer is served without any further check. */
  #freshUntilWall = -Infinity
  #freshUntilMonotonic = -Infinity
  /** The chart's answer to the last request for a refresh, and its time. */
  #asked: { readonly snapshot: unknown; readonly at: number } | undefined

  constructor(of: Surroundings) {
    const { settings } = of.holding
    this.baseUrl = settings.baseUrl
    this.origin = settings.origin
    this.origins = settings.origins
    this.#fetch = settings.fetch ?? globalThis.fetch
    this.#of = of
    this.#clock = settings.clock
    this.#vault = of.holding.vault
  }

  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    // The platform's `fetch` throws as a method of another object.
    const send = this.#fetch
    return send(input, init)
  }

  /** The bearer, if it may be used without any further check. */
  fresh(): string | undefined {
    const clock = this.#clock
    return clock.wall() < this.#freshUntilWall && clock.monotonic() < this.#freshUntilMonotonic
      ? this.#vault.tokens().bearer
      : undefined
  }

  /** The state has changed, or the session has stopped. */
  changed(): void {
    const { reading, holding } = this.#of
    const clock = this.#clock
    const leftMs = this.#of.isRunning() ? servedUntil(reading.snapshot) - holding.now() : -Infinity
    this.#freshUntilWall = clock.wall() + leftMs
    this.#freshUntilMonotonic = clock.monotonic() + leftMs
    this.settle()
  }

  /** The bearer for a caller of `epoch`, or the error that says why there is none. */
  take(epoch: number): string {
    const end = this.#of.ending()
    if (end) throw end
    if (!this.#isOf(epoch)) throw new SessionChanged()
    const bearer = this.#usable()
    if (bearer === undefined) throw this.#unavailable()
    return bearer
  }

  /** A bearer, after a refresh if one is due. `until`: how long the caller waits for it. */
  acquire(until?: number): Promise<string> {
    // Waiting callers have checked and asked already.
    const going = this.#waiters.waiting()
    if (going) return going.promise
    this.#ask('caller')
    // Nobody waits for a refresh that began early.
    const bearer = this.fresh()
    return bearer === undefined ? this.#wait('caller', until) : Promise.resolve(bearer)
  }

  /** The bearer that one route answered with 401 while nothing can renew it. */
  disputed(): string | undefined {
    const { reading, holding } = this.#of
    this.#ask('caller')
    return isDisputedAt(reading.snapshot, holding.now()) ? this.#vault.tokens().bearer : undefined
  }

  /** A refresh, due or not. */
  async refresh(by: 'user' | 'force'): Promise<void> {
    this.#ask(by)
    await this.#wait(by)
  }

  /** After a 401 for `bearer`: a newer one, if the session that it belongs to has or gets one. */
  async replace(
    used: Position,
    bearer: string | undefined,
    signal: AbortSignal | null | undefined,
  ): Promise<string | undefined> {
    const { holding } = this.#of
    const newer = () => {
      const { epoch, version } = this.#vault.position()
      // The caller may come from a place that knew a later version.
      const token = epoch === used.epoch && version > used.version ? this.#usable() : undefined
      return token === bearer ? undefined : token
    }
    const known = newer()
    if (known !== undefined || this.#vault.position().epoch !== used.epoch) return known
    this.#of.send({ type: 'bearer.rejected', ...used, at: holding.now() })
    // Nothing is asked for a caller who has left.
    if (signal?.aborted) throw signal.reason
    await orAborted(this.#wait('caller'), signal).catch((error) => {
      if (signal?.aborted) throw error
    })
    return newer()
  }

  position(): Position {
    return this.#vault.position()
  }

  authorization(bearer: string): string {
    return this.#vault.authorization(bearer)
  }

  wait(signal: AbortSignal | null | undefined): Promise<string> {
    return orAborted(this.acquire(), signal)
  }

  send(target: string | Request, init: RequestInit, bearer: string): Promise<Response> {
    const of = this.#of
    const { settings, grant } = of.holding
    const owner = grant.owner()
    const strategy = owner && strategyOf(settings, owner)
    // Most strategies send an ordinary bearer.
    if (!strategy?.send) return this.fetch(target, init)
    // If a login comes before the strategy knows, it must not end because of the session before it.
    const position = this.position()
    const end = (reason: RejectedReason) =>
      of.send({ type: 'refresh.rejected', ...position, reason, at: of.holding.now() })
    const fetch = this.fetch.bind(this)
    return strategy.send({ target, init, bearer, keyId: owner?.keyId, fetch, end })
  }

  accepted(used: Position): void {
    this.#of.send({ type: 'bearer.accepted', ...used, at: this.#of.holding.now() })
  }

  rejectedAgain(used: Position): void {
    const { reading, holding } = this.#of
    const at = holding.now()
    // After the floor, the next call finds out.
    if (isRenewalRecent(reading.snapshot, at)) this.#of.send({ type: 'bearer.rejected', ...used, at })
    holding.notify({ type: 'warning', code: 'rejectedAfterRefresh' })
  }

  stepUpRequired(): void {
    this.#of.holding.notify({ type: 'stepUpRequired' })
  }

  #usable() {
    const { reading, holding } = this.#of
    return isServedAt(reading.snapshot, holding.now()) ? this.#vault.tokens().bearer : undefined
  }

  /** Epoch 0: the caller came before it was known whether there is a session. */
  #isOf(epoch: number) {
    return epoch === 0 || epoch === this.#of.reading.state.epoch
  }

  #unavailable() {
    const { reading, holding } = this.#of
    if (isMisconfigured(reading.snapshot))
      return new Misconfigured(
        holding.problem ??
          `The backend does not accept this client${isDevelopment ? ': check the strategy of the provider' : ''}.`,
      )
    const { retryAt } = reading.state
    // The catcher compares it with the wall clock, which may differ from the session's time.
    return new RefreshUnavailable(retryAt && retryAt - holding.now() + this.#clock.wall())
  }

  #ask(by: Asker) {
    const of = this.#of
    const before = of.reading.takes
    of.send({ type: 'time.checked', at: of.holding.now() })
    of.send({ type: 'refresh.asked', by, at: of.holding.now() })
    // A call from inside a change of the chart is handled after that change.
    if (of.reading.takes > before) this.#asked = { snapshot: of.reading.snapshot, at: of.holding.now() }
  }

  /** When waiting callers must be asked for again: they came before the store had answered, or before the floor. */
  #askAgainAt(by: Asker): number {
    const { reading } = this.#of
    const asked = this.#asked
    const snapshot = reading.snapshot
    if (reading.state.isPending) return NEVER
    const at = nextAsk(snapshot.value, snapshot.context, by)
    // The chart refused when the refresh was already due. Only another event changes that.
    return snapshot === asked?.snapshot && asked.at >= at ? NEVER : at
  }

  #wish(at: number): Wish {
    const { epoch, bearerVersion, floorAt } = this.#of.reading.snapshot.context
    return { epoch, bearerVersion, floorAt, at }
  }

  /**
   * A wish does not outlive the bearer that it was to replace. A user is content with any newer bearer. A forced refresh
   * wants a bearer that is as new as the wish, or a moment older.
   */
  #review(waiting: Waiting) {
    const { by, wish } = waiting
    const now = this.#wish(wish.at)
    const isNewer = now.bearerVersion > wish.bearerVersion && this.#usable() !== undefined
    // The wish is from before this session was known.
    if (now.epoch !== wish.epoch) waiting.wish = now
    else if (isNewer && (by === 'user' || now.floorAt > wish.at)) waiting.by = 'caller'
  }

  /** Answers the waiting callers, unless the state may bring a bearer within their patience. */
  settle() {
    const { reading, holding, alarm } = this.#of
    const waiting = this.#waiters.waiting()
    if (!waiting) return alarm.set('patience', NEVER)
    this.#review(waiting)
    const { epoch, until, by } = waiting
    const now = holding.now()
    const snapshot = reading.snapshot
    const isOwn = this.#of.isRunning() && this.#isOf(epoch) && now < until
    const askAt = this.#askAgainAt(by)
    if (isOwn && askAt <= now) {
      // Not from inside the chart, which is still reporting its change.
      queueMicrotask(() => this.#askAgain())
      return alarm.set('patience', until)
    }
    const isWaiting = snapshot.value === 'refreshing' || this.#usable() === undefined
    const isPromising = askAt < until || mayBringBearer(snapshot, until, true)
    if (isOwn && isWaiting && isPromising) return alarm.set('patience', Math.min(until, askAt))
    this.#waiters.settle(() => this.take(epoch))
    alarm.set('patience', NEVER)
  }

  #askAgain() {
    const { by } = this.#waiters.waiting() ?? {}
    if (by && this.#of.isRunning() && this.#askAgainAt(by) <= this.#of.holding.now()) this.#ask(by)
    this.settle()
  }

  /**
   * The next answer, which may be there already. `by`: for whom to ask for a refresh again, if the request came too
   * early.
   */
  #wait(by: Asker, until?: number): Promise<string> {
    const { reading, holding } = this.#of
    this.#of.catchUp()
    const promise = this.#waiters.join(
      reading.state.epoch,
      by,
      until ?? holding.now() + holding.settings.patienceMs,
      this.#wish(holding.now()),
    )
    this.settle()
    return promise
  }
}
