import { clampDelay } from '../../machines/session.deadlines.ts'
import type { Clock } from './clock.ts'

/** One timer for the nearest of a session's deadlines. Instants are on the session's timeline. */
export function createAlarm(clock: Clock, now: () => number, ring: () => void) {
  let disarm = () => {}
  return {
    /**
     * Replaces what was armed. `Infinity` arms nothing. A far instant is reached in several steps. While somebody
     * waits for it, it keeps a Node process alive.
     */
    arm(instant: number, isAwaited: boolean) {
      disarm()
      disarm = () => {}
      if (!(instant < Infinity)) return
      disarm = clock.setTimer(ring, clampDelay(instant - now()), isAwaited ? 'foreground' : 'background')
    },
  }
}
