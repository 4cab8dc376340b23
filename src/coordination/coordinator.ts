import type { RefreshOutcome } from '../strategies/strategy.ts'

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

/** One refresh that somebody wants made, once. */
export interface Flight {
  /** What tells it from others. */
  readonly identity: FlightIdentity
  /** Where the token is sent: the scope of the backend's limiter. */
  readonly origin: string
  /**
   * How often this session knows the token to have been sent without a definitive answer, where its policy permits
   * another send; 0: it does not. Add one for every unknown outcome of `run`, remembered or not: so all sessions that
   * hold one token together send it as often as one alone.
   */
  readonly doubtfulSends: number
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
   * Sends, or answers with the outcome of who sent. Never throws. A token whose last outcome is unknown is sent again
   * only for a session that knows of every such send. An `ok` that went to several callers is `shared` for each.
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
