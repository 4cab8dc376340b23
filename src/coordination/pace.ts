/** The numbers of the pace. */
export const PACE = {
  /** Nothing is known of a limit. Finite, so that it survives JSON and Lua. */
  unlimited: 1e9,
  /** A limiter that names no time, and of which nobody has seen a success lately; milliseconds. */
  untoldMs: 10_000,
  /** No limiter's word is taken for longer. */
  maxClosedMs: 300_000,
  /** The slowest pace; sends a second. */
  minRate: 0.5,
  /** What is left of the pace when the backend says that it is too fast. */
  decrease: 0.7,
  /** What each success adds, below the pace that was good before and above it; sends a second. */
  recovery: 1,
  increase: 0.05,
  /** How long successes count for what the backend bears. */
  recentMs: 1_000,
  /** Nobody is sent away for longer than that; whoever is further behind is told some instant of its second half. */
  maxPlaceMs: 120_000,
  /** So long after the last word of a limiter it is forgotten. */
  memoryMs: 600_000,
} as const

/** How fast tokens may be sent to one origin. A token bucket, its rate found by additive increase, multiplicative decrease. */
export interface Pace {
  /** Sends a second. */
  readonly rate: number
  /** The rate up to which a recovery is quick: seven tenths of what the backend bore last. */
  readonly threshold: number
  /** Sends that are permitted now, as of `at`. */
  readonly tokens: number
  readonly at: number
  /** The last place that somebody was told. */
  readonly queueAt: number
  /** Nobody sends earlier (`Retry-After`). */
  readonly closedUntil: number
  /** The last decrease: what was sent before is no news. */
  readonly cutAt: number
  /** Successes of the last second or so, as of `wonAt`. */
  readonly wins: number
  readonly wonAt: number
}

/** Who wants to send. */
export interface PaceAsk {
  /** The place that it was told before; `Infinity`: none. Once the place has come, it goes before those who come now. */
  readonly placeAt: number
  /** A user waits for it: only a `Retry-After` holds. */
  readonly isEarly: boolean
}

/** What one send tells of the pace. */
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
 * Whether a token may be sent to the origin now (`waitMs` 0), or its place in the line. Whoever's place has come goes
 * first; who comes now goes where nobody waits, or where those who were told a place did not come for it.
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
  // Who comes too early keeps its place.
  if (placeAt > now && placeAt >= closedUntil && placeAt <= queueAt) return { pace, waitMs: placeAt - now }
  const opens = Math.max(now, closedUntil)
  const gap = 1_000 / rate
  const first = opens + Math.max(1 - filled(opens), 0) * gap
  const next = Math.max(queueAt + gap, first)
  // At the end of a line that is full all would be told one instant: they begin anew where places are no promise.
  const place = next <= opens + PACE.maxClosedMs ? next : opens + PACE.maxPlaceMs
  const behind = place - opens
  const half = PACE.maxPlaceMs / 2
  const waitMs = opens - now + (behind > PACE.maxPlaceMs ? half + (behind % half) : behind)
  return { pace: { ...pace, tokens, at: now, queueAt: place }, waitMs: Math.max(waitMs, 1) }
}

/** The pace after what became of a send that was made at `sentAt`. */
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
  // Of a backend that serves many nobody needs to be told how long to wait.
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
