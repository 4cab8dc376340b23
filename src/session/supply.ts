import { nextAsk } from '../../machines/session.deadlines.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import { NEVER } from '../../machines/session.instants.ts'
import {
  isDisputedAt,
  isMisconfigured,
  isServedAt,
  mayBringBearer,
  servedUntil,
} from '../../machines/session.select.ts'
import type { Position } from '../../machines/session.types.ts'
import { Misconfigured, RefreshUnavailable, SessionChanged } from '../base/errors.ts'
import { orAborted } from '../base/orAborted.ts'
import type { SessionClock } from '../base/sessionClock.ts'
import type { Alarm } from './alarm.ts'
import type { Settings } from './options.ts'
import type { Reading } from './reading.ts'
import type { Vault } from './vault.ts'
import { type Asker, createWaiters } from './waiters.ts'

interface SupplyOptions {
  readonly settings: Settings
  readonly clock: SessionClock
  readonly alarm: Alarm
  readonly vault: Vault
  readonly reading: Reading
  readonly holding: { readonly problem: string | undefined }
  isRunning(): boolean
  /** Why there is no bearer, and will be none without a login. */
  ending(): Error | undefined
  /** Reads the chart again: a parent machine learns of a change before the session does, and may call at once. */
  catchUp(): void
  send(event: SessionEvent): void
}

/** Gives bearers to callers: a fresh one at once, otherwise after the refresh that is due. */
export function createSupply(options: SupplyOptions) {
  const { settings, clock, vault, reading, isRunning, ending, catchUp, send } = options
  const { now } = clock
  const waiters = createWaiters(now, settings.patienceMs)
  const patience = options.alarm.hand('foreground', settle)
  /** Until this instant, on both clocks, the bearer is served without any further check. */
  let freshUntil = { wall: -Infinity, monotonic: -Infinity }
  /** The chart's answer to the last request for a refresh, and its time. */
  let asked: { readonly snapshot: unknown; readonly at: number } | undefined

  function freshness() {
    const leftMs = isRunning() ? servedUntil(reading.snapshot()) - now() : -Infinity
    return { wall: settings.clock.wall() + leftMs, monotonic: settings.clock.monotonic() + leftMs }
  }

  const usable = () => (isServedAt(reading.snapshot(), now()) ? vault.tokens().bearer : undefined)

  const fresh = () =>
    settings.clock.wall() < freshUntil.wall && settings.clock.monotonic() < freshUntil.monotonic
      ? vault.tokens().bearer
      : undefined

  /** Epoch 0: the caller came before it was known whether there is a session. */
  const isOf = (epoch: number) => epoch === 0 || epoch === reading.state().epoch

  function unavailable() {
    if (isMisconfigured(reading.snapshot()))
      return new Misconfigured(
        options.holding.problem ??
          'The backend does not accept this client: check the strategy of the provider.',
      )
    const { retryAt } = reading.state()
    // The catcher compares it with the wall clock, which may differ from the session's time.
    return new RefreshUnavailable(retryAt && retryAt - now() + settings.clock.wall())
  }

  /** The bearer for a caller of `epoch`, or the error that says why there is none. */
  function take(epoch: number): string {
    const end = ending()
    if (end) throw end
    if (!isOf(epoch)) throw new SessionChanged()
    const bearer = usable()
    if (bearer === undefined) throw unavailable()
    return bearer
  }

  function ask(by: Asker) {
    const before = reading.takes()
    send({ type: 'time.checked', at: now() })
    send({ type: 'refresh.asked', by, at: now() })
    // A call from inside a change of the chart is handled after that change.
    if (reading.takes() > before) asked = { snapshot: reading.snapshot(), at: now() }
  }

  /** When waiting callers must be asked for again: they came before the store had answered, or before the floor. */
  function askAgainAt(by: Asker | undefined): number {
    const snapshot = reading.snapshot()
    if (by === undefined || reading.state().isPending) return NEVER
    const at = nextAsk(snapshot.value, snapshot.context, by)
    // The chart refused when the refresh was already due. Only another event changes that.
    return snapshot === asked?.snapshot && asked.at >= at ? NEVER : at
  }

  /** Answers the waiting callers, unless the state may bring a bearer within their patience. */
  function settle() {
    const waiting = waiters.waiting()
    if (!waiting) return patience.set(NEVER)
    const { epoch, until, by } = waiting
    const snapshot = reading.snapshot()
    const isOwn = isRunning() && isOf(epoch) && now() < until
    const askAt = askAgainAt(by)
    if (isOwn && askAt <= now()) {
      // Not from inside the chart, which is still reporting its change.
      queueMicrotask(askAgain)
      return patience.set(until)
    }
    const isWaiting = snapshot.value === 'refreshing' || usable() === undefined
    const isPromising = askAt < until || mayBringBearer(snapshot, until, by !== undefined)
    if (isOwn && isWaiting && isPromising) return patience.set(Math.min(until, askAt))
    waiters.settle(() => take(epoch))
    patience.set(NEVER)
  }

  function askAgain() {
    const { by } = waiters.waiting() ?? {}
    if (by && isRunning() && askAgainAt(by) <= now()) ask(by)
    settle()
  }

  /**
   * The next answer, which may be there already. `by`: for whom to ask for a refresh again, if the request came too
   * early.
   */
  function wait(by?: Asker, until?: number): Promise<string> {
    catchUp()
    const promise = waiters.join(reading.state().epoch, by, until)
    settle()
    return promise
  }

  /** Waits for a bearer, or for an error that says that there is none. Rejects only on abort. */
  async function settled(signal: AbortSignal | null | undefined, by?: Asker) {
    // Nothing is asked for a caller who has left.
    if (signal?.aborted) throw signal.reason
    await orAborted(wait(by), signal).catch((error) => {
      if (signal?.aborted) throw error
    })
  }

  return {
    fresh,
    take,
    settled,
    unavailable,
    /** The state has changed, or the session has stopped. */
    changed() {
      freshUntil = freshness()
      settle()
    },
    /** A bearer, after a refresh if one is due. */
    acquire(until?: number): Promise<string> {
      // Waiting callers have checked and asked already.
      const going = waiters.waiting()
      if (going?.by) return going.promise
      ask('caller')
      // Nobody waits for a refresh that began early.
      const bearer = fresh()
      return bearer === undefined ? wait('caller', until) : Promise.resolve(bearer)
    },
    /** The bearer that one route answered with 401 while nothing can renew it. */
    disputed(): string | undefined {
      ask('caller')
      return isDisputedAt(reading.snapshot(), now()) ? vault.tokens().bearer : undefined
    },
    /** A refresh, due or not. */
    async refresh(by: 'user' | 'force'): Promise<void> {
      ask(by)
      await wait(by)
    },
    /** After a 401 for `bearer`: a newer one, if the session that it belongs to has or gets one. */
    async replace(used: Position, bearer: string | undefined, signal: AbortSignal | null | undefined) {
      const newer = () => {
        const { epoch, version } = vault.position()
        // The caller may come from a place that knew a later version.
        const token = epoch === used.epoch && version > used.version ? usable() : undefined
        return token === bearer ? undefined : token
      }
      const known = newer()
      if (known !== undefined || vault.position().epoch !== used.epoch) return known
      send({ type: 'bearer.rejected', ...used, at: now() })
      await settled(signal, 'caller')
      return newer()
    },
  }
}

export type Supply = ReturnType<typeof createSupply>
