import type { SnapshotFrom } from 'xstate'
import { nextDeadline, nextSend } from './session.deadlines.ts'
import { NEVER } from './session.instants.ts'
import type { sessionMachine } from './session.machine.ts'
import type {
  Backoff,
  ExpiredReason,
  LoggedOutReason,
  Position,
  SessionStateName,
  SessionUser,
  UserIdentity,
} from './session.types.ts'

/** The fields of every state. Plain facts, no token. */
export interface AnySessionState<User extends UserIdentity = SessionUser> extends Position {
  /** The state of the chart. */
  readonly state: SessionStateName
  /** The session is alive: a user is logged in, and the session has not ended. */
  readonly isAuthenticated: boolean
  /** The present bearer can be used now. */
  readonly isUsable: boolean
  /**
   * Time to offer a new login beside the current screen: there is no usable bearer, and nobody knows when there will be
   * one. The session is not over; it continues as soon as a refresh succeeds.
   */
  readonly shouldOfferLogin: boolean
  /** At page load: it is not yet known whether there is a session. */
  readonly isPending: boolean
  /** The user who is logged in; after the end of a session the last user; `null`: nobody. */
  readonly user: User | null
  /** The key of the strategy in use; empty before the first login. */
  readonly provider: string
  /** Why there is no session; `null` while there is one. */
  readonly reason: ExpiredReason | LoggedOutReason | null
  /** When the bearer ends, milliseconds since the Unix epoch on the session's timeline; absent: unknown or none. */
  readonly expiresAt?: number
  /** In `retrying`: the next attempt, milliseconds since the Unix epoch on the session's timeline. */
  readonly retryAt?: number
  /** When the session ends if the user stays inactive, on the session's timeline; absent: no idle timeout. */
  readonly idleEndsAt?: number
}

/** Somebody is logged in, and the session has not ended. */
export interface LivingState<User extends UserIdentity = SessionUser> extends AnySessionState<User> {
  /** The four states of a session that is alive. */
  readonly state: 'active' | 'nearingExpiry' | 'refreshing' | 'retrying'
  /** A session is alive. */
  readonly isAuthenticated: true
  /** It is known that there is a session. */
  readonly isPending: false
  /** Who is logged in. */
  readonly user: User
  /** There is a session. */
  readonly reason: null
}

/** The session has ended by itself. */
export interface ExpiredState<User extends UserIdentity = SessionUser> extends AnySessionState<User> {
  /** The end that nobody asked for. */
  readonly state: 'expired'
  /** No session is alive. */
  readonly isAuthenticated: false
  /** There is no bearer. */
  readonly isUsable: false
  /** The session is over, so the login page is shown anyway. */
  readonly shouldOfferLogin: false
  /** It is known that there is no session. */
  readonly isPending: false
  /** Who was logged in; `null` only where the chart failed (`internal`) while nobody was. */
  readonly user: User | null
  /** Why the session has ended. */
  readonly reason: ExpiredReason
  /** There is no bearer. */
  readonly expiresAt?: never
  /** Nothing is tried any more. */
  readonly retryAt?: never
  /** The session has ended. */
  readonly idleEndsAt?: never
}

/** Nobody is logged in. At page load (`isPending`) this is not known yet. */
export interface LoggedOutState extends AnySessionState<never> {
  /** Logged out, or never logged in. */
  readonly state: 'loggedOut'
  /** No session is alive. */
  readonly isAuthenticated: false
  /** There is no bearer. */
  readonly isUsable: false
  /** Nobody is logged in, so the login page is shown anyway. */
  readonly shouldOfferLogin: false
  /** Nobody. */
  readonly user: null
  /** Why nobody is logged in; `never` while that is not yet known. */
  readonly reason: LoggedOutReason
  /** There is no bearer. */
  readonly expiresAt?: never
  /** Nothing is tried. */
  readonly retryAt?: never
  /** There is no session. */
  readonly idleEndsAt?: never
}

/**
 * The public state of the session. Plain facts, no token. Its type narrows by `state`, by `isAuthenticated` and by
 * `reason`: a living session has a user and no reason, and a session that is logged out has a reason and no user.
 *
 * @example
 * const now = session.getSnapshot()
 * const title = now.isAuthenticated ? now.user.id : now.reason
 */
export type SessionState<User extends UserIdentity = SessionUser> =
  | LivingState<User>
  | ExpiredState<User>
  | LoggedOutState

type MachineSnapshot = SnapshotFrom<typeof sessionMachine>
type Readable = Pick<MachineSnapshot, 'value' | 'context'> & Partial<Pick<MachineSnapshot, 'status'>>
type Facts = Pick<MachineSnapshot, 'context'>

/** The state of a session whose actor no longer runs, whatever its last state was. */
const over: Partial<Record<MachineSnapshot['status'], Pick<AnySessionState, 'state' | 'reason'>>> = {
  stopped: { state: 'loggedOut', reason: 'never' },
  error: { state: 'expired', reason: 'internal' },
}

/**
 * Reads the public state from a machine snapshot. A session whose actor was stopped is `loggedOut`, and one whose chart
 * has failed is `expired` (`internal`). `User` is the output of the schema of the session's option `user`.
 *
 * @example
 * const { user } = selectSession<User>(actorRef.getSnapshot())
 */
export function selectSession<User extends UserIdentity = SessionUser>(snapshot: Readable): SessionState<User>
export function selectSession({ context: c, value: state, status = 'active' }: Readable): AnySessionState {
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

/** Whether the present bearer may be used at this instant. */
export const isServedAt = ({ context: c }: Facts, at: number): boolean => c.bearer === 'good' && at < c.endsAt

/** Until this instant callers are served without any further check; `-Infinity`: each of them must check. */
export const servedUntil = ({ value, context: c }: Readable): number =>
  // In a backoff each caller checks whether the next attempt is due.
  c.bearer === 'good' && value !== 'retrying' ? Math.min(c.leadAt, c.idleEndsAt, c.absoluteEndsAt) : -Infinity

/** Whether the bearer may be sent again although a route answered it with 401: nothing can renew it now. */
export const isDisputedAt = ({ value, context: c }: Readable, at: number): boolean =>
  value === 'retrying' && c.bearer === 'rejected' && at < c.endsAt

/** Whether a 401 right after a renewal does not count yet. */
export const isRenewalRecent = ({ context }: Facts, at: number): boolean => at < context.rejectFloorAt

/** Whether a bearer may come before `until`. `isAwaited`: a caller waits, and asks when an attempt is due. */
export const mayBringBearer = (
  { value, context: c }: Readable,
  until: number,
  isAwaited?: boolean,
): boolean => c.pending || value === 'refreshing' || nextDeadline(value, c, isAwaited) < until

/** Whether the backend does not accept this client, because the configuration has a mistake. */
export const isMisconfigured = ({ context }: Facts): boolean => context.misconfigured

/** Whether the session may be let go and woken from its record: nothing is running, and the record has everything. */
export function mayRest(snapshot: Readable): boolean {
  const { state, isPending } = selectSession(snapshot)
  const { lastChance, bearer, useless } = snapshot.context
  if (isPending || state === 'refreshing') return false
  // A record does not say that renewals bring no bearer.
  if (state === 'retrying' && (useless > 0 || bearer === 'none')) return false
  // A record does not say that the backend has no route, and this holds until the bearer ends.
  return !lastChance || bearer !== 'good'
}

/** What the record must keep of a session in `retrying`, so that it continues there; `undefined`: nothing. */
export const backoffOf = ({ value, context: c }: Readable): Backoff | undefined =>
  value === 'retrying' && (c.attempts > 0 || c.bearer === 'rejected')
    ? {
        attempts: c.attempts,
        triedAt: c.triedAt,
        retryAt: c.retryAt,
        heldUntil: c.heldUntil,
        misconfigured: c.misconfigured,
        ...(c.bearer === 'rejected' && { rejected: true }),
      }
    : undefined
