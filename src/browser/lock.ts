import type { Clock } from '../base/clock.ts'

/** Runs `task` while no other tab runs one under the same name, if that can be ensured. */
export type Lock = <T>(task: () => Promise<T>) => Promise<T>

/** A frozen tab keeps its lock for hours. */
const MAX_WAIT_MS = 5_000

/**
 * A Web Lock that cannot block for ever. If there are no locks, the holder does not release it in time, or the platform
 * never answers, `task` runs without it, and must be safe without it.
 */
export function createLock(name: string, clock: Clock, maxWaitMs = MAX_WAIT_MS): Lock {
  return <T>(task: () => Promise<T>) =>
    new Promise<T>((resolve) => {
      const waiting = new AbortController()
      let isBegun = false
      function begin(): Promise<void> | undefined {
        disarm()
        // A lock that is granted too late is released at once.
        if (isBegun) return undefined
        isBegun = true
        const running = task()
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
          void begin()
        },
        maxWaitMs,
        'background',
      )
      // There are no locks, the wait was too long, or the lock was stolen. A running task goes on.
      try {
        navigator.locks.request(name, { signal: waiting.signal }, begin).catch(begin)
      } catch {
        void begin()
      }
    })
}
