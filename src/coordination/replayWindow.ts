import type { Clock } from '../base/clock.ts'

export interface Remembered<T> {
  readonly value: T
  /** Milliseconds since it was remembered, on the monotonic clock. */
  readonly ageMs: number
}

/** Recent entries by key, limited in time and number. */
export interface ReplayWindow<T> {
  get(key: string): Remembered<T> | undefined
  /** Remembers `value` from now on, for `keepMs` if that is longer. Above the limit the oldest entry is dropped. */
  set(key: string, value: T, keepMs?: number): void
  delete(key: string): void
  entries(): [key: string, value: T][]
}

interface Kept<T> {
  readonly value: T
  readonly at: number
  readonly keepMs: number
}

/** It sets no timer: old entries are dropped at a read or a write. */
export function replayWindow<T>(windowMs: number, maxEntries: number, clock: Clock): ReplayWindow<T> {
  // A Map keeps the order of insertion, so the first entry is the oldest.
  const recent = new Map<string, Kept<T>>()
  /** Entries that are kept longer than the window are separate, so that not every call goes through all of them. */
  const lasting = new Map<string, Kept<T>>()

  function sweep(): void {
    for (const kept of [lasting, recent])
      for (const [key, entry] of kept) {
        const ageMs = clock.monotonic() - entry.at
        const isOver = ageMs >= (kept === recent ? windowMs : entry.keepMs)
        if (!isOver && recent.size + lasting.size <= maxEntries) break
        kept.delete(key)
        if (isOver && ageMs < entry.keepMs) lasting.set(key, entry)
      }
  }

  function forget(key: string): void {
    recent.delete(key)
    lasting.delete(key)
  }

  return {
    get(key) {
      sweep()
      const found = recent.get(key) ?? lasting.get(key)
      return found && { value: found.value, ageMs: clock.monotonic() - found.at }
    },
    set(key, value, keepMs = windowMs) {
      forget(key)
      recent.set(key, { value, at: clock.monotonic(), keepMs: Math.max(keepMs, windowMs) })
      sweep()
    },
    delete: forget,
    entries() {
      sweep()
      return [...lasting, ...recent].map(([key, { value }]) => [key, value])
    },
  }
}
