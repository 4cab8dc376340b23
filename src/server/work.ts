import type { Clock } from '../base/clock.ts'

/** The running work of a server, for a stop. */
export function createWork(clock: Clock) {
  const running = new Set<Promise<unknown>>()
  const stopping = new AbortController()
  const waiting = new AbortController()
  return {
    /** Aborted when the server stops. */
    draining: stopping.signal,
    /** Aborted when a stop has waited for long enough. */
    overdue: waiting.signal,
    /** Adds `task`; a stop waits for it. */
    track<T>(task: Promise<T>): Promise<T> {
      const done = () => {
        running.delete(settled)
      }
      const settled: Promise<void> = task.then(done, done)
      running.add(settled)
      return task
    },
    /** Stops. Resolves when nothing runs and `landed` has resolved, or after `timeoutMs`. */
    async stop(timeoutMs: number, landed: () => Promise<void>): Promise<void> {
      stopping.abort()
      let disarm = () => {}
      const late = new Promise<void>((resolve) => {
        const passed = () => {
          waiting.abort()
          resolve()
        }
        disarm = clock.setTimer(passed, timeoutMs, 'foreground')
      })
      const done = async () => {
        while (running.size > 0) await Promise.all(running)
        await landed()
      }
      await Promise.race([done(), late])
      disarm()
    },
  }
}
