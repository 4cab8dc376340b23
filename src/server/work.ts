import type { Clock } from '../base/clock.ts'

/** The running work of a server, for a stop. */
export function createWork(clock: Clock) {
  const running = new Set<Promise<unknown>>()
  return {
    /** Adds `task`; a stop waits for it. */
    track<T>(task: Promise<T>): Promise<T> {
      const done = () => {
        running.delete(settled)
      }
      const settled: Promise<void> = task.then(done, done)
      running.add(settled)
      return task
    },
    /** Resolves when nothing runs and `landed` has resolved, or after `timeoutMs`. */
    async done(timeoutMs: number, landed: () => Promise<void>): Promise<void> {
      let disarm = () => {}
      const late = new Promise<void>((resolve) => {
        disarm = clock.setTimer(resolve, timeoutMs, 'foreground')
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
