import { type LedgerRow, MEMORY_MS, type SendResult } from '../../machines/session.ledger.ts'
import type { FlightAsk } from '../coordination/coordinator.ts'
import type { PaceNews } from '../coordination/pace.ts'
import type { redisCalls } from './calls.ts'
import { askText, firstWaitText, resultText, rowOf } from './ledgerText.ts'
import { newsText } from './paceText.ts'
import { ACQUIRE, END, FINISH, RENEW } from './scripts.ts'

/** One flight in Redis: its names are hashes and reveal nothing. */
export interface RedisFlight {
  readonly name: string
  /** Its session. */
  readonly scope: string
  /** The target of the token. */
  readonly origin: string
  /** One run of one process. */
  readonly owner: string
}

/** The answer of Redis to a request for a send. */
export type Acquired =
  /** `isPaced`: a limiter has answered lately, so successes count. */
  | { readonly kind: 'lead'; readonly isPaced: boolean }
  | { readonly kind: 'ended' }
  | { readonly kind: 'done'; readonly sealed: string; readonly ageMs: number }
  | { readonly kind: 'held'; readonly row: LedgerRow; readonly now: number }
  | { readonly kind: 'pending'; readonly leaseMs: number; readonly openMs: number }
  | { readonly kind: 'limited'; readonly waitMs: number }

/** The answer of Redis to a sender. `lost`: the intent now belongs to another. */
export type Finished =
  | { readonly kind: 'lost' }
  | { readonly kind: 'ended' }
  | {
      readonly kind: 'settled'
      readonly waiters: number
      readonly row: LedgerRow | null
      readonly now: number
    }

export interface RedisRowsOptions {
  readonly redis: ReturnType<typeof redisCalls>
  readonly prefix: string
  readonly channel: string
  readonly replayWindowMs: number
  readonly attemptTimeoutMs: number
  readonly leaseMs: number
}

/** A send, in the form for Redis. */
export interface Finish {
  /** Its result for the ledger; text: the sealed result of a token that is spent. */
  readonly result: SendResult | string
  readonly ask: FlightAsk
  /** What it says about the pace of its origin, and how long ago the token was sent; milliseconds. */
  readonly news: PaceNews | undefined
  readonly ageMs: number
  /** 0 to 1: spreads the next sends. */
  readonly roll: number
}

/** Late callers may follow a logout for this long after the last attempt that it ended. */
const STRAGGLERS_MS = 300_000

/** The rows of the ledger that Redis keeps, and the scripts that change them. */
export function redisRows({
  redis,
  prefix,
  channel,
  replayWindowMs,
  attemptTimeoutMs,
  leaseMs,
}: RedisRowsOptions) {
  const flightKey = (name: string) => `{${prefix}}flight:${name}`
  const scopeKey = (name: string) => `{${prefix}}ended:${name}`
  const originKey = (name: string) => `{${prefix}}pace:${name}`

  return {
    async acquire({ name, scope, origin, owner }: RedisFlight, ask: FlightAsk): Promise<Acquired> {
      const keys = [flightKey(name), scopeKey(scope), originKey(origin)]
      const args = [owner, askText(ask), attemptTimeoutMs, leaseMs, MEMORY_MS, firstWaitText(ask)]
      const [kind, first, second] = listOf(await redis.run(ACQUIRE, keys, args))
      switch (kind) {
        case 'lead':
          return { kind, isPaced: Number(first) === 1 }
        case 'ended':
          return { kind }
        case 'done':
          return { kind, sealed: String(first), ageMs: Number(second) }
        case 'held':
          return { kind, row: rowOf(String(first)), now: Number(second) }
        case 'pending':
          return { kind, leaseMs: Number(first), openMs: Number(second) }
        default:
          return { kind: 'limited', waitMs: Number(first) }
      }
    },

    async finish({ name, origin, owner }: RedisFlight, finish: Finish): Promise<Finished> {
      const { result, ask, news, ageMs, roll } = finish
      const isDone = typeof result === 'string'
      const [kind, waiters, row, now] = listOf(
        await redis.run(
          FINISH,
          [flightKey(name), originKey(origin)],
          [
            owner,
            channel,
            name,
            newsText(news),
            MEMORY_MS,
            isDone ? '' : askText(ask),
            isDone ? 0 : roll,
            isDone ? 'done' : result.kind,
            isDone ? result : resultText(result),
            replayWindowMs,
            ageMs,
          ],
        ),
      )
      if (kind !== 'settled') return { kind: kind === 'ended' ? 'ended' : 'lost' }
      return { kind, waiters: Number(waiters), row: row ? rowOf(String(row)) : null, now: Number(now) }
    },

    /** Renews the lease of the sender. */
    renew: ({ name, owner }: RedisFlight) => redis.run(RENEW, [flightKey(name)], [owner, leaseMs]),

    /** A logout: of one token (`name` is not empty), and of the whole session. */
    bury(name: string, scope: string, isWhole: boolean) {
      const keepMs = attemptTimeoutMs + replayWindowMs + STRAGGLERS_MS
      return redis.run(END, [flightKey(name), scopeKey(scope)], [channel, name, keepMs, isWhole ? '1' : '0'])
    },
  }
}

function listOf(answer: unknown): readonly unknown[] {
  if (!Array.isArray(answer)) throw new Error('Redis answered something else than a list.')
  return answer
}
