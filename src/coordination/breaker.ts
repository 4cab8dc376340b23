import type { Clock } from '../base/clock.ts'

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
  /** On the monotonic clock. */
  const openUntil = new Map<string, number>()
  const endOf = (origin: string) => openUntil.get(origin) ?? 0

  return {
    open(origin, retryAfterMs = DEFAULT_MS) {
      const asked = retryAfterMs >= 0 ? retryAfterMs : DEFAULT_MS
      openUntil.set(origin, Math.max(endOf(origin), clock.monotonic() + Math.min(asked, MAX_MS)))
    },
    remainingMs: (origin) => Math.max(0, Math.ceil(endOf(origin) - clock.monotonic())),
  }
}
