import type { Clock } from '../../src/base/clock.ts'
import type { Time } from './time.ts'

const START = Date.UTC(2026, 0, 1)
const MAX_DELAY_MS = 2 ** 31 - 1

/** A process, or a page of a browser: what it is told of time, and what reaches it. */
export interface Place {
  readonly name: string
  readonly clock: Clock
  /** Runs what comes from outside: later if it stands still, never if it is dead. */
  deliver(run: () => void): void
  /** The same, after `ms`. */
  after(ms: number, run: () => void): void
  /** Stands still, its clocks do not: SIGSTOP, a frozen tab. */
  pause(ms: number): void
  /** Stands still, and so does its monotonic clock. */
  sleep(ms: number): void
  /** Nothing runs any more, and nothing of it is left. */
  kill(): void
  jump(ms: number): void
  /** What its wall clock is ahead of the true time. */
  offset(): number
  isAlive(): boolean
  isStill(): boolean
  /** The timers that are armed. */
  timers(): number
}

/** `onBadDelay`: told of delays that a real timer gets wrong. */
export function createPlace(
  time: Time,
  name: string,
  offsetMs: number,
  onBadDelay: (ms: number) => void,
): Place {
  let offset = offsetMs
  let slept = 0
  let asleepSince: number | undefined
  let stillUntil = 0
  let isAlive = true
  let timers = 0
  let waiting: (() => void)[] = []

  const monotonic = () => (asleepSince ?? time.now()) - slept

  function deliver(run: () => void): void {
    if (!isAlive) return
    if (time.now() < stillUntil) waiting.push(run)
    else run()
  }

  function standStill(ms: number, onEnd: () => void): void {
    stillUntil = Math.max(stillUntil, time.now() + ms)
    time.at(stillUntil, () => {
      onEnd()
      if (!isAlive || time.now() < stillUntil) return
      const due = waiting
      waiting = []
      // One after the other, each to its end.
      for (const run of due) time.at(time.now(), () => deliver(run))
    })
  }

  /** Fires when the monotonic clock says so: a machine that slept has its timers later. */
  function arm(at: number, fire: () => void): { disarm: () => void } {
    const armed = { disarm: () => {} }
    const wait = (ms: number) => {
      armed.disarm = time.at(time.now() + ms, () =>
        deliver(() => {
          const left = at - monotonic()
          if (left > 0) wait(left)
          else fire()
        }),
      )
    }
    wait(at - monotonic())
    return armed
  }

  return {
    name,
    clock: {
      wall: () => START + time.now() + offset,
      monotonic,
      setTimer(fire, delayMs) {
        if (!(delayMs >= 0 && delayMs <= MAX_DELAY_MS)) onBadDelay(delayMs)
        if (!isAlive) return () => {}
        timers += 1
        let isArmed = true
        const done = () => {
          if (isArmed) timers -= 1
          isArmed = false
        }
        const armed = arm(monotonic() + Math.max(0, delayMs || 0), () => {
          if (!isArmed) return
          done()
          fire()
        })
        return () => {
          done()
          armed.disarm()
        }
      },
    },
    deliver,
    after: (ms, run) => void time.at(time.now() + ms, () => deliver(run)),
    pause: (ms) => standStill(ms, () => {}),
    sleep(ms) {
      if (asleepSince !== undefined) return
      asleepSince = time.now()
      standStill(ms, () => {
        slept += time.now() - (asleepSince ?? time.now())
        asleepSince = undefined
      })
    },
    kill() {
      isAlive = false
      waiting = []
      timers = 0
    },
    jump(ms) {
      offset += ms
    },
    offset: () => offset,
    isAlive: () => isAlive,
    isStill: () => time.now() < stillUntil,
    timers: () => timers,
  }
}
