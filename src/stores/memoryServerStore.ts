import { type Clock, systemClock } from '../base/clock.ts'
import type { EntryWrite, ServerStore } from './serverStore.ts'

export interface MemoryEntriesOptions {
  /** @default the platform's */
  readonly clock?: Clock
}

interface Kept extends EntryWrite {
  readonly revision: number
}

/** How many entries one write looks at, on its way through all of them, for what has expired. */
const SWEEP = 4

/**
 * Keeps the sessions of one process in its memory: lost with the process, seen by no other.
 *
 * Nothing runs while nobody writes: each write looks at a few entries and forgets those that have expired.
 *
 * @example
 * const server = createSessionServer({ ...serverOptions, store: memoryServerStore() })
 */
export function memoryServerStore({ clock = systemClock }: MemoryEntriesOptions = {}): ServerStore {
  const entries = new Map<string, Kept>()
  /** A single key as it is, for a subject mostly has one. */
  const keys = new Map<string, string | Set<string>>()
  let sweep = entries.entries()

  function found(key: string): Kept | undefined {
    const kept = entries.get(key)
    return kept && kept.expiresAt > clock.wall() ? kept : undefined
  }

  function link(subject: string, key: string) {
    const known = keys.get(subject)
    if (known === undefined) keys.set(subject, key)
    else if (typeof known !== 'string') known.add(key)
    else if (known !== key) keys.set(subject, new Set([known, key]))
  }

  function unlink(subject: string, key: string) {
    const known = keys.get(subject)
    if (known === key) keys.delete(subject)
    else if (known instanceof Set) {
      known.delete(key)
      if (known.size === 0) keys.delete(subject)
    }
  }

  function forgetSome() {
    const now = clock.wall()
    for (let i = 0; i < SWEEP; i++) {
      const next = sweep.next()
      if (next.done) {
        sweep = entries.entries()
        return
      }
      const [key, { expiresAt, subject }] = next.value
      if (expiresAt > now) continue
      entries.delete(key)
      if (subject !== undefined) unlink(subject, key)
    }
  }

  return {
    async read(key) {
      const kept = found(key)
      return kept ? { value: kept.value, revision: kept.revision } : null
    },

    async compareAndSet(key, expected, { value, expiresAt, subject }) {
      const kept = found(key)
      if ((kept?.revision ?? null) !== expected) return null
      const before = entries.get(key)?.subject
      if (before !== undefined && before !== subject) unlink(before, key)
      if (subject !== undefined) link(subject, key)
      const revision = (expected ?? 0) + 1
      entries.set(key, { value, revision, expiresAt, ...(subject !== undefined && { subject }) })
      forgetSome()
      return revision
    },

    async keysOf(subject) {
      const known = keys.get(subject)
      const all = known === undefined ? [] : typeof known === 'string' ? [known] : [...known]
      return all.filter(found)
    },
  }
}
