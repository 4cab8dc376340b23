import type { LedgerRow } from '../../machines/session.ledger.ts'
import type { ExpiredReason, LoggedOutReason } from '../../machines/session.types.ts'
import { asStored } from '../session/records.ts'
import type { SessionRecord, StoredSession } from '../stores/store.ts'

/**
 * The ledger's row of the record's refresh token, on the wall clock. Written before the token is sent. As long as a
 * row stands for a token, nobody sends the token unknowingly: neither this process after a crash, nor another one.
 */
export interface Intent extends LedgerRow {
  /** The process that sent last. */
  readonly owner: string
}

/** All that a server keeps of one session. */
export interface ServerRecord {
  readonly v: 1
  /** Its own key: a store that mixes up its entries is found out. */
  readonly key: string
  /** A random name of the login that a page may know: it says which login it acts for. No key, and made of none. */
  readonly login: string
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
  // A session is read together with the row of its sends.
  const stored = asStored(value?.session && { ...value.session, doubt: value.intent })
  const { doubt: row, ...session } = (stored ?? {}) as Partial<SessionRecord>
  const isFit =
    value?.v === 1 &&
    stored !== null &&
    typeof value.key === 'string' &&
    typeof value.login === 'string' &&
    Number.isFinite(value.activeAt) &&
    Number.isFinite(value.verifiedAt)
  if (!isFit) return undefined
  const { intent: given, ...rest } = value as ServerRecord
  const intent = row && { ...row, owner: `${given?.owner}` }
  return { ...rest, session: session as StoredSession, ...(intent && { intent }) }
}
