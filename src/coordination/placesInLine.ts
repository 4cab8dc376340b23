import type { Clock } from '../base/clock.ts'
import { PACE } from './pace.ts'
import { replayWindow } from './replayWindow.ts'

/** So many are known to wait; of the others' places nobody knows, and they stand in line anew. */
const MAX_PLACES = 100_000

/** When the place of each token comes, on the clock of its pace. */
export function placesInLine(clock: Clock) {
  const places = replayWindow<number>(PACE.memoryMs, MAX_PLACES, clock)
  return {
    /** `Infinity`: none. */
    of: (key: string): number => places.get(key)?.value ?? Infinity,
    /** `key`, whose place was `placeAt`, was told at `now` to wait so long; 0: it goes. */
    told(key: string, placeAt: number, now: number, waitMs: number): void {
      if (waitMs > 0) places.set(key, now + waitMs)
      else if (placeAt < Infinity) places.delete(key)
    },
  }
}
