import type { SnapshotFrom } from 'xstate'
import { nextSend } from './session.deadlines.ts'
import type { sessionMachine } from './session.machine.ts'
import type { ExpiredReason, LoggedOutReason, SessionStateName, SessionUser } from './session.types.ts'

/** The session as everybody outside reads it. Plain facts, no token. */
export interface SessionState {
  /** Where the session is. */
  readonly state: SessionStateName
  /** A session is alive: somebody is logged in and it has not ended. */
  readonly isAuthenticated: boolean
  /** The bearer at hand can be served now. */
  readonly isUsable: boolean
  /** At page load: it is not yet known whether there is a session. */
  readonly isPending: boolean
  /** Who is logged in, and after the end of a session who was; `null`: nobody. */
  readonly user: SessionUser | null
  /** The key of the strategy in use; empty before the first login. */
  readonly provider: string
  /** Why there is no session; `null` while there is one. */
  readonly reason: ExpiredReason | LoggedOutReason | null
  /** When the bearer ends, milliseconds since the Unix epoch on the session's timeline; absent: unknown or none. */
  readonly expiresAt?: number
  /** In `retrying`: the next attempt, milliseconds since the Unix epoch on the session's timeline. */
  readonly retryAt?: number
  /** When the session ends if the user stays away, on the session's timeline; absent: no idle timeout. */
  readonly idleEndsAt?: number
  /** Counts logins. */
  readonly epoch: number
  /** Counts renewals inside the epoch. */
  readonly version: number
}

/** The one reading of a machine snapshot. */
export function selectSession(
  snapshot: Pick<SnapshotFrom<typeof sessionMachine>, 'value' | 'context'>,
): SessionState {
  const { context: c, value: state } = snapshot
  const isUsable = c.bearer === 'good'
  const retryAt = state === 'retrying' ? nextSend(c) : Infinity
  return {
    state,
    isAuthenticated: c.reason === null,
    isUsable,
    isPending: c.pending,
    user: c.user,
    provider: c.provider,
    reason: c.reason,
    ...(isUsable && c.endsAt < Infinity && { expiresAt: c.endsAt }),
    ...(retryAt < Infinity && { retryAt }),
    ...(c.reason === null && c.idleEndsAt < Infinity && { idleEndsAt: c.idleEndsAt }),
    epoch: c.epoch,
    version: c.version,
  }
}
