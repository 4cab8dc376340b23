import type { LedgerRow } from '../../machines/session.ledger.ts'
import type {
  Backoff,
  ExpiredReason,
  LoggedOutReason,
  Position,
  UserDocument,
} from '../../machines/session.types.ts'

/** Everything that a session needs to go on after a restart or in another process. Holds tokens: keep it sealed. */
export interface SessionRecord extends Position {
  /** The format of the record. */
  readonly v: 1
  /** The key of the strategy that refreshes. */
  readonly provider: string
  /** Who is logged in, as the backend told it: with the option `user` the whole document, else its known fields. */
  readonly user: UserDocument
  /** The tenant; absent: none. */
  readonly tenantId?: string
  /** The server's id of the session. */
  readonly sessionId?: string
  /** The key to which the tokens are bound, by its name; absent: none. */
  readonly keyId?: string
  /** The bearer; absent: a renewal brought none yet. */
  readonly bearer?: string
  /** What the next refresh spends. */
  readonly refreshToken?: string
  /** Wall clock, milliseconds since the Unix epoch; absent: unknown. */
  readonly endsAt?: number
  /** Life of the bearer when it was received; milliseconds. */
  readonly lifeMs?: number
  /** The version that brought the bearer, where the renewals since then brought no usable one. */
  readonly bearerVersion?: number
  /** Renewals in a row whose bearer was answered 401. */
  readonly rejections?: number
  /**
   * What is known of the sends of `refreshToken`, on the wall clock; absent: none is in doubt. A store whose coordinator
   * keeps that row beside the record reads the row as this, and need not write it.
   */
  readonly doubt?: LedgerRow
  /** Attempts in a row that did not succeed, on the wall clock; absent: none, or nobody wrote them down. */
  readonly backoff?: Backoff
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly startedAt: number
}

/** What stays after logout, so that no late refresh brings the session back. */
export interface Tombstone extends Position {
  /** The format of the record. */
  readonly v: 1
  /** What tells it from a record. */
  readonly ended: true
  /** Why it ended, for whoever still holds the session. */
  readonly reason?: ExpiredReason | LoggedOutReason
}

/** What a store holds: a session, or the trace of one that ended. */
export type StoredSession = SessionRecord | Tombstone

/** The record of one session. */
export interface SessionStore {
  /** What is stored; `null`: nothing. */
  read(): Promise<StoredSession | null>
  /** Writes `next` only if the stored position still equals `expected` (`null`: nothing is stored). */
  compareAndSet(expected: Position | null, next: StoredSession): Promise<boolean>
}
