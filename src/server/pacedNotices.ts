import type { Clock } from '../base/clock.ts'
import type { SessionNotice } from '../session/notice.ts'
import type { ServerNotice } from './notice.ts'

const EVERY_MS = 10_000

/**
 * When a limiter holds many sessions, each is told to wait and nothing is sent. The observer gets only their number,
 * from time to time.
 */
export function pacedNotices(clock: Clock, notify: (notice: ServerNotice) => void) {
  let count = 0
  let toldAt = -Infinity
  return () => {
    count++
    const now = clock.monotonic()
    if (now - toldAt < EVERY_MS) return
    toldAt = now
    notify({ type: 'refreshesPaced', count })
    count = 0
  }
}

/** Reports refreshes of one session that failed because nothing was sent. */
export function unsentNotices() {
  let isSent = false
  return (notice: SessionNotice): boolean => {
    if (notice.type === 'refreshSent') isSent = true
    if (notice.type !== 'refreshDeferred') return false
    const isPaced = notice.cause === 'limited' && !isSent
    isSent = false
    return isPaced
  }
}
