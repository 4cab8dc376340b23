import type { SessionStore, StoredSession } from '../stores/store.ts'

const TRIES = 5

/**
 * Writes what `next` makes of the stored session, again if a peer was faster. Resolves to the epoch written,
 * 0 for none. A store that fails is told to `onFailure`: the session then lives in memory.
 */
export async function replaceStored(
  store: SessionStore,
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
    // Told below.
  }
  onFailure()
  return 0
}
