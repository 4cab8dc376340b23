import type { Clock } from '../base/clock.ts'
import type { SessionNotice } from '../session/notice.ts'
import type { ServerNotice } from './notice.ts'

const EVERY_MS = 10_000

/**
 * Of a herd that a limiter holds each session is told to wait, and nothing is sent: whoever observes hears how many there
 * were, now and then.
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

/** Tells the notices of one session's refreshes that came to nothing because nothing was sent. */
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
