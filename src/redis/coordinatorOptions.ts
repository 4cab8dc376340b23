import { type Clock, systemClock } from '../base/clock.ts'
import { ATTEMPT_TIMEOUT_MS, REPLAY_WINDOW_MS } from '../base/durations.ts'
import { Misconfigured } from '../base/errors.ts'
import { optionsOf } from '../base/optionsOf.ts'
import { whereFrom } from '../base/whereFrom.ts'
import { assertRedisClient, type RedisClient } from './client.ts'

/** The Redis, its secret, and the time limits. */
export interface RedisCoordinatorOptions {
  /** A connected client of `redis` or `ioredis`. One more connection is opened through it, for pushes. */
  readonly client: RedisClient
  /** A secret that all processes know and nobody else; at least 32 characters. It hashes names. */
  readonly secret: string
  /**
   * The begin of all keys.
   * @default 'xstate-session:'
   */
  readonly prefix?: string
  /**
   * How long a renewal is remembered for late callers; milliseconds. A token that was rejected, that is known to be
   * spent, or whose outcome is unknown, is remembered for a day.
   * @default 60_000
   */
  readonly replayWindowMs?: number
  /** How long a send may take: as long as an attempt of the session, and a margin; milliseconds. @default 30_000 */
  readonly attemptTimeoutMs?: number
  /** If the sender is silent for this time, nobody waits for it, and nobody sends. Milliseconds. @default 5_000 */
  readonly leaseMs?: number
  /**
   * How long a command may take; milliseconds.
   * @default 500
   */
  readonly commandTimeoutMs?: number
  /**
   * What happens while Redis does not answer. `hold`: nothing is sent. `proceed`: this process coalesces alone, and two
   * processes may spend one token. @default 'hold'
   */
  readonly onCoordinatorDown?: 'hold' | 'proceed'
  /**
   * Reads time and sets timers.
   * @default the platform's
   */
  readonly clock?: Clock
  /**
   * Jitter; returns a number from 0 up to 1.
   * @default Math.random
   */
  readonly random?: () => number
  /** Called when Redis does not answer (`unreachable`), or may delete records that must stay (`evicts`). */
  readonly onWarning?: (warning: 'unreachable' | 'evicts') => void
}

/** Fills in the defaults, and refuses options that cannot work. */
export function readRedisOptions(options: RedisCoordinatorOptions) {
  const settings = {
    prefix: 'xstate-session:',
    replayWindowMs: REPLAY_WINDOW_MS,
    attemptTimeoutMs: ATTEMPT_TIMEOUT_MS + 5_000,
    leaseMs: 5_000,
    commandTimeoutMs: 500,
    onCoordinatorDown: 'hold',
    clock: systemClock,
    random: Math.random,
    onWarning: () => {},
    ...(Object.fromEntries(
      Object.entries(optionsOf('redisCoordinator', options)).filter(([, value]) => value !== undefined),
    ) as unknown as RedisCoordinatorOptions),
  }
  const { replayWindowMs, attemptTimeoutMs, leaseMs, commandTimeoutMs, secret, prefix } = settings
  for (const [name, ms] of Object.entries({ replayWindowMs, attemptTimeoutMs, leaseMs, commandTimeoutMs }))
    if (!(ms > 0 && ms < 2 ** 31)) throw new Misconfigured(`Option "${name}" must be milliseconds above 0.`)
  if (typeof secret !== 'string' || secret.length < 32)
    throw new Misconfigured(
      `Option "secret" must be a text of at least 32 characters, the same everywhere.${whereFrom(secret)}`,
    )
  if (/[{}]/.test(prefix)) throw new Misconfigured('Option "prefix" must not contain braces.')
  assertRedisClient(settings.client, 'redisCoordinator')
  return settings
}
