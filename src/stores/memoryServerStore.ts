import { type Clock, systemClock } from '../base/clock.ts'
import { findingsOf } from '../base/finding.ts'
import type { EntryWrite, ServerStore } from './serverStore.ts'

export interface MemoryEntriesOptions {
  /** @default the platform's */
  readonly clock?: Clock
}

interface Kept extends Pick<EntryWrite, 'value' | 'expiresAt'> {
  readonly revision: number
  /** A single entry without a list, because most tags have one. */
  readonly tags: string | readonly string[]
}

const listOf = (tags: Kept['tags']): readonly string[] => (typeof tags === 'string' ? [tags] : tags)
const NONE: readonly string[] = []

/** How many entries one write checks for expiry, on its way through all of them. */
const SWEEP = 4

/**
 * Keeps the sessions of one process in its memory. They are lost with the process, and no other process sees them.
 *
 * No timer runs: each write checks a few entries and deletes the expired ones.
 *
 * @example
 * const server = createSessionServer({ ...serverOptions, store: memoryServerStore() })
 */
export function memoryServerStore({ clock = systemClock }: MemoryEntriesOptions = {}): ServerStore {
  const entries = new Map<string, Kept>()
  /** A single key without a list, because most tags have one. */
  const keys = new Map<string, string | Set<string>>()
  let sweep = entries.entries()

  function found(key: string): Kept | undefined {
    const kept = entries.get(key)
    return kept && kept.expiresAt > clock.wall() ? kept : undefined
  }

  function link(tag: string, key: string) {
    const known = keys.get(tag)
    if (known === undefined) keys.set(tag, key)
    else if (typeof known !== 'string') known.add(key)
    else if (known !== key) keys.set(tag, new Set([known, key]))
  }

  function unlink(tag: string, key: string) {
    const known = keys.get(tag)
    if (known === key) keys.delete(tag)
    else if (known instanceof Set) {
      known.delete(key)
      if (known.size === 0) keys.delete(tag)
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
      const [key, { expiresAt, tags }] = next.value
      if (expiresAt > now) continue
      entries.delete(key)
      for (const tag of listOf(tags)) unlink(tag, key)
    }
  }

  return {
    async read(key) {
      const kept = found(key)
      return kept ? { value: kept.value, revision: kept.revision } : null
    },

    async compareAndSet(key, expected, { value, expiresAt, tags = NONE }) {
      const kept = found(key)
      if ((kept?.revision ?? null) !== expected) return null
      for (const tag of listOf(entries.get(key)?.tags ?? NONE)) if (!tags.includes(tag)) unlink(tag, key)
      for (const tag of tags) link(tag, key)
      const revision = (expected ?? 0) + 1
      const [first = '', ...others] = tags
      entries.set(key, { value, revision, expiresAt, tags: others.length > 0 ? [...tags] : first || NONE })
      forgetSome()
      return revision
    },

    async keysOf(tag) {
      const known = keys.get(tag)
      const all = known === undefined ? [] : typeof known === 'string' ? [known] : [...known]
      return all.filter(found)
    },

    async check() {
      const { unknown } = findingsOf('store')
      return [
        unknown(
          'The sessions live in the memory of this process: a restart logs everybody out, and another process, or a second copy of the module that made this server, does not know them. Give the option `store` where that matters.',
        ),
      ]
    },
  }
}
