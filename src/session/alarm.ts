import { clampDelay } from '../../machines/session.deadlines.ts'
import type { Clock } from './clock.ts'

/** One timer for the nearest of a session's deadlines. Instants are on the session's timeline. */
export function createAlarm(clock: Clock, now: () => number, ring: () => void) {
  let disarm = () => {}
  return {
    /** Replaces what was armed. `Infinity` arms nothing. A far instant is reached in several steps. */
    arm(instant: number) {
      disarm()
      disarm = () => {}
      if (instant < Infinity) disarm = clock.setTimer(ring, clampDelay(instant - now()), 'background')
    },
  }
}
