import type { ResendPolicy } from '../../machines/session.types.ts'
import type { KnownSends, RefreshOutcome } from '../session/strategy.ts'

/** What tells one flight from another. Two callers share a flight only if all of it is equal. */
export interface FlightIdentity {
  /** The key of the strategy. */
  readonly provider: string
  /** Whose session it is. */
  readonly userId: string
  /** In which tenant; absent: in none. */
  readonly tenantId?: string
  /**
   * The server's id of the session; give it where one user may hold several. Without it a logout ends what is known
   * to come from its refresh token, and (without a token either) every session of the user.
   */
  readonly sessionId?: string
  /** The token to spend; absent where a cookie jar keeps it. Hashed before it becomes a key. */
  readonly refreshToken?: string
  /**
   * The bearer that is to be replaced; no part of the identity. Where renewals leave the refresh token as it is (RFC
   * 6749 section 6), it tells whether somebody was faster.
   */
  readonly bearer?: string
}

/** Who asks for a send, and what for: together with the coordinator's own row it decides whether the token goes out. */
export interface FlightAsk {
  /** Whether the strategy permits another send of a token whose outcome is unknown. */
  readonly resend: ResendPolicy
  /** The bearer is gone: without a renewal the session can serve nobody. */
  readonly isSpent: boolean
  /** Somebody asks for it now (a click, a network that is back): the backoff does not hold, a `Retry-After` does. */
  readonly isEarly?: boolean
  /** What the session itself remembers of earlier sends; `null`: of none. It only raises the coordinator's row. */
  readonly known: KnownSends | null
}

/** One refresh that somebody wants made, once. */
export interface Flight {
  /** What tells it from others. */
  readonly identity: FlightIdentity
  /** Where the token is sent: the scope of the backend's limiter. */
  readonly origin: string
  /** Who asks, and what is known already. */
  readonly ask: FlightAsk
  /** Sends once. Never throws. */
  send(): Promise<RefreshOutcome>
}

/** A holder of the same session logged out: nothing that its token brings may be adopted. */
export interface EndedElsewhere {
  /** What tells it from an outcome. */
  readonly kind: 'ended'
  /** Only to the caller whose `send` was under way: what it brought after all, to be revoked. */
  readonly late?: RefreshOutcome
}

/** Makes sure that one refresh token is spent once, whoever asks. */
export interface Coordinator {
  /**
   * Sends, or answers with the outcome of who sent. Never throws. Whether a token whose last outcome is unknown may
   * be sent again is decided by the coordinator's row, which `ask.known` only raises; an `unknown` that it answers
   * tells the row as `doubt`. An `ok` that went to several callers is `shared` for each.
   */
  run(flight: Flight): Promise<RefreshOutcome | EndedElsewhere>
  /**
   * Logout: forgets every token of the session, and answers its followers and stragglers with `ended`. A send that
   * is under way is not aborted; its caller gets what it brings as `ended.late`. A later login is not affected.
   * Without a `sessionId` only the refresh token, and those remembered as its predecessors and successors, are ended:
   * the same user's other logins go on. Where there is no token either (a cookie jar), all of them end.
   */
  end(identity: FlightIdentity): void
}
