import type { Clock } from '../base/clock.ts'
import { enter, freshPace, learned, type Pace } from './pace.ts'
import { paceNews } from './paceNews.ts'
import type { Paces } from './paces.ts'
import { placesInLine } from './placesInLine.ts'

/** The pace of each origin, in this process. */
export function paceKeeper(clock: Clock): Paces {
  const paces = new Map<string, Pace>()
  const places = placesInLine(clock)
  const of = (origin: string) => paces.get(origin) ?? freshPace(clock.monotonic())

  return {
    enter(origin, key, isEarly) {
      const now = clock.monotonic()
      const placeAt = places.of(key)
      const { pace, waitMs } = enter(of(origin), { placeAt, isEarly }, now)
      paces.set(origin, pace)
      places.told(key, placeAt, now, waitMs)
      return Math.ceil(waitMs)
    },
    learn(origin, outcome, sentAt) {
      const news = paceNews(outcome)
      if (news) paces.set(origin, learned(of(origin), news, sentAt, clock.monotonic()))
    },
  }
}
