import type { Clock } from '../../src/base/clock.ts'
import { createPlace } from '../proof/world/place.ts'
import { createTimeline, type Due } from '../proof/world/timeline.ts'
import { placeHere } from './placeHere.ts'

export type StepClock = ReturnType<typeof createStepClock>

/** A clock for several processes, on which one timer after the other fires, and only when told. `bind`: to where it was armed. */
export function createStepClock(bind: (fire: () => void) => () => void) {
  const timeline = createTimeline()
  const { now, armed } = timeline

  function of(owner: string): Clock {
    const { clock } = createPlace({
      timeline,
      name: owner,
      placeHere: armedHere,
    })
    return {
      ...clock,
      setTimer(fire, delayMs, kind) {
        // What is due already, and nobody waits for, is no choice.
        if (delayMs === 0 && kind === 'background') {
          let isArmed = true
          queueMicrotask(() => isArmed && fire())
          return () => {
            isArmed = false
          }
        }
        return clock.setTimer(bind(fire), delayMs, kind)
      },
    }
  }

  return {
    of,
    now,
    /** The next timer of each process that is due next. `isLate`: also of those that are due later. */
    next(isLate = false): Due[] {
      const all = armed()
      const firsts = all.filter(({ owner }, i) => all.findIndex((one) => one.owner === owner) === i)
      return isLate
        ? firsts
        : firsts.filter(({ at }) => Math.max(at, now()) === Math.max(firsts[0]?.at ?? 0, now()))
    },
    set: timeline.set,
    fire: (timer: Due) => void timeline.take(timer).run(),
    /** The process is gone. */
    drop: timeline.drop,
    /** When the timers of each process fire, from now. */
    print: () => armed().map(({ owner, at, place }) => `${owner} ${at - now()} ${place?.()}`),
  }
}

/** A session arms its timers through its own clock, which is the same place for all of them. */
const SESSION_CLOCK = /^base\/sessionClock\.ts:/

/** Where the caller of `setTimer` stands. Two timers of one session for one instant differ by that alone. */
function armedHere(): () => string | undefined {
  // This function, a place's `setTimer`, the checker's, a session's clock, its caller.
  const places = placeHere(6)
  return () =>
    places()
      .split(' ')
      .find((place) => !SESSION_CLOCK.test(place))
}
