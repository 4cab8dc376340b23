import type { LedgerRow } from '../../machines/session.ledger.ts'
import type {
  Backoff,
  ExpiredReason,
  LoggedOutReason,
  Position,
  UserDocument,
} from '../../machines/session.types.ts'

/**
 * Everything that a session needs to continue after a restart or in another process. It holds tokens: keep it sealed.
 */
export interface SessionRecord extends Position {
  /** The format of the record. */
  readonly v: 1
  /** The key of the strategy that refreshes. */
  readonly provider: string
  /** The user, as the backend returned it: with the option `user` the whole document, else its known fields. */
  readonly user: UserDocument
  /** The tenant; absent: none. */
  readonly tenantId?: string
  /** The server's id of the session. */
  readonly sessionId?: string
  /** The name of the key to which the tokens are bound; absent: none. */
  readonly keyId?: string
  /** The bearer; absent: no renewal has brought one yet. */
  readonly bearer?: string
  /** The token for the next refresh. */
  readonly refreshToken?: string
  /** When the bearer ends; wall clock, milliseconds since the Unix epoch; absent: unknown. */
  readonly endsAt?: number
  /** Life of the bearer when it was received; milliseconds. */
  readonly lifeMs?: number
  /** The version that brought the bearer, if later renewals brought no usable one. */
  readonly bearerVersion?: number
  /** The number of renewals in a row whose bearer got a 401. */
  readonly rejections?: number
  /**
   * What is known of the sends of `refreshToken`, on the wall clock; absent: none is in doubt. A store whose coordinator
   * keeps that row beside the record reads the row as this, and need not write it.
   */
  readonly doubt?: LedgerRow
  /** Failed attempts in a row, on the wall clock; absent: there are none, or nobody stored them. */
  readonly backoff?: Backoff
  /** When the user logged in; wall clock, milliseconds since the Unix epoch. */
  readonly startedAt: number
}

/** The record that stays after a logout, so that no late refresh brings the session back. */
export interface Tombstone extends Position {
  /** The format of the record. */
  readonly v: 1
  /** What tells it from a record. */
  readonly ended: true
  /** Why it ended, for other holders of the session. */
  readonly reason?: ExpiredReason | LoggedOutReason
}

/** The contents of a store: a session, or the tombstone of one that ended. */
export type StoredSession = SessionRecord | Tombstone

/** The two calls of a store for the record of one session. */
export interface SessionStoreCalls {
  /** The stored record; `null`: there is none. */
  read(): Promise<StoredSession | null>
  /** Writes `next` only if the stored position still equals `expected` (`null`: nothing is stored). */
  compareAndSet(expected: Position | null, next: StoredSession): Promise<boolean>
}

/**
 * The record of one session, for the option `store`. `memoryStore` and `browserOptions` make one; `sessionStore` makes
 * one of two calls of your own.
 */
export interface SessionStore extends SessionStoreCalls {
  /** How a session lives in the store: the session calls it. It comes with each store of this package. */
  readonly share: (session: never) => unknown
}
