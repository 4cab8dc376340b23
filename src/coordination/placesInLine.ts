import type { Clock } from '../base/clock.ts'
import { PACE } from './pace.ts'
import { replayWindow } from './replayWindow.ts'

/** The number of places that are remembered. A caller whose place is forgotten queues again. */
const MAX_PLACES = 100_000

/** When the place of each token comes, on the clock of its pace. */
export function placesInLine(clock: Clock) {
  const places = replayWindow<number>(PACE.memoryMs, MAX_PLACES, clock)
  return {
    /** `Infinity`: none. */
    of: (key: string): number => places.get(key)?.value ?? Infinity,
    /** At `now`, the caller of `key` was told to wait for `waitMs`; 0: it may send. Its place was `placeAt`. */
    told(key: string, placeAt: number, now: number, waitMs: number): void {
      if (waitMs > 0) places.set(key, now + waitMs)
      else if (placeAt < Infinity) places.delete(key)
    },
  }
}
