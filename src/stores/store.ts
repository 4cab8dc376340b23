import type { ExpiredReason, LoggedOutReason, Position, SessionUser } from '../../machines/session.types.ts'

/** Everything that a session needs to go on after a restart or in another process. Holds tokens: keep it sealed. */
export interface SessionRecord extends Position {
  readonly v: 1
  readonly provider: string
  readonly user: SessionUser
  readonly tenantId?: string
  readonly sessionId?: string
  readonly bearer?: string
  readonly refreshToken?: string
  /** Wall clock, milliseconds since the Unix epoch; absent: unknown. */
  readonly endsAt?: number
  /** Life of the bearer when it was received; milliseconds. */
  readonly lifeMs?: number
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly startedAt: number
}

/** What stays after logout, so that no late refresh brings the session back. */
export interface Tombstone extends Position {
  readonly v: 1
  readonly ended: true
  /** Why it ended, for whoever still holds the session. */
  readonly reason?: ExpiredReason | LoggedOutReason
}

export type StoredSession = SessionRecord | Tombstone

/** The record of one session. */
export interface SessionStore {
  read(): Promise<StoredSession | null>
  /** Writes `next` only if the stored position still equals `expected` (`null`: nothing is stored). */
  compareAndSet(expected: Position | null, next: StoredSession): Promise<boolean>
}
