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
  const recent = inOrder<Kept<T>>()
  /** Entries that are kept longer than the window are separate, so that not every call goes through all of them. */
  const lasting = inOrder<Kept<T>>()

  function sweep(): void {
    const now = clock.monotonic()
    for (const line of [lasting, recent])
      for (let oldest = line.oldest(); oldest; oldest = line.oldest()) {
        const [key, entry] = oldest
        const ageMs = now - entry.at
        const isOver = ageMs >= (line === recent ? windowMs : entry.keepMs)
        if (!isOver && recent.entries.size + lasting.entries.size <= maxEntries) break
        line.entries.delete(key)
        if (isOver && ageMs < entry.keepMs) lasting.entries.set(key, entry)
      }
  }

  function forget(key: string): void {
    recent.entries.delete(key)
    lasting.entries.delete(key)
  }

  return {
    get(key) {
      sweep()
      const found = recent.entries.get(key) ?? lasting.entries.get(key)
      return found && { value: found.value, ageMs: clock.monotonic() - found.at }
    },
    set(key, value, keepMs = windowMs) {
      forget(key)
      recent.entries.set(key, { value, at: clock.monotonic(), keepMs: Math.max(keepMs, windowMs) })
      sweep()
    },
    delete: forget,
    entries() {
      sweep()
      return [...lasting.entries, ...recent.entries].map(([key, { value }]) => [key, value])
    },
  }
}

/**
 * Entries in the order in which they came. A Map keeps the places of deleted entries for a while, and each new walk goes
 * through them. So one walk goes on from call to call, and the oldest of 10 000 entries costs no more than that of ten.
 */
function inOrder<T>() {
  const entries = new Map<string, T>()
  let walk = entries.entries()
  let reached: [string, T] | undefined

  function oldest(): [string, T] | undefined {
    while (!reached || entries.get(reached[0]) !== reached[1]) {
      const { value, done } = walk.next()
      reached = value
      if (!done) continue
      walk = entries.entries()
      break
    }
    return reached
  }

  return { entries, oldest }
}
