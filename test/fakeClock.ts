import type { Clock } from '../src/base/clock.ts'

export interface PendingTimer {
  /** Milliseconds from now until it fires. */
  readonly inMs: number
  readonly kind: 'background' | 'foreground'
}

export interface FakeClock extends Clock {
  /** Moves both clocks and fires the timers that come due, each at its own instant. */
  advance(ms: number): void
  /** Moves the wall clock alone, in either direction. Timers run on the monotonic clock. */
  jumpWall(ms: number): void
  /** The armed timers, the next one first. */
  pending(): PendingTimer[]
}

const START = Date.UTC(2026, 0, 1)
const MAX_DELAY_MS = 2 ** 31 - 1
/** More timers at one instant than this, and somebody arms them in a circle. */
const MAX_AT_ONCE = 10_000

/** A clock that moves only when told. Refuses the delays that real timers get wrong, and timers armed in a circle. */
export function fakeClock(startMs = START): FakeClock {
  let wallOffset = startMs
  let elapsed = 0
  /** The next one first. */
  const armed: { readonly at: number; readonly kind: PendingTimer['kind']; readonly fire: () => void }[] = []

  return {
    wall: () => wallOffset + elapsed,
    monotonic: () => elapsed,
    setTimer(fire, delayMs, kind) {
      if (!(delayMs >= 0 && delayMs <= MAX_DELAY_MS)) throw new RangeError(`A timer of ${delayMs} ms`)
      const timer = { at: elapsed + delayMs, kind, fire }
      // Of two timers for one instant, the one armed first fires first.
      armed.splice(armed.findLastIndex(({ at }) => at <= timer.at) + 1, 0, timer)
      return () => {
        const place = armed.indexOf(timer)
        if (place >= 0) armed.splice(place, 1)
      }
    },
    advance(ms) {
      const end = elapsed + ms
      let atOnce = 0
      for (let next = armed[0]; next && next.at <= end; next = armed[0]) {
        armed.shift()
        atOnce = next.at > elapsed ? 0 : atOnce + 1
        if (atOnce > MAX_AT_ONCE) throw new RangeError(`Timers in a circle at ${elapsed} ms`)
        elapsed = Math.max(elapsed, next.at)
        next.fire()
      }
      elapsed = Math.max(elapsed, end)
    },
    jumpWall(ms) {
      wallOffset += ms
    },
    pending: () => armed.map(({ at, kind }) => ({ inMs: at - elapsed, kind })),
  }
}
