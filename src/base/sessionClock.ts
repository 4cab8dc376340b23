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
export const createSessionClock = (clock: Clock): SessionClock => new JoinedClock(clock)

class JoinedClock implements SessionClock {
  readonly #clock: Clock
  #wallOffset = 0
  #monotonicOffset: number
  #last: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#monotonicOffset = clock.wall() - clock.monotonic()
    this.#last = clock.wall()
  }

  now(): number {
    const wall = this.#clock.wall() + this.#wallOffset
    const monotonic = this.#clock.monotonic() + this.#monotonicOffset
    if (wall - monotonic > JUMP_MS) this.#monotonicOffset += wall - monotonic
    if (monotonic - wall > JUMP_MS) this.#wallOffset += monotonic - wall
    this.#last = Math.max(this.#last, Math.floor(Math.max(wall, monotonic)))
    return this.#last
  }

  setTimer(...[fire, delayMs, kind]: Parameters<Clock['setTimer']>): () => void {
    return this.#clock.setTimer(fire, delayMs, kind)
  }
}
