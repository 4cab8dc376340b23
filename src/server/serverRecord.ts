import type { ExpiredReason, LoggedOutReason } from '../../machines/session.types.ts'
import { asStored } from '../session/records.ts'
import type { StoredSession } from '../stores/store.ts'

/**
 * Written before a refresh token is sent. As long as one stands for a token, nobody sends it unknowingly: neither
 * this process after a crash, nor another one.
 */
export interface Intent {
  /** The process that sends. */
  readonly owner: string
  /** When it was sent, and when that attempt is over for certain; wall clock, milliseconds. */
  readonly at: number
  readonly until: number
  /** How often the token was sent without a definitive answer, this time included. */
  readonly sends: number
  /** Absent: the answer has not come, or nobody lived to see it. */
  readonly outcome?: 'unknown' | 'rejected'
  /** Of an unknown outcome: whether the backend spoke, and whether it is known to have consumed the token. */
  readonly answered?: boolean
  readonly consumed?: boolean
  readonly reason?: ExpiredReason
}

/** All that a server keeps of one session. */
export interface ServerRecord {
  readonly v: 1
  /** Its own key: a store that mixes up its entries is found out. */
  readonly key: string
  readonly session: StoredSession
  readonly intent?: Intent
  /** When the user was last at work, and when the backend last confirmed the session; wall clock, milliseconds. */
  readonly activeAt: number
  readonly verifiedAt: number
  /** Hashed: whom a back-channel logout ends. */
  readonly subject?: string
  /** Of a tombstone. */
  readonly reason?: ExpiredReason | LoggedOutReason
}

/** What was unsealed, if it is a record of this format; `newer`: a later release wrote it. */
export function readServerRecord(text: string): ServerRecord | 'newer' | undefined {
  let value: Partial<ServerRecord> | null
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value?.v === 'number' && value.v > 1) return 'newer'
  const session = asStored(value?.session)
  const isFit =
    value?.v === 1 &&
    session !== null &&
    typeof value.key === 'string' &&
    Number.isFinite(value.activeAt) &&
    Number.isFinite(value.verifiedAt)
  return isFit ? ({ ...value, session } as ServerRecord) : undefined
}
