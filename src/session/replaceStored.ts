import type { SessionStoreCalls, StoredSession } from '../stores/store.ts'

const TRIES = 5

/**
 * Writes the result of `next` for the stored session, and tries again if a peer wrote first. Resolves to the written
 * epoch, or 0 for none. A failure of the store is reported to `onFailure`; the session then lives in memory.
 */
export async function replaceStored(
  store: SessionStoreCalls,
  onFailure: () => void,
  next: (stored: StoredSession | null) => StoredSession | undefined,
): Promise<number> {
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      const stored = await store.read()
      const record = next(stored)
      if (!record) return 0
      if (await store.compareAndSet(stored, record)) return record.epoch
    }
  } catch {
    // Reported below.
  }
  onFailure()
  return 0
}
