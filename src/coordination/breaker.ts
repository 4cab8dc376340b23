import type { Clock } from '../session/clock.ts'

/** A limiter that names no time. */
const DEFAULT_MS = 10_000
/** No limiter's word is taken for longer. */
const MAX_MS = 300_000

/** Holds back every send to an origin whose limiter spoke. */
export interface Breaker {
  /** Opens for `retryAfterMs`, at most 5 minutes; 10 s where it is absent or no number. Never shortens. */
  open(origin: string, retryAfterMs: number | undefined): void
  /** Milliseconds until the next send is allowed; 0: now. */
  remainingMs(origin: string): number
}

export function breaker(clock: Clock): Breaker {
  const openUntil = new Map<string, number>()

  function remainingMs(origin: string): number {
    const remaining = (openUntil.get(origin) ?? 0) - clock.monotonic()
    if (remaining > 0) return Math.ceil(remaining)
    openUntil.delete(origin)
    return 0
  }

  return {
    open(origin, retryAfterMs) {
      const asked = retryAfterMs !== undefined && retryAfterMs >= 0 ? retryAfterMs : DEFAULT_MS
      const waitMs = Math.min(asked, MAX_MS)
      if (waitMs > remainingMs(origin)) openUntil.set(origin, clock.monotonic() + waitMs)
    },
    remainingMs,
  }
}
