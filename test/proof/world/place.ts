import type { Clock } from '../../../src/base/clock.ts'
import type { Due, Timeline } from './timeline.ts'

/** The wall clock at the start, where it is right. */
export const START = Date.UTC(2026, 0, 1)
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
  /** Moves its wall clock alone, in either direction. */
  jump(ms: number): void
  /** What its wall clock is ahead of the true time. */
  offset(): number
  isAlive(): boolean
  isStill(): boolean
}

export interface PlaceOptions {
  readonly timeline: Timeline
  readonly name: string
  /** @default 0 */
  readonly offsetMs?: number
  /** How much later than asked every timer fires. @default 0 */
  readonly lateMs?: number
  /** Told of delays that a real timer gets wrong. @default throws */
  readonly onBadDelay?: (ms: number) => void
  /** Where the caller of `setTimer` stands, for who must tell timers apart. */
  readonly placeHere?: () => Due['place']
}

function refuse(ms: number): never {
  throw new RangeError(`A timer of ${ms} ms`)
}

export function createPlace(options: PlaceOptions): Place {
  const { timeline, name, lateMs = 0, onBadDelay = refuse, placeHere } = options
  const { now } = timeline
  let offset = options.offsetMs ?? 0
  let slept = 0
  let asleepSince: number | undefined
  let stillUntil = 0
  let isAlive = true
  let waiting: (() => void)[] = []

  const monotonic = () => (asleepSince ?? now()) - slept
  const arm = (at: number, run: () => void, more: Pick<Due, 'kind' | 'place'> = { kind: 'foreground' }) =>
    timeline.arm({ ...more, owner: name, at, run })

  function deliver(run: () => void): void {
    if (!isAlive) return
    if (now() < stillUntil) waiting.push(run)
    else run()
  }

  function standStill(ms: number, onEnd: () => void): void {
    stillUntil = Math.max(stillUntil, now() + ms)
    arm(stillUntil, () => {
      onEnd()
      if (!isAlive || now() < stillUntil) return
      const due = waiting
      waiting = []
      // One after the other, each to its end.
      for (const run of due) arm(now(), () => deliver(run))
    })
  }

  return {
    name,
    clock: {
      wall: () => START + now() + offset,
      monotonic,
      setTimer(fire, delayMs, kind) {
        if (!(delayMs >= 0 && delayMs <= MAX_DELAY_MS)) onBadDelay(delayMs)
        if (!isAlive) return () => {}
        const more = { kind, place: placeHere?.() }
        const at = monotonic() + Math.max(0, delayMs || 0) + lateMs
        let isArmed = true
        let disarm = () => {}
        // It fires when the monotonic clock says so: a machine that slept has its timers later.
        const wait = () => {
          disarm = arm(
            at + (now() - monotonic()),
            () =>
              deliver(() => {
                if (!isArmed) return
                if (at > monotonic()) wait()
                else fire()
              }),
            more,
          )
        }
        wait()
        return () => {
          isArmed = false
          disarm()
        }
      },
    },
    deliver,
    after: (ms, run) => void arm(now() + ms, () => deliver(run)),
    pause: (ms) => standStill(ms, () => {}),
    sleep(ms) {
      if (asleepSince !== undefined) return
      asleepSince = now()
      standStill(ms, () => {
        slept += now() - (asleepSince ?? now())
        asleepSince = undefined
      })
    },
    kill() {
      isAlive = false
      waiting = []
    },
    jump(ms) {
      offset += ms
    },
    offset: () => offset,
    isAlive: () => isAlive,
    isStill: () => now() < stillUntil,
  }
}
