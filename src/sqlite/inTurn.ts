import type { Clock } from '../base/clock.ts'

/** The result code of SQLite: another process holds the lock. */
const BUSY = 5
const FIRST_MS = 2
const LAST_MS = 50

const isBusy = (error: unknown) => ((error as { errcode?: number } | undefined)?.errcode ?? 0) % 256 === BUSY

/**
 * Runs writes one after the other. While another process holds the lock, the first write tries again after a pause, for
 * at most `waitMs` since its request. Meanwhile the process does its other work.
 */
export function sqliteTurns(clock: Clock, waitMs: number) {
  let last: Promise<unknown> = Promise.resolve()

  const pause = (ms: number) => new Promise<void>((resolve) => void clock.setTimer(resolve, ms, 'foreground'))

  async function insistently<T>(write: () => T, until: number): Promise<T> {
    for (let ms = FIRST_MS; ; ms = Math.min(2 * ms, LAST_MS)) {
      try {
        return write()
      } catch (error) {
        const leftMs = until - clock.monotonic()
        if (!isBusy(error) || leftMs <= 0) throw error
        await pause(Math.min(ms, leftMs))
      }
    }
  }

  return <T>(write: () => T): Promise<T> => {
    const until = clock.monotonic() + waitMs
    const mine = last.then(() => insistently(write, until))
    last = mine.catch(() => {})
    return mine
  }
}
