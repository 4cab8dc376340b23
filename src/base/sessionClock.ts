import type { Clock } from './clock.ts'

/** The time of one session. Every reader of its instants reads this clock, so that all of them agree. */
export interface SessionClock extends Pick<Clock, 'setTimer'> {
  /** Milliseconds since the Unix epoch, whole. Never runs backwards, whatever is done to the wall clock. */
  now(): number
}

/** A jump is a difference between the clocks that drift cannot explain. */
const JUMP_MS = 1_000

/**
 * One time for the session, from two clocks that each fail in their own way: the wall clock may be set back,
 * the monotonic one may stand still while the machine sleeps. Follows whichever ran further, never runs
 * backwards, and equals the wall clock until that is set back.
 */
export function createSessionClock(clock: Clock): SessionClock {
  let wallOffset = 0
  let monotonicOffset = clock.wall() - clock.monotonic()
  let last = clock.wall()
  return {
    now() {
      const wall = clock.wall() + wallOffset
      const monotonic = clock.monotonic() + monotonicOffset
      if (wall - monotonic > JUMP_MS) monotonicOffset += wall - monotonic
      if (monotonic - wall > JUMP_MS) wallOffset += monotonic - wall
      last = Math.max(last, Math.floor(Math.max(wall, monotonic)))
      return last
    },
    setTimer: (fire, delayMs, kind) => clock.setTimer(fire, delayMs, kind),
  }
}
