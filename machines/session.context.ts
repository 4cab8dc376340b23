import type { Sends } from './session.ledger.ts'
import type {
  Backoff,
  BearerFact,
  ExpiredReason,
  LoggedOutReason,
  Position,
  RefreshPolicy,
  ResendPolicy,
  SessionUser,
} from './session.types.ts'

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
  /**
   * The kind of that strategy: `openid`, `cookie`, `oauth` …
   * @default 'custom'
   */
  readonly kind?: string
  /** `none`: there is no usable bearer. */
  readonly bearer: 'good' | 'none'
  /**
   * The version that brought the bearer. If it is older, later renewals brought no usable bearer, and the bearer
   * stayed.
   * @default the version of the facts
   */
  readonly bearerVersion?: number
  /** Whether the session can refresh. */
  readonly refreshable: boolean
  /** When the bearer ends. */
  readonly endsAt: number
  /** From this instant a caller refreshes first. */
  readonly leadAt: number
  /** When the timer refreshes: `leadAt` less jitter. */
  readonly refreshAt: number
  /** No refresh before this instant. */
  readonly floorAt: number
  /** When the user logged in: the start of the absolute lifetime. */
  readonly startedAt: number
  /**
   * The number of renewals in a row whose bearer got a 401, as far as is known.
   * @default 0
   */
  readonly rejections?: number
  /** Sends of the refresh token without a definitive answer: the session starts in `retrying`. */
  readonly doubt?: Doubt
  /**
   * With `doubt`: the next permitted send.
   * @default at once
   */
  readonly retryAt?: number
  /** Failed attempts from before the session was let go: the session starts in `retrying`. */
  readonly backoff?: Backoff
}

/** A refresh token was sent, and it is unknown whether it was consumed. */
export interface Doubt extends Sends {
  /** The policy of the strategy. */
  readonly resend: ResendPolicy
}

/**
 * The chart's memory: facts and deadlines, no token. Instants are on the session's timeline, and `NEVER` (8.64e15)
 * means never. All of it survives JSON.
 */
export interface SessionContext extends Position {
  /** Who refreshes. */
  readonly policy: RefreshPolicy
  /** How long a user may be inactive; milliseconds. */
  readonly idleTimeoutMs: number
  /** How long a session lives after its login; milliseconds. */
  readonly absoluteLifetimeMs: number
  /** Peers may renew the same session, so the chart reads the store again while it waits. */
  readonly shared: boolean
  /** At page load: it is not yet known whether there is a session. */
  readonly pending: boolean
  /** Who is logged in; `null`: nobody. */
  readonly user: SessionUser | null
  /** The key of the strategy that refreshes; empty before the first login. */
  readonly provider: string
  /** The kind of that strategy; empty before the first login. */
  readonly kind: string
  /** The state of the bearer. */
  readonly bearer: BearerFact
  /** The version that brought the bearer: renewals without a usable one do not change it. */
  readonly bearerVersion: number
  /** A call with this bearer got an answer other than 401. */
  readonly accepted: boolean
  /** A call with this bearer got a 401. */
  readonly disputed: boolean
  /** The number of renewals in a row whose bearer got a 401. */
  readonly rejections: number
  /** Whether the session can refresh. */
  readonly refreshable: boolean
  /** The backend had no refresh route: the token is tried once more when the bearer ends. */
  readonly lastChance: boolean
  /** When the bearer ends. */
  readonly endsAt: number
  /** From this instant a caller refreshes first. */
  readonly leadAt: number
  /** When the timer refreshes. */
  readonly refreshAt: number
  /** No refresh before this instant. */
  readonly floorAt: number
  /** Before this instant a 401 causes no refresh: the floor, and longer if renewals do not help against a 401. */
  readonly rejectFloorAt: number
  /** Whether the user counts as inactive. If it is reported before a login, it also holds for the session after it. */
  readonly idle: boolean
  /** When the session ends if the user stays inactive. */
  readonly idleEndsAt: number
  /** When the session ends in any case. */
  readonly absoluteEndsAt: number
  /** The number of renewals in a row without a usable bearer. */
  readonly useless: number
  /** The number of failed attempts, and failed reads of the store, in a row. */
  readonly attempts: number
  /** When the last attempt was made. */
  readonly triedAt: number
  /** The next permitted send, unless somebody asks for an earlier one. */
  readonly retryAt: number
  /** Somebody asks for the next attempt and does not wait for its backoff. */
  readonly isHurried: boolean
  /** Until when the backend asked to wait (`Retry-After`). */
  readonly heldUntil: number
  /** The next read of the store for a peer's newer version. */
  readonly rereadAt: number
  /** A token was sent, and it is unknown whether it was consumed; `null`: there is no doubt. */
  readonly doubt: Doubt | null
  /** The backend does not accept this client, because the configuration has a mistake. */
  readonly misconfigured: boolean
  /** Why the session ended; `null` while it lives. */
  readonly reason: ExpiredReason | LoggedOutReason | null
}

/** The input of the machine. */
export interface SessionInput {
  /** The facts to start with. `null`: nobody is logged in. Absent: pending until an event says more. */
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
   * Ends the session after this time without user activity; milliseconds.
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
