import type { Clock } from '../base/clock.ts'

/** A clock for tests. It stands still until the test moves it. */
export interface VirtualClock extends Clock {
  /** Moves both clocks on and fires no timer, as if the machine slept until then. */
  sleepUntil(wall: number): void
  /** Fires every timer that is due now, each once. Returns whether there was one. */
  fire(): boolean
}

interface Timer {
  readonly at: number
  readonly fire: () => void
}

/**
 * A clock for drivers and tests. It stands still until the test moves it. `start`: milliseconds since the Unix epoch.
 *
 * @example
 * const clock = virtualClock()
 * const session = createSession({ baseUrl, strategies, clock })
 * clock.sleepUntil(clock.wall() + 60_000)
 * clock.fire()
 */
export function virtualClock(start = Date.UTC(2026, 0, 1)): VirtualClock {
  let now = start
  let timers: readonly Timer[] = []
  return {
    wall: () => now,
    monotonic: () => now - start,
    setTimer(fire, delayMs) {
      const timer = { at: now + delayMs, fire }
      timers = [...timers, timer]
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    sleepUntil(wall) {
      now = Math.max(now, wall)
    },
    fire() {
      const due = timers.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at)
      timers = timers.filter((timer) => !due.includes(timer))
      for (const timer of due) timer.fire()
      return due.length > 0
    },
  }
}
