import { MEMORY_MS } from '../../machines/session.ledger.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { Misconfigured } from '../base/errors.ts'
import { coalescer } from './coalescer.ts'
import type { Coordinator } from './coordinator.ts'
import { keyedHash } from './keyedHash.ts'
import { memoryLedger } from './memoryLedger.ts'
import { paceKeeper } from './paceKeeper.ts'

/** How much an `inProcessCoordinator` remembers, and for how long. */
export interface InProcessOptions {
  /**
   * How long a flight that renewed is remembered, for stragglers; milliseconds, more than 0. Default 60 000. A token
   * that was rejected, that is known to be spent, or whose outcome is unknown, is remembered for a day.
   */
  readonly replayWindowMs?: number
  /** How many flights, and how many such tokens, are remembered, at least 1; beyond that the oldest go. Default 10 000. */
  readonly maxEntries?: number
  /** Default: the platform's clocks and timers. */
  readonly clock?: Clock
  /** Jitter; answers a number from 0 up to 1. Default: `Math.random`. */
  readonly random?: () => number
  /**
   * Hashes what tells flights apart, the refresh token included, so that no token is kept as a key. Must not
   * collide. Default: HMAC-SHA-256 by WebCrypto under a random key.
   */
  readonly hash?: (input: string) => string | Promise<string>
}

/**
 * Coalesces the refreshes of one process: concurrent runs for one token share one send, and whoever comes later
 * with a token that is already spent gets what its send brought. A token whose outcome is unknown is sent again when
 * the coordinator's row says so, whoever asks; a holder needs no memory of its own.
 *
 * It does not see other processes or tabs, and forgets when this process ends. Create one and give it to every
 * session of the process. A flight without a refresh token (a cookie jar) is shared while it is in the air and
 * never remembered: nothing tells the next token from this one.
 *
 * @throws {Misconfigured} for an option out of bounds, and where `crypto.subtle` is missing and no `hash` given.
 * @example
 * const coordinator = inProcessCoordinator()
 * const session = createSession({ baseUrl, strategies, store, coordinator })
 */
export function inProcessCoordinator(options: InProcessOptions = {}): Coordinator {
  const { replayWindowMs = 60_000, maxEntries = 10_000, clock = systemClock, random = Math.random } = options
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
        // Nothing tells the next token of a cookie jar from this one.
        send: (key) => (flight.identity.refreshToken === undefined ? flight.send() : spend(key, flight)),
      }),
    end: ring.end,
  }
}
