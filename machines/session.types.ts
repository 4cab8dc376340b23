import type { AnyActorRef } from 'xstate'
import type { Sends } from './session.ledger.ts'

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
 * (milliseconds since the Unix epoch, never running backwards); `NEVER` (8.64e15) means never or unknown. Nothing is
 * `Infinity`, so that facts survive JSON.
 */
export interface SessionFacts extends Position {
  /** Who is logged in. */
  readonly user: SessionUser
  /** The key of the strategy that refreshes. */
  readonly provider: string
  /** `none`: there is no usable bearer. */
  readonly bearer: 'good' | 'none'
  /**
   * The version that brought the bearer. An older one: the renewals since then brought no usable bearer, and it stayed.
   * @default the version of the facts
   */
  readonly bearerVersion?: number
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
  /**
   * Renewals in a row whose bearer was answered 401, as far as is known from before.
   * @default 0
   */
  readonly rejections?: number
  /** Sends of the refresh token that nobody has seen a definitive answer to: the session starts in `retrying`. */
  readonly doubt?: Doubt
  /**
   * With `doubt`: the next permitted send.
   * @default at once
   */
  readonly retryAt?: number
}

/** A refresh token was sent, and nobody can say whether it was consumed. */
export interface Doubt extends Sends {
  /** What the strategy permits. */
  readonly resend: ResendPolicy
}

/**
 * What the chart remembers. Facts and deadlines, no token; instants are on the session's timeline, and `NEVER` (8.64e15)
 * means never. All of it survives JSON.
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
  /** The version that brought the bearer: renewals without a usable one leave it as it is. */
  readonly bearerVersion: number
  /** A call with this bearer was answered by anything but 401. */
  readonly accepted: boolean
  /** A call with this bearer was answered 401. */
  readonly disputed: boolean
  /** Renewals in a row whose bearer was answered 401. */
  readonly rejections: number
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
  /** No 401 refreshes before this instant: the floor, and longer where renewals do not help against a 401. */
  readonly rejectFloorAt: number
  /** Whether the user counts as away; told before a login, it holds for the session after it, too. */
  readonly idle: boolean
  /** When the session ends if the user stays away. */
  readonly idleEndsAt: number
  /** When the session ends whatever anybody does. */
  readonly absoluteEndsAt: number
  /** Renewals in a row that brought no usable bearer. */
  readonly useless: number
  /** Attempts, and looks at the store, in a row that did not succeed. */
  readonly attempts: number
  /** When the last attempt was made. */
  readonly triedAt: number
  /** The next permitted send, unless somebody asks for one earlier. */
  readonly retryAt: number
  /** Somebody asks for the next attempt, and does not wait for its backoff. */
  readonly isHurried: boolean
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
   * @default never; so does `Infinity`
   */
  readonly idleTimeoutMs?: number
  /**
   * Ends the session this long after its login; milliseconds.
   * @default never; so does `Infinity`
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
  /** The actor runs on a snapshot whose tokens are not here: the chart starts over with `input`. */
  | (At & { readonly type: 'session.restored'; readonly input: SessionInput })
  | (At & {
      readonly type: 'refresh.asked'
      readonly by: 'caller' | 'user' | 'force'
    })
  | (OfFlight & { readonly type: 'bearer.rejected' })
  /** The first answer other than 401 to a call with this version; told once, and again after a 401. */
  | (OfFlight & { readonly type: 'bearer.accepted' })
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
      /** Whether the backend itself gave this answer. */
      readonly answered: boolean
      /**
       * What a coordinator knows of all sends, this one included, and when it permits the next. Absent: the event tells
       * of one send of our own.
       */
      readonly row?: Sends & { readonly retryAt: number }
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
  /** What is known of earlier sends of the refresh token; `null`: there is no doubt. */
  readonly doubt: Doubt | null
  /** The bearer is gone: without a renewal the session serves nobody. */
  readonly isSpent: boolean
  /** Somebody asks for the attempt, and does not wait for a backoff. */
  readonly isHurried: boolean
  /** Renewals in a row whose bearer was answered 401, the one at hand included. */
  readonly rejections: number
}

/** Tags of the states, for `hasTag`: what several states have in common. */
export type SessionTag = 'authenticated' | 'warning' | 'busy' | 'degraded' | 'ended'
