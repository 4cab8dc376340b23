import type { Clock } from '../session/clock.ts'

export interface Remembered<T> {
  readonly value: T
  /** Milliseconds since it was remembered, on the monotonic clock. */
  readonly ageMs: number
}

/** What happened lately, by key. Bounded in time and number. */
export interface ReplayWindow<T> {
  get(key: string): Remembered<T> | undefined
  /** Remembers `value` from now on, for `keepMs` if that is longer; beyond the bound the oldest entry goes. */
  set(key: string, value: T, keepMs?: number): void
  delete(key: string): void
  entries(): [key: string, value: T][]
}

/** Arms no timer: what is too old is found when something is asked or added. */
export function replayWindow<T>(windowMs: number, maxEntries: number, clock: Clock): ReplayWindow<T> {
  // A Map keeps the order of insertion, so the first entry is the oldest.
  const kept = new Map<string, { readonly value: T; readonly at: number; readonly keepMs: number }>()

  function sweep(): void {
    for (const [key, { at, keepMs }] of kept) {
      const ageMs = clock.monotonic() - at
      if (kept.size <= maxEntries && ageMs < windowMs) return
      if (kept.size > maxEntries || ageMs >= keepMs) kept.delete(key)
    }
  }

  return {
    get(key) {
      sweep()
      const found = kept.get(key)
      return found && { value: found.value, ageMs: clock.monotonic() - found.at }
    },
    set(key, value, keepMs = windowMs) {
      kept.delete(key)
      kept.set(key, { value, at: clock.monotonic(), keepMs: Math.max(keepMs, windowMs) })
      sweep()
    },
    delete(key) {
      kept.delete(key)
    },
    entries() {
      sweep()
      return [...kept].map(([key, { value }]) => [key, value])
    },
  }
}
