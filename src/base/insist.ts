import type { Clock } from './clock.ts'

/** The wait between two tries; doubled after each, up to the last value. */
const FIRST_MS = 500
const LAST_MS = 15_000

/**
 * Repeats a write until it succeeds, because others need its contents as soon as the store is back. Returns a function
 * that stops this.
 */
export function insist(clock: Clock, write: () => Promise<unknown>): () => void {
  let isStopped = false
  let disarm = () => {}
  const arm = (delayMs: number) => {
    if (isStopped) return
    const attempt = () => void write().catch(() => arm(Math.min(delayMs * 2, LAST_MS)))
    disarm = clock.setTimer(attempt, delayMs, 'background')
  }
  arm(FIRST_MS)
  return () => {
    isStopped = true
    disarm()
  }
}
