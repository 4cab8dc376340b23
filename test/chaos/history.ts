/** What a run leaves behind for the checker. All instants: milliseconds since the Unix epoch, one clock. */
export interface History {
  readonly startedAt: number
  readonly presentations: readonly Presentation[]
  readonly issues: readonly Issue[]
  readonly arrivals: readonly Arrival[]
  /** The refresh tokens that the backend was asked to end. */
  readonly revoked: readonly string[]
  readonly calls: readonly Call[]
  readonly logouts: readonly Logout[]
  readonly losses: readonly Loss[]
  readonly doings: readonly Doing[]
  readonly stored: readonly Stored[]
  readonly notices: readonly Noticed[]
  readonly stalls: readonly Stall[]
  /** How many logins succeeded. */
  readonly logins: number
  /** How often the provider found a refresh token used twice, and ended its grant. */
  readonly reuseDetections: number
}

/** One arrival of a refresh token at the backend. Tokens are named by a hash. */
export interface Presentation {
  readonly token: string
  readonly session: string
  readonly process: number
  readonly at: number
  /** When the answer had left, or was lost. */
  readonly doneAt: number
  /**
   * `refused`: not processed, and the sender knows. `lost`: the sender cannot know. `delivered`: renewed, and the
   * whole answer has reached the sender. `rejected`: a clear no has reached the sender. `ambiguous`: words have
   * that LibreChat says of a dead token and of an outage alike (`REFRESH_FAILED`, a 403 of the cookie route, a 500).
   * `silent`: a gateway spoke in place of the backend.
   */
  readonly fate: 'refused' | 'lost' | 'delivered' | 'rejected' | 'ambiguous' | 'silent'
}

/** A refresh token and the bearer that came with it. */
export interface Issue {
  readonly token: string
  readonly bearer: string
  readonly bearerEndsAt: number
  readonly session: string
  readonly at: number
  /** The backend offers to end it: that of a local session. */
  readonly isRevocable: boolean
}

/** A call of the API, as it reached the backend: for which session, and with whose bearer. */
export interface Arrival {
  readonly at: number
  readonly process: number
  readonly session: string
  readonly bearer: string
  readonly path: string
}

/** A call of a client. */
export interface Call {
  readonly session: string
  readonly process: number
  readonly at: number
  readonly tookMs: number
  /** 0: no answer; the process was not there. -1: no answer in time. */
  readonly status: number
  /** Its session had been logged out, and the logout confirmed, before the call. */
  readonly isAfterLogout: boolean
}

export interface Logout {
  readonly session: string
  readonly at: number
}

/** A session that is gone though nobody logged it out. */
export interface Loss {
  readonly session: string
  readonly at: number
  /** What the server said; empty: nothing. */
  readonly reason: string
}

/** Something that the nemesis did. */
export interface Doing {
  readonly what: string
  readonly at: number
  readonly until: number
  /** Of one process only. */
  readonly process?: number
}

/** A revision of a record that is stored: a write was confirmed, or somebody read it. */
export interface Stored {
  readonly session: string
  /** Which of its records. */
  readonly key?: string
  readonly revision: number
  readonly at: number
}

/** A process in which nothing ran, stopped by the nemesis or starved by the machine. */
export interface Stall {
  readonly process: number
  readonly at: number
  readonly until: number
}

/** What a process said of a session. No evidence to the judge; it helps to find a cause. */
export interface Noticed {
  readonly process: number
  readonly session: string
  readonly at: number
  readonly text: string
}
