import { MAX_HOLD_MS } from '../../machines/session.ledger.ts'

/** The numbers of the pace. */
export const PACE = {
  /** No limit is known. Finite, so that it survives JSON and Lua. */
  unlimited: 1e9,
  /** The hold if a limiter names no time and no send has succeeded lately; milliseconds. */
  untoldMs: 10_000,
  /** A limiter's time is never believed for longer. */
  maxClosedMs: MAX_HOLD_MS,
  /** The slowest pace; sends a second. */
  minRate: 0.5,
  /** The part of the pace that remains when the backend says that it is too fast. */
  decrease: 0.7,
  /** The increase by each success, below the earlier good pace and above it; sends a second. */
  recovery: 1,
  increase: 0.05,
  /** How long successes count for the rate of the backend. */
  recentMs: 1_000,
  /** The longest wait. A caller further behind gets some instant of its second half. */
  maxPlaceMs: 120_000,
  /** The limiter is forgotten this long after its last answer. */
  memoryMs: 600_000,
} as const

/**
 * How fast tokens may be sent to one origin. A token bucket; additive increase and multiplicative decrease find its
 * rate.
 */
export interface Pace {
  /** Sends a second. */
  readonly rate: number
  /** The rate up to which a recovery is quick: seven tenths of the backend's last rate. */
  readonly threshold: number
  /** The sends that are permitted now, as of `at`. */
  readonly tokens: number
  readonly at: number
  /** The last place that was given. */
  readonly queueAt: number
  /** Nobody sends before this instant (`Retry-After`). */
  readonly closedUntil: number
  /** The last decrease: earlier sends say nothing new. */
  readonly cutAt: number
  /** The successes of the last second or so, as of `wonAt`. */
  readonly wins: number
  readonly wonAt: number
}

/** A caller that wants to send. */
export interface PaceAsk {
  /** The place that it got earlier; `Infinity`: none. When its place has come, it goes before new callers. */
  readonly placeAt: number
  /** A user waits for it: only a `Retry-After` holds it. */
  readonly isEarly: boolean
}

/** What one send says about the pace. */
export type PaceNews =
  | { readonly kind: 'won' }
  | { readonly kind: 'overloaded'; readonly retryAfterMs?: number | undefined; readonly isLimiter: boolean }

export const freshPace = (now: number): Pace => ({
  rate: PACE.unlimited,
  threshold: PACE.unlimited,
  tokens: 0,
  at: now,
  queueAt: 0,
  closedUntil: 0,
  cutAt: 0,
  wins: 0,
  wonAt: now,
})

const recentWins = ({ wins, wonAt }: Pace, now: number) =>
  wins * Math.exp(-Math.max(now - wonAt, 0) / PACE.recentMs)

const burst = (rate: number) => Math.max(1, rate / 10)

/**
 * Whether a token may be sent to the origin now (`waitMs` 0), or its place in the line. A caller whose place has come
 * goes first. A new caller goes if nobody waits, or if the callers with places did not come.
 */
export function enter(
  pace: Pace,
  { placeAt, isEarly }: PaceAsk,
  now: number,
): { pace: Pace; waitMs: number } {
  const { rate, closedUntil, queueAt } = pace
  const filled = (at: number) =>
    Math.min(burst(rate), pace.tokens + (rate * Math.max(at - pace.at, 0)) / 1_000)
  const tokens = filled(now)
  if (now >= closedUntil) {
    if (rate >= PACE.unlimited) return { pace, waitMs: 0 }
    const isFree = queueAt <= now || tokens >= burst(rate)
    if (isEarly || (tokens >= 1 && (placeAt <= now || isFree)))
      return { pace: { ...pace, tokens: Math.max(tokens - 1, 0), at: now }, waitMs: 0 }
  }
  // A caller that comes too early keeps its place.
  if (placeAt > now && placeAt >= closedUntil && placeAt <= queueAt) return { pace, waitMs: placeAt - now }
  const opens = Math.max(now, closedUntil)
  const gap = 1_000 / rate
  const first = opens + Math.max(1 - filled(opens), 0) * gap
  const next = Math.max(queueAt + gap, first)
  // At the end of a full line all callers would get one instant. They queue again where places are no promise.
  const place = next <= opens + PACE.maxClosedMs ? next : opens + PACE.maxPlaceMs
  const behind = place - opens
  const half = PACE.maxPlaceMs / 2
  const waitMs = opens - now + (behind > PACE.maxPlaceMs ? half + (behind % half) : behind)
  return { pace: { ...pace, tokens, at: now, queueAt: place }, waitMs: Math.max(waitMs, 1) }
}

/** The pace after the outcome of a send that was made at `sentAt`. */
export function learned(pace: Pace, news: PaceNews, sentAt: number, now: number): Pace {
  const wins = recentWins(pace, now)
  if (news.kind === 'won') {
    const isForgotten = now - pace.cutAt > PACE.memoryMs
    const grown = pace.rate + (pace.rate < pace.threshold ? PACE.recovery : PACE.increase)
    return {
      ...pace,
      rate: isForgotten ? PACE.unlimited : Math.min(grown, PACE.unlimited),
      wins: wins + 1,
      wonAt: now,
    }
  }
  const { retryAfterMs, isLimiter } = news
  const told = retryAfterMs !== undefined && retryAfterMs >= 0 ? retryAfterMs : undefined
  // A backend that serves many needs no waits.
  const closedMs = told ?? (isLimiter && wins < 2 ? PACE.untoldMs : 0)
  const closedUntil = Math.max(pace.closedUntil, now + Math.min(closedMs, PACE.maxClosedMs))
  if (sentAt < pace.cutAt) return { ...pace, closedUntil }
  return {
    ...pace,
    rate: Math.max(PACE.minRate, Math.min(pace.rate, wins) * PACE.decrease),
    threshold: wins >= 1 ? wins * PACE.decrease : pace.threshold,
    tokens: 0,
    at: now,
    closedUntil,
    cutAt: now,
    wins,
    wonAt: now,
  }
}
