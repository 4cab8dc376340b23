import type { StoredSession } from '../../../src/stores/store.ts'
import type { Stored } from './history.ts'

/** What the judge needs to know of a record. */
export function toStored(session: StoredSession | null): Stored | null {
  if (!session) return null
  return {
    epoch: session.epoch,
    version: session.version,
    isEnded: 'ended' in session,
    ...('reason' in session && session.reason && { reason: session.reason }),
    ...('refreshToken' in session && session.refreshToken && { token: session.refreshToken }),
    ...('bearer' in session && session.bearer && { bearer: session.bearer }),
  }
}
