import type { Clock } from '../../src/base/clock.ts'
import { placeHere } from './placeHere.ts'

export interface Timer {
  readonly owner: string
  readonly at: number
  /** Where in the sources it was armed. */
  readonly place: () => string | undefined
  readonly fire: () => void
}

export type StepClock = ReturnType<typeof createStepClock>

/** The wall clock at the start; every clock here counts from it. */
export const START = Date.UTC(2026, 0, 1)
const MAX_DELAY_MS = 2 ** 31 - 1

/** A clock for several processes, on which one timer after the other fires, and only when told. `bind`: to where it was armed. */
export function createStepClock(bind: (fire: () => void) => () => void) {
  let elapsed = 0
  let armed: Timer[] = []

  const of = (owner: string): Clock => ({
    wall: () => START + elapsed,
    monotonic: () => elapsed,
    setTimer(fire, delayMs, kind) {
      if (!(delayMs >= 0 && delayMs <= MAX_DELAY_MS)) throw new RangeError(`A timer of ${delayMs} ms`)
      // What is due already, and nobody waits for, is no choice.
      if (delayMs === 0 && kind === 'background') {
        let isArmed = true
        queueMicrotask(() => isArmed && fire())
        return () => {
          isArmed = false
        }
      }
      const timer = { owner, at: elapsed + delayMs, place: armedHere(), fire: bind(fire) }
      armed.push(timer)
      // Stable: of two timers of one process for one instant, the one armed first fires first.
      armed.sort((a, b) => a.at - b.at)
      return () => {
        armed = armed.filter((other) => other !== timer)
      }
    },
  })

  return {
    of,
    now: () => elapsed,
    /** The next timer of each process that is due next. `isLate`: also of those that are due later. */
    next(isLate = false): Timer[] {
      const firsts = armed.filter(({ owner }, i) => armed.findIndex((one) => one.owner === owner) === i)
      return isLate
        ? firsts
        : firsts.filter(({ at }) => Math.max(at, elapsed) === Math.max(firsts[0]?.at ?? 0, elapsed))
    },
    /** It is this late now, and nothing has fired for it. */
    set(ms: number) {
      elapsed = Math.max(elapsed, ms)
    },
    fire(timer: Timer) {
      armed = armed.filter((other) => other !== timer)
      elapsed = Math.max(elapsed, timer.at)
      timer.fire()
    },
    /** The process is gone. */
    drop(owner: string) {
      armed = armed.filter((timer) => timer.owner !== owner)
    },
    /** When the timers of each process fire, from now. */
    print: () => armed.map(({ owner, at, place }) => `${owner} ${at - elapsed} ${place()}`),
  }
}

/** A session arms its timers through its own clock, which is the same place for all of them. */
const SESSION_CLOCK = /^base\/sessionClock\.ts:/

/** Where the caller of `setTimer` stands. Two timers of one session for one instant differ by that alone. */
function armedHere(): () => string | undefined {
  // This function, `setTimer`, a session's clock, its caller.
  const places = placeHere(5)
  return () =>
    places()
      .split(' ')
      .find((place) => !SESSION_CLOCK.test(place))
}
