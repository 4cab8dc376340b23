import type { Clock } from '../base/clock.ts'

/** So many sessions are served while the store is away; of the others nothing is remembered. */
const MAX_RECORDS = 10_000

/** The records that were read or written a moment ago, for when the store cannot be asked (RFC 5861, stale-if-error). */
export function recentRecords<Opened extends { readonly revision: number }>(clock: Clock, forMs: number) {
  // A Map keeps the order of insertion, so the first entry is the oldest.
  const recent = new Map<string, { readonly opened: Opened; readonly at: number }>()

  return {
    /** What the store has just said of `key`, an end included; `undefined`: nothing. */
    note(key: string, opened: Opened | undefined) {
      if (forMs === 0) return
      const known = recent.get(key)?.opened.revision ?? 0
      // A read that was under way while somebody wrote tells what was before.
      if (opened && opened.revision < known) return
      recent.delete(key)
      const now = clock.monotonic()
      for (const [oldest, { at }] of recent) {
        if (now - at < forMs && recent.size < MAX_RECORDS) break
        recent.delete(oldest)
      }
      if (opened) recent.set(key, { opened, at: now })
    },
    /** What it said not longer ago than the limit. */
    of(key: string): Opened | undefined {
      const found = recent.get(key)
      return found && clock.monotonic() - found.at < forMs ? found.opened : undefined
    },
  }
}
