import type { SnapshotFrom } from 'xstate'
import { nextSend } from './session.deadlines.ts'
import { NEVER } from './session.instants.ts'
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
  /**
   * Time to offer a new login beside what is on the screen: no bearer can be served, and nobody knows when there will be
   * one. The session is not over, and takes up its work again as soon as a refresh succeeds.
   */
  readonly shouldOfferLogin: boolean
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

type MachineSnapshot = SnapshotFrom<typeof sessionMachine>
type Readable = Pick<MachineSnapshot, 'value' | 'context'> & Partial<Pick<MachineSnapshot, 'status'>>

/** What a session is whose actor does not run any more, whatever its last state was. */
const over: Partial<Record<MachineSnapshot['status'], Pick<SessionState, 'state' | 'reason'>>> = {
  stopped: { state: 'loggedOut', reason: 'never' },
  error: { state: 'expired', reason: 'internal' },
}

/**
 * The one reading of a machine snapshot. A session whose actor was stopped reads as `loggedOut`, and one whose chart
 * has failed as `expired` (`internal`).
 */
export function selectSession({ context: c, value: state, status = 'active' }: Readable): SessionState {
  const isOpen = c.reason === null || c.pending
  const end = status === 'error' || isOpen ? over[status] : undefined
  if (end) {
    const { user, provider, epoch, version } = c
    const known = end.state === 'expired' ? { user, provider } : { user: null, provider: '' }
    const no = { isAuthenticated: false, isUsable: false, shouldOfferLogin: false, isPending: false }
    return { ...end, ...no, ...known, epoch, version }
  }
  const isUsable = c.bearer === 'good'
  const retryAt = state === 'retrying' ? nextSend(c) : NEVER
  return {
    state,
    isAuthenticated: c.reason === null,
    isUsable,
    shouldOfferLogin: state === 'retrying' && !isUsable,
    isPending: c.pending,
    user: c.user,
    provider: c.provider,
    reason: c.reason,
    ...(isUsable && c.endsAt < NEVER && { expiresAt: c.endsAt }),
    ...(retryAt < NEVER && { retryAt }),
    ...(c.reason === null && c.idleEndsAt < NEVER && { idleEndsAt: c.idleEndsAt }),
    epoch: c.epoch,
    version: c.version,
  }
}
