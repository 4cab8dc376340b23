import type { Clock } from '../base/clock.ts'
import type { SessionNotice } from '../session/notice.ts'

/** A request may hold an earlier record for this long, while this many changes happen. */
const REPEAT_MS = 60_000
const MAX_NOTICES = 10_000

const ONCE: readonly string[] = ['refreshed', 'expired', 'loggedOut']

/**
 * Whether a notice of the session at `key` repeats an earlier one. A session that wakes with a record from before its
 * last renewal, or before its end, sees the renewal or the end again (I18).
 */
export function repeatedNotices(clock: Clock) {
  /** When each renewal and each end was reported, the oldest first. */
  const instants = new Map<string, number>()

  return (key: string, { type, version }: SessionNotice): boolean => {
    if (!ONCE.includes(type)) return false
    const name = `${key} ${type} ${version}`
    const now = clock.monotonic()
    for (const [oldest, at] of instants) {
      if (now - at < REPEAT_MS && instants.size < MAX_NOTICES) break
      instants.delete(oldest)
    }
    if (instants.has(name)) return true
    instants.set(name, now)
    return false
  }
}
