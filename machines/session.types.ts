/** What every user has, whatever else the schema of the option `user` reads. */
export interface UserIdentity {
  /** What the backend knows the user by. */
  readonly id: string
}

/** A user as the backend tells it, JSON. */
export type UserDocument = UserIdentity & { readonly [field: string]: unknown }

/**
 * Who the session belongs to, where the option `user` gives no schema: the known fields. A type and no interface: a field
 * that is declared here and read by nobody would be a lie. A panel that needs others gives a schema.
 */
export type SessionUser = {
  /** What the backend knows the user by; a refresh that answers another one ends the session. */
  readonly id: string
  /** As the backend tells it; for display. */
  readonly email?: string
  /** For display. */
  readonly name?: string
  /** For display. */
  readonly username?: string
  /** The user's role at the backend; what may be done is for the backend to decide. */
  readonly role?: string
  /** A URL, as the backend tells it. */
  readonly avatar?: string
  /** The tenant that the user belongs to, where the backend has tenants. */
  readonly tenantId?: string
}

/** `eager`: a timer refreshes. `onDemand`: the next caller does. `prompt`: the user is asked first. */
export type RefreshPolicy = 'eager' | 'onDemand' | 'prompt'

/**
 * Whether a refresh token may be sent again after an answer that does not tell whether it was consumed.
 * `afterBearerEnds`: not before the session would be lost anyway. `never`: not at all.
 * `withinMs`: once, inside the grace window that the provider documents.
 */
export type ResendPolicy = 'afterBearerEnds' | 'never' | { readonly withinMs: number }

/** The six states of the chart. */
export type SessionStateName =
  | 'active'
  | 'nearingExpiry'
  | 'refreshing'
  | 'retrying'
  | 'expired'
  | 'loggedOut'

/** `good`; `rejected`: a 401 said so; `ended`: a clock said so; `none`: there is none. */
export type BearerFact = 'good' | 'rejected' | 'ended' | 'none'

/** Why a session is `expired`. */
export type ExpiredReason =
  /** The refresh token was refused for good, or the backend itself gave doubtful answers until the budget was spent. */
  | 'refreshRejected'
  /** The backend does not refresh such sessions. */
  | 'refreshUnsupported'
  /** The token was sent, nobody knows whether it was consumed, and the bearer has ended. */
  | 'refreshOutcomeUnknown'
  /** The bearer ended, and there was nothing to refresh with. */
  | 'notRefreshable'
  /** The refresh token did not reach the backend. */
  | 'missingCredential'
  /** The admin's rights were revoked: show "no access", not the login. */
  | 'accessRevoked'
  /** An answer was for another user, tenant or issuer. Nothing of it was used. */
  | 'identityMismatch'
  /** The browser has lost the key to which the tokens are bound (DPoP). Nothing was sent. */
  | 'keyLost'
  /** The backend wants two-factor enrolment first. */
  | 'stepUpRequired'
  /** No user activity for `idleTimeoutMs`, or nobody answered the prompt. */
  | 'idle'
  /** `absoluteLifetimeMs` have passed since the login. */
  | 'absoluteLifetime'
  /** Three renewals in a row brought no usable bearer, and the one before them is spent. */
  | 'unusableLifetime'
  /** The chart failed: a bug worth reporting. */
  | 'internal'

/** Why a session is `loggedOut`. */
export type LoggedOutReason =
  /** The user logged out here. */
  | 'user'
  /** Another tab, or another copy of the session, logged out. */
  | 'elsewhere'
  /** The identity provider ended the session. */
  | 'backChannel'
  /** There was no session. */
  | 'never'

/** Definitive ends that a refresh can report. */
export type RejectedReason = Extract<
  ExpiredReason,
  | 'refreshRejected'
  | 'missingCredential'
  | 'accessRevoked'
  | 'identityMismatch'
  | 'keyLost'
  | 'stepUpRequired'
>

/** One login is an epoch; one renewal inside it is a version. */
export interface Position {
  /** Counts logins. */
  readonly epoch: number
  /** Counts renewals inside the epoch. */
  readonly version: number
}

/** Tags of the states, for `hasTag`: what several states have in common. */
export type SessionTag = 'authenticated' | 'warning' | 'busy' | 'degraded' | 'ended'

/** Attempts in a row that did not succeed, and when the next one is due. */
export interface Backoff {
  /** How many. */
  readonly attempts: number
  /** When the last of them was made. */
  readonly triedAt: number
  /** When the next one is due, unless somebody asks for one earlier. */
  readonly retryAt: number
  /** Until when the backend asked to wait (`Retry-After`). */
  readonly heldUntil: number
  /** The backend did not accept this client. */
  readonly misconfigured: boolean
  /** The bearer got a 401 that counts. */
  readonly rejected?: boolean
}
