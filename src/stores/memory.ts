import type { Position } from '../../machines/session.types.ts'
import { shareRecord } from '../session/sharedRecord.ts'
import type { SessionStore, StoredSession } from './store.ts'

/**
 * Keeps the record of one session in this process.
 *
 * It does not survive a restart, and other processes do not see it. It copies every record that is written or read, so
 * later changes of the caller's object have no effect here.
 *
 * @example
 * const session = createSession({ baseUrl, strategies, store: memoryStore() })
 */
export function memoryStore(): SessionStore {
  let stored: StoredSession | null = null
  return {
    read: async () => structuredClone(stored),
    async compareAndSet(expected, next) {
      if (!isAt(stored, expected)) return false
      stored = structuredClone(next)
      return true
    },
    share: shareRecord,
  }
}

function isAt(stored: Position | null, expected: Position | null): boolean {
  if (stored === null || expected === null) return stored === expected
  return stored.epoch === expected.epoch && stored.version === expected.version
}
