import type { Clock } from '../src/base/clock.ts'
import { createPlace, START } from './proof/world/place.ts'
import { createTimeline } from './proof/world/timeline.ts'

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

/**
 * A clock that moves only when told. Refuses the delays that real timers get wrong, and timers armed in a circle.
 * `lateMs`: how much later than asked every timer fires.
 */
export function fakeClock(startMs = START, lateMs = 0): FakeClock {
  const timeline = createTimeline()
  const { now } = timeline
  const place = createPlace({
    timeline,
    name: 'a test',
    offsetMs: startMs - START,
    lateMs,
  })
  return {
    ...place.clock,
    advance(ms) {
      const end = now() + ms
      for (let next = timeline.next(); next && next.at <= end; next = timeline.next()) {
        timeline.take(next)
        if (timeline.isCircling()) throw new RangeError(`Timers in a circle at ${now()} ms`)
        void next.run()
      }
      timeline.set(end)
    },
    jumpWall: place.jump,
    pending: () => timeline.armed().map(({ at, kind }) => ({ inMs: at - now(), kind })),
  }
}
