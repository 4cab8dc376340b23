import type { ResendPolicy } from '../../machines/session.types.ts'
import type { KnownSends, RefreshOutcome } from '../session/strategy.ts'

/** The identity of a flight. Two callers share a flight only if all of it is equal. */
export interface FlightIdentity {
  /** The key of the strategy. */
  readonly provider: string
  /** The user of the session. */
  readonly userId: string
  /** The tenant; absent: none. */
  readonly tenantId?: string
  /**
   * The server's id of the session; give it if one user may hold several. Without it a logout ends everything that is
   * known to come from its refresh token; without a token too, it ends every session of the user.
   */
  readonly sessionId?: string
  /** The token to spend; absent if a cookie jar keeps it. It is hashed before it becomes a key. */
  readonly refreshToken?: string
  /**
   * The bearer to replace; not part of the identity. If renewals do not change the refresh token (RFC 6749 section 6),
   * it shows whether another caller was faster.
   */
  readonly bearer?: string
}

/** The request for a send. Together with the coordinator's own row it decides whether the token is sent. */
export interface FlightAsk {
  /** Whether the strategy permits another send of a token whose outcome is unknown. */
  readonly resend: ResendPolicy
  /** The bearer has ended: without a renewal the session can serve nobody. */
  readonly isSpent: boolean
  /**
   * Somebody asks for it now (a click, a network that is back): the backoff does not apply, but a `Retry-After` does.
   */
  readonly isEarly?: boolean
  /** The session's own memory of earlier sends; `null`: there is none. It can only raise the coordinator's row. */
  readonly known: KnownSends | null
}

/** One requested refresh. */
export interface Flight {
  /** Its identity. */
  readonly identity: FlightIdentity
  /** The target of the token: the scope of the backend's limiter. */
  readonly origin: string
  /** The request, and what is known already. */
  readonly ask: FlightAsk
  /** Sends once. Never throws. */
  send(): Promise<RefreshOutcome>
}

/** A holder of the same session logged out: nobody may use what its token brings. */
export interface EndedElsewhere {
  /** Tells it from an outcome. */
  readonly kind: 'ended'
  /** Only for the caller of a running `send`: its result, which must be revoked. */
  readonly late?: RefreshOutcome
}

/** Makes sure that a refresh token is spent once, however many callers ask. */
export interface Coordinator {
  /**
   * Sends, or returns the outcome of another caller's send. Never throws. The coordinator's row decides whether a token
   * with an unknown outcome may be sent again; `ask.known` can only raise the row. A returned `unknown` carries the row
   * as `doubt`. An `ok` for several callers is `shared` for each of them.
   */
  run(flight: Flight): Promise<RefreshOutcome | EndedElsewhere>
  /**
   * Logout: forgets every token of the session, and answers its followers and late callers with `ended`. A running send
   * is not aborted; its caller gets the result as `ended.late`. A later login is not affected. Without a `sessionId` it
   * ends only the refresh token, and its remembered predecessors and successors: the same user's other logins go on.
   * Without a token too (a cookie jar), it ends all of them.
   */
  end(identity: FlightIdentity): void
}
