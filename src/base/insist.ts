import type { Clock } from './clock.ts'

/** Between two tries; doubled after each, up to the last. */
const FIRST_MS = 500
const LAST_MS = 15_000

/** Repeats a write until it succeeds: others need what it tells as soon as the store is back. Answers what stops it. */
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
