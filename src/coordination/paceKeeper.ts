import type { Clock } from '../base/clock.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import { enter, freshPace, learned, PACE, type Pace } from './pace.ts'
import { paceNews } from './paceNews.ts'
import { replayWindow } from './replayWindow.ts'

/** So many are known to wait; of the others' places nobody knows, and they stand in line anew. */
const MAX_PLACES = 100_000

/** The pace of each origin, in this process. */
export function paceKeeper(clock: Clock) {
  const paces = new Map<string, Pace>()
  /** When the place of a token comes. */
  const places = replayWindow<number>(PACE.memoryMs, MAX_PLACES, clock)
  const of = (origin: string) => paces.get(origin) ?? freshPace(clock.monotonic())

  return {
    /** 0: `key` may be sent to `origin` now; else its place in the line, in milliseconds from now. */
    enter(origin: string, key: string, isEarly: boolean): number {
      const now = clock.monotonic()
      const placeAt = places.get(key)?.value ?? Infinity
      const { pace, waitMs } = enter(of(origin), { placeAt, isEarly }, now)
      paces.set(origin, pace)
      if (waitMs > 0) places.set(key, now + waitMs)
      else if (placeAt < Infinity) places.delete(key)
      return Math.ceil(waitMs)
    },
    /** A send that was made at `sentAt`, on the monotonic clock, has an outcome. */
    learn(origin: string, outcome: RefreshOutcome, sentAt: number) {
      const news = paceNews(outcome)
      if (news) paces.set(origin, learned(of(origin), news, sentAt, clock.monotonic()))
    },
  }
}

export type Paces = ReturnType<typeof paceKeeper>
