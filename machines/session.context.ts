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
   * What kind of strategy that is: `openid`, `cookie`, `oauth` …
   * @default 'custom'
   */
  readonly kind?: string
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
  /** Attempts that did not succeed, from before the session was let go: the session starts in `retrying`. */
  readonly backoff?: Backoff
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
  /** What kind of strategy that is; empty before the first login. */
  readonly kind: string
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
