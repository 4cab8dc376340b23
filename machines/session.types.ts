import type { AnyActorRef } from 'xstate'

/** Who the session belongs to. `id` is what the backend knows the user by. */
export interface SessionUser {
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
  /** The refresh token was refused for good, or the backend's doubtful answer stayed after the bearer had ended. */
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
  /** The backend wants two-factor enrolment first. */
  | 'stepUpRequired'
  /** No user activity for `idleTimeoutMs`, or nobody answered the prompt. */
  | 'idle'
  /** `absoluteLifetimeMs` have passed since the login. */
  | 'absoluteLifetime'
  /** Three renewals in a row brought a bearer that could not be used. */
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
  'refreshRejected' | 'missingCredential' | 'accessRevoked' | 'identityMismatch' | 'stepUpRequired'
>

/** One login is an epoch; one renewal inside it is a version. */
export interface Position {
  /** Counts logins. */
  readonly epoch: number
  /** Counts renewals inside the epoch. */
  readonly version: number
}

/**
 * What the chart knows about a session. No token. Instants are on the session's timeline
 * (milliseconds since the Unix epoch, never running backwards); `Infinity` means never or unknown.
 */
export interface SessionFacts extends Position {
  /** Who is logged in. */
  readonly user: SessionUser
  /** The key of the strategy that refreshes. */
  readonly provider: string
  /** `none`: the renewal brought no usable bearer. */
  readonly bearer: 'good' | 'none'
  /** Whether there is anything to refresh with. */
  readonly refreshable: boolean
  /** When the bearer ends. */
  readonly endsAt: number
  /** From here on a caller refreshes first. */
  readonly leadAt: number
  /** When the timer refreshes: `leadAt` less jitter. */
  readonly refreshAt: number
  /** No refresh before this instant. */
  readonly floorAt: number
  /** When the user logged in: the start of the absolute lifetime. */
  readonly startedAt: number
}

/** A refresh token was sent, and nobody can say whether it was consumed. */
export interface Doubt {
  /** How often the token was sent without a definitive answer. */
  readonly sends: number
  /** When the first of them was made. */
  readonly since: number
  /** What the strategy permits. */
  readonly resend: ResendPolicy
  /** Whether the backend itself gave the last answer. */
  readonly answered: boolean
}

/**
 * What the chart remembers. Facts and deadlines, no token; instants are on the session's timeline, and `Infinity`
 * means never.
 */
export interface SessionContext extends Position {
  /** Who refreshes. */
  readonly policy: RefreshPolicy
  /** How long a user may stay away; milliseconds. */
  readonly idleTimeoutMs: number
  /** How long a session lives after its login; milliseconds. */
  readonly absoluteLifetimeMs: number
  /** Peers may renew the same session: re-read while holding. */
  readonly shared: boolean
  /** At page load: it is not yet known whether there is a session. */
  readonly pending: boolean
  /** Who is logged in; `null`: nobody. */
  readonly user: SessionUser | null
  /** The key of the strategy that refreshes; empty before the first login. */
  readonly provider: string
  /** What is known of the bearer. */
  readonly bearer: BearerFact
  /** Whether there is anything to refresh with. */
  readonly refreshable: boolean
  /** The backend knew no refresh route: the token is tried once more at the bearer's end. */
  readonly lastChance: boolean
  /** When the bearer ends. */
  readonly endsAt: number
  /** From here on a caller refreshes first. */
  readonly leadAt: number
  /** When the timer refreshes. */
  readonly refreshAt: number
  /** No refresh before this instant. */
  readonly floorAt: number
  /** Whether the user counts as away. */
  readonly idle: boolean
  /** When the session ends if the user stays away. */
  readonly idleEndsAt: number
  /** When the session ends whatever anybody does. */
  readonly absoluteEndsAt: number
  /** Renewals in a row whose bearer could not be used. */
  readonly useless: number
  /** Attempts, and looks at the store, in a row that did not succeed. */
  readonly attempts: number
  /** The next permitted send. */
  readonly retryAt: number
  /** Until when the backend asked to wait (`Retry-After`). */
  readonly heldUntil: number
  /** The next look at the store for a peer's newer version. */
  readonly rereadAt: number
  /** A token was sent and nobody knows whether it was consumed; `null`: no such doubt. */
  readonly doubt: Doubt | null
  /** The backend does not accept this client: a mistake in the configuration. */
  readonly misconfigured: boolean
  /** Why the session ended; `null` while it lives. */
  readonly reason: ExpiredReason | LoggedOutReason | null
}

/** What the machine is started with. */
export interface SessionInput {
  /** Given: start from them. `null`: nobody is logged in. Left out: pending until an event tells. */
  readonly facts?: SessionFacts | null
  /**
   * The instant of the start, on the session's timeline.
   * @default the instant of the login in `facts`
   */
  readonly at?: number
  /**
   * Who refreshes.
   * @default 'eager'
   */
  readonly policy?: RefreshPolicy
  /**
   * Ends the session after this much time without user activity; milliseconds.
   * @default Infinity
   */
  readonly idleTimeoutMs?: number
  /**
   * Ends the session this long after its login; milliseconds.
   * @default Infinity
   */
  readonly absoluteLifetimeMs?: number
  /**
   * Whether peers may renew the same session.
   * @default false
   */
  readonly shared?: boolean
}

interface At {
  /** The instant it happened, on the session's timeline. The chart reads no clock. */
  readonly at: number
}

interface OfFlight extends At, Position {}

/** Everything that can happen to a session, with the instant at which it happened. */
export type SessionEvent =
  | (At & { readonly type: 'session.started'; readonly facts: SessionFacts })
  | (At & { readonly type: 'session.ended'; readonly reason: LoggedOutReason })
  | (At & { readonly type: 'session.renewed'; readonly facts: SessionFacts })
  | (At & {
      readonly type: 'refresh.asked'
      readonly by: 'caller' | 'user' | 'force'
    })
  | (OfFlight & { readonly type: 'bearer.rejected' })
  | (At & { readonly type: 'time.checked' })
  | (OfFlight & {
      readonly type: 'refresh.refused'
      /** Random, 0 to 1: the jitter of the backoff. */
      readonly roll: number
      /** The backend asked to wait until then. */
      readonly notBefore?: number
      readonly misconfigured?: boolean
    })
  | (OfFlight & {
      readonly type: 'refresh.unknown'
      /**
       * When the token was sent: a provider counts its grace window from then on.
       * @default at
       */
      readonly sentAt?: number
      readonly roll: number
      readonly notBefore?: number
      readonly resend: ResendPolicy
      readonly answered: boolean
    })
  | (OfFlight & {
      readonly type: 'refresh.rejected'
      readonly reason: RejectedReason
    })
  | (OfFlight & {
      readonly type: 'refresh.unsupported'
      readonly forGood: boolean
    })
  | (At & { readonly type: 'user.changed'; readonly idle: boolean })
  | (At & { readonly type: 'network.restored' })

/** One kind of event. */
export type EventOf<T extends SessionEvent['type']> = Extract<SessionEvent, { type: T }>

/** What the actors of the chart are started with: the session that they serve. */
export interface PortInput {
  /** The running machine, which the actor sends its events to. */
  readonly session: AnyActorRef
}

/** What the `refresh` actor is started with. */
export interface RefreshInput extends PortInput, Position {
  /** The key of the strategy that refreshes. */
  readonly provider: string
}

/** Tags of the states, for `hasTag`: what several states have in common. */
export type SessionTag = 'authenticated' | 'warning' | 'busy' | 'degraded' | 'ended'
