import type { AnyActorRef } from 'xstate'

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

export type SessionStateName =
  | 'active'
  | 'nearingExpiry'
  | 'refreshing'
  | 'retrying'
  | 'expired'
  | 'loggedOut'

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

/**
 * What the chart knows about a session. No token. Instants are on the session's timeline
 * (milliseconds since the Unix epoch, never running backwards); `Infinity` means never or unknown.
 */
export interface SessionFacts extends Position {
  readonly user: SessionUser
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
  readonly resend: ResendPolicy
  /** Whether the backend itself gave the last answer. */
  readonly answered: boolean
}

export interface SessionContext extends Position {
  readonly policy: RefreshPolicy
  readonly idleTimeoutMs: number
  readonly absoluteLifetimeMs: number
  /** Peers may renew the same session: re-read while holding. */
  readonly shared: boolean
  /** At page load: it is not yet known whether there is a session. */
  readonly pending: boolean
  readonly user: SessionUser | null
  readonly provider: string
  readonly bearer: BearerFact
  readonly refreshable: boolean
  /** The backend knew no refresh route: the token is tried once more at the bearer's end. */
  readonly lastChance: boolean
  readonly endsAt: number
  readonly leadAt: number
  readonly refreshAt: number
  readonly floorAt: number
  readonly idle: boolean
  readonly idleEndsAt: number
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
  readonly doubt: Doubt | null
  /** The backend does not accept this client: a mistake in the configuration. */
  readonly misconfigured: boolean
  /** Why the session ended; `null` while it lives. */
  readonly reason: ExpiredReason | LoggedOutReason | null
}

export interface SessionInput {
  /** Given: start from them. `null`: nobody is logged in. Left out: pending until an event tells. */
  readonly facts?: SessionFacts | null
  /**
   * The instant of the start, on the session's timeline.
   * @default the instant of the login in `facts`
   */
  readonly at?: number
  /** @default 'eager' */
  readonly policy?: RefreshPolicy
  /** @default Infinity */
  readonly idleTimeoutMs?: number
  /** @default Infinity */
  readonly absoluteLifetimeMs?: number
  /** @default false */
  readonly shared?: boolean
}

interface At {
  /** The instant it happened, on the session's timeline. The chart reads no clock. */
  readonly at: number
}

interface OfFlight extends At, Position {}

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
  readonly session: AnyActorRef
}

/** What the `refresh` actor is started with. */
export interface RefreshInput extends PortInput, Position {
  readonly provider: string
}

export type SessionTag = 'authenticated' | 'warning' | 'busy' | 'degraded' | 'ended'
