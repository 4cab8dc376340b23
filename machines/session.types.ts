/** Who the session belongs to. `id` is what the backend knows the user by. */
export interface SessionUser {
  readonly id: string
  readonly email?: string
  readonly name?: string
  readonly username?: string
  readonly role?: string
  readonly avatar?: string
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

export type SessionStateName = 'active' | 'nearingExpiry' | 'refreshing' | 'retrying' | 'expired' | 'loggedOut'

/** `good`; `rejected`: a 401 said so; `ended`: a clock said so; `none`: there is none. */
export type BearerFact = 'good' | 'rejected' | 'ended' | 'none'

export type ExpiredReason =
  | 'refreshRejected'
  | 'refreshUnsupported'
  | 'refreshOutcomeUnknown'
  | 'notRefreshable'
  | 'missingCredential'
  | 'accessRevoked'
  | 'identityMismatch'
  | 'stepUpRequired'
  | 'idle'
  | 'absoluteLifetime'
  | 'unusableLifetime'
  | 'internal'

export type LoggedOutReason = 'user' | 'elsewhere' | 'backChannel' | 'never'

/** Definitive ends that a refresh can report. */
export type RejectedReason = Extract<
  ExpiredReason,
  'refreshRejected' | 'missingCredential' | 'accessRevoked' | 'identityMismatch' | 'stepUpRequired'
>

/** One login is an epoch; one renewal inside it is a version. */
export interface Position {
  readonly epoch: number
  readonly version: number
}
