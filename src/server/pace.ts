import type { Clock } from '../session/clock.ts'
import type { PaceOptions } from './options.ts'

/**
 * Keeps this server below a limiter that logins and refreshes share. Logins always pass, and count; refreshes wait
 * while only what is reserved for logins is left. A login that the backend counts for its visitor is not counted here.
 */
export function createPace({ max, windowMs, reservedForLogins }: Required<PaceOptions>, clock: Clock) {
  let spent: number[] = []

  function count(): number {
    const since = clock.monotonic() - windowMs
    spent = spent.filter((at) => at > since)
    return spent.length
  }

  return {
    login() {
      // What the limiter turns away is not remembered: a flood keeps nobody waiting for longer than its window.
      if (count() < max) spent.push(clock.monotonic())
    },
    /** Takes one, or answers how long there will be none; milliseconds. */
    refresh(): number {
      const budget = Math.max(1, max - reservedForLogins)
      if (count() < budget) {
        spent.push(clock.monotonic())
        return 0
      }
      const first = spent[spent.length - budget] ?? clock.monotonic()
      return Math.max(1, first + windowMs - clock.monotonic())
    },
  }
}

export type Pace = ReturnType<typeof createPace>
