import type { Clock } from '../base/clock.ts'

/** Runs `task` while no other tab runs one under the same name, and tells it whether that could be ensured. */
export type Lock = <T>(task: (isHeld: boolean) => Promise<T>) => Promise<T>

/** A frozen tab keeps its lock for hours. */
const MAX_WAIT_MS = 5_000

/**
 * A Web Lock that cannot block for ever. If there are no locks, the holder does not release it in time, or the platform
 * never answers, `task` runs without it, and must be safe without it.
 */
export function createLock(name: string, clock: Clock): Lock {
  return <T>(task: (isHeld: boolean) => Promise<T>) =>
    new Promise<T>((resolve) => {
      let isBegun = false
      const waiting = new AbortController()
      function begin(isHeld: boolean): Promise<void> | undefined {
        disarm()
        // A lock that is granted too late is released at once.
        if (isBegun) return undefined
        isBegun = true
        const running = task(isHeld)
        resolve(running)
        // A failing task releases the lock too.
        return running.then(
          () => {},
          () => {},
        )
      }
      const disarm = clock.setTimer(
        () => {
          waiting.abort()
          begin(false)
        },
        MAX_WAIT_MS,
        'background',
      )
      // There are no locks, the wait was too long, or the lock was stolen. A running task goes on.
      const goOn = () => void begin(false)
      try {
        navigator.locks.request(name, { signal: waiting.signal }, () => begin(true)).catch(goOn)
      } catch {
        goOn()
      }
    })
}
