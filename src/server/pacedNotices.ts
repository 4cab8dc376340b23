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
  let isArmed = false

  function tell() {
    isArmed = false
    toldAt = clock.monotonic()
    notify({ type: 'refreshesPaced', count })
    count = 0
  }

  return () => {
    count++
    if (isArmed) return
    const restMs = toldAt + EVERY_MS - clock.monotonic()
    if (restMs <= 0) return tell()
    // Nobody may come after this one.
    isArmed = true
    clock.setTimer(tell, restMs, 'background')
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
