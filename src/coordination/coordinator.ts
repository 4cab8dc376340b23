import type { RefreshOutcome } from '../strategies/strategy.ts'

/** What tells one flight from another. Two callers share a flight only if all of it is equal. */
export interface FlightIdentity {
  readonly provider: string
  readonly userId: string
  readonly tenantId?: string
  /** The server's id of the session; give it where one user may hold several. */
  readonly sessionId?: string
  readonly refreshToken?: string
}

export interface Flight {
  readonly identity: FlightIdentity
  /** Where the token is sent: the scope of the backend's limiter. */
  readonly origin: string
  /** The session's policy allows to send a token again whose last outcome is unknown. */
  readonly mayResend: boolean
  /** Sends once. Never throws. */
  send(): Promise<RefreshOutcome>
}

/** A holder of the same session logged out: nothing that its token brings may be adopted. */
export interface EndedElsewhere {
  readonly kind: 'ended'
  /** Only to the caller whose `send` was under way: what it brought after all, to be revoked. */
  readonly late?: RefreshOutcome
}

/** Makes sure that one refresh token is spent once, whoever asks. */
export interface Coordinator {
  /** Sends, or answers with the outcome of who sent. Never throws. */
  run(flight: Flight): Promise<RefreshOutcome | EndedElsewhere>
  /**
   * Logout: forgets every token of the session, and answers its followers and stragglers with `ended`. A send that
   * is under way is not aborted; its caller gets what it brings as `ended.late`. A later login is not affected.
   */
  end(identity: FlightIdentity): void
}
