import type { Clock } from '../session/clock.ts'

/** Runs `task` while no other tab runs one under the same name, and tells it whether that could be had. */
export type Lock = <T>(task: (isHeld: boolean) => Promise<T>) => Promise<T>

/** A frozen tab keeps its lock for hours. */
const MAX_WAIT_MS = 5_000

/**
 * A Web Lock that cannot be in the way: where there are no locks, or the holder does not let go in time, `task` runs
 * without it, and what it does must be safe then.
 */
export function createLock(name: string, clock: Clock): Lock {
  return async <T>(task: (isHeld: boolean) => Promise<T>) => {
    let running: Promise<T> | undefined
    const waiting = new AbortController()
    const disarm = clock.setTimer(() => waiting.abort(), MAX_WAIT_MS, 'background')
    try {
      await navigator.locks.request(name, { signal: waiting.signal }, () => {
        disarm()
        running = task(true)
        // A task that fails gives the lock back as one that succeeds does.
        return running.then(
          () => {},
          () => {},
        )
      })
    } catch {
      // None here, the wait was too long, or the lock was stolen: a task that runs goes on.
    }
    disarm()
    return running ?? task(false)
  }
}
