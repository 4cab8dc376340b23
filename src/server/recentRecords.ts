import type { Clock } from '../base/clock.ts'

/** The number of sessions that can be served while the store is away. Others are forgotten. */
const MAX_RECORDS = 10_000

/** The records that were read or written a moment ago, for a time without the store (RFC 5861, stale-if-error). */
export function recentRecords<Opened extends { readonly revision: number }>(clock: Clock, forMs: number) {
  // A Map keeps the order of insertion, so the first entry is the oldest.
  const recent = new Map<string, { readonly opened: Opened; readonly at: number }>()

  return {
    /** The store's newest answer for `key`, also an end; `undefined`: it has none. */
    note(key: string, opened: Opened | undefined) {
      if (forMs === 0) return
      const known = recent.get(key)?.opened.revision ?? 0
      // A read that ran during a write returns the older record.
      if (opened && opened.revision < known) return
      recent.delete(key)
      const now = clock.monotonic()
      for (const [oldest, { at }] of recent) {
        if (now - at < forMs && recent.size < MAX_RECORDS) break
        recent.delete(oldest)
      }
      if (opened) recent.set(key, { opened, at: now })
    },
    /** The last record, if it is not older than the limit. */
    of(key: string): Opened | undefined {
      const found = recent.get(key)
      return found && clock.monotonic() - found.at < forMs ? found.opened : undefined
    },
  }
}
