import { MEMORY_MS } from '../../machines/session.ledger.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { REPLAY_WINDOW_MS } from '../base/durations.ts'
import { Misconfigured } from '../base/errors.ts'
import { coalescer } from './coalescer.ts'
import type { Coordinator } from './coordinator.ts'
import { keyedHash } from './keyedHash.ts'
import { memoryLedger } from './memoryLedger.ts'
import { paceKeeper } from './paceKeeper.ts'

/** The limits of an `inProcessCoordinator`'s memory. */
export interface InProcessOptions {
  /**
   * How long a successful flight is remembered for late callers; milliseconds, more than 0. Default 60 000. A token
   * that was rejected, that is known to be spent, or whose outcome is unknown, is remembered for a day.
   */
  readonly replayWindowMs?: number
  /**
   * How many flights, and how many such tokens, are remembered, at least 1; above it the oldest are dropped. Default 10
   * 000.
   */
  readonly maxEntries?: number
  /** Default: the platform's clocks and timers. */
  readonly clock?: Clock
  /** Jitter; returns a number from 0 up to 1. Default: `Math.random`. */
  readonly random?: () => number
  /**
   * Hashes the identity of a flight, with its refresh token, so that no token is kept as a key. It must not collide.
   * Default: HMAC-SHA-256 by WebCrypto under a random key.
   */
  readonly hash?: (input: string) => string | Promise<string>
}

/**
 * Joins the refreshes of one process. Concurrent calls for one token share one send, and a later call with a spent
 * token gets the result of its send. A token with an unknown outcome is sent again when the coordinator's row permits
 * it, whoever asks; a caller needs no memory of its own.
 *
 * It does not see other processes or tabs, and forgets everything when this process ends. Create one, and give it to
 * every session of the process. A flight without a refresh token (a cookie jar) is shared while it runs and never
 * remembered, because the next token cannot be told from this one.
 *
 * @throws {Misconfigured} for an option out of bounds, and where `crypto.subtle` is missing and no `hash` given.
 * @example
 * const coordinator = inProcessCoordinator()
 * const session = createSession({ baseUrl, strategies, store, coordinator })
 */
export function inProcessCoordinator(options: InProcessOptions = {}): Coordinator {
  const {
    replayWindowMs = REPLAY_WINDOW_MS,
    maxEntries = 10_000,
    clock = systemClock,
    random = Math.random,
  } = options
  if (!(Number.isFinite(replayWindowMs) && replayWindowMs > 0)) {
    throw new Misconfigured('replayWindowMs must be a finite number of milliseconds above 0.')
  }
  if (!(Number.isSafeInteger(maxEntries) && maxEntries >= 1)) {
    throw new Misconfigured('maxEntries must be an integer of at least 1.')
  }
  const ring = coalescer({
    replayWindowMs,
    maxEntries,
    clock,
    hash: options.hash ?? keyedHash(),
    paces: paceKeeper(clock),
  })
  const memoryMs = Math.max(replayWindowMs, MEMORY_MS)
  const spend = memoryLedger({ clock, random, maxEntries, memoryMs })

  return {
    run: (flight) =>
      ring.run({
        ...flight,
        // The next token of a cookie jar cannot be told from this one.
        send: (key) => (flight.identity.refreshToken === undefined ? flight.send() : spend(key, flight)),
      }),
    end: ring.end,
  }
}
