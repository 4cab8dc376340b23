import type { Intent, ServerRecord } from '../../../src/server/serverRecord.ts'
import type { StoredSession } from '../../../src/stores/store.ts'
import type { Stored } from './history.ts'

/** What the judge needs to know of a record. */
export function toStored(session: StoredSession | null): Stored | null {
  return session && storedOf(session)
}

/** The same, of a server's. */
export function recordToStored({ session, intent }: Pick<ServerRecord, 'session' | 'intent'>): Stored {
  return {
    ...storedOf(session as StoredSession),
    ...(intent && {
      intent: {
        owner: intent.owner,
        at: intent.sentAt,
        isOpen: !isRejected(intent),
        isRejected: isRejected(intent),
      },
    }),
  }
}

export const isRejected = (intent: Intent | undefined) => !!intent?.closed && intent.closed !== 'consumed'

const storedOf = (session: StoredSession): Stored => ({
  epoch: session.epoch,
  version: session.version,
  isEnded: 'ended' in session,
  ...('reason' in session && session.reason && { reason: session.reason }),
  ...('refreshToken' in session && session.refreshToken && { token: session.refreshToken }),
  ...('bearer' in session && session.bearer && { bearer: session.bearer }),
})
