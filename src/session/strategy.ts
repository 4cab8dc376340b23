import type {
  ExpiredReason,
  RejectedReason,
  ResendPolicy,
  UserDocument,
} from '../../machines/session.types.ts'

/** What a strategy is given for one attempt. */
export interface RefreshRequest {
  /** The backend's base URL, absolute, its path ending with `/`. */
  readonly baseUrl: string
  /** The token to spend. Absent where the strategy keeps it itself (a cookie jar). */
  readonly refreshToken?: string
  /** Whose session it is, as the login answer said. */
  readonly userId: string
  /** Trimmed and validated; absent for a session without a tenant. */
  readonly tenantId?: string
  /** The key to which the tokens are bound, by its name; absent: they work for whoever holds them. */
  readonly keyId?: string
  /** Unique per send, for `X-Refresh-Attempt-Id`. */
  readonly attemptId: string
  /** Set if the user was at work a moment ago, as far as the `signals` of the session tell. */
  readonly userActive?: true
  /** Aborted at the hard deadline of the attempt; covers headers and body. */
  readonly signal: AbortSignal
  /** The `fetch` that the embedder injected; absent: the platform's transport. */
  readonly fetch?: typeof globalThis.fetch
}

/** What a strategy is given to end a grant at the backend: logout, or a token that arrived too late. */
export interface RevokeRequest extends RefreshRequest {
  /** The bearer at hand; absent: there is none. */
  readonly bearer?: string
  /**
   * `logout`: the user ends the session, and the provider's own logout may follow. `replaced`: the same user goes on with
   * newer tokens of the same login. `late`: whatever else, as a refresh that finished after the session had ended.
   */
  readonly cause: 'logout' | 'replaced' | 'late'
  /** The refresh token was sent and its answer is not known: to send it again could end more than this session. */
  readonly isDoubtful?: true
}

/** Hints about the life of a bearer, as the backend sent them; the session judges them. */
export interface LifeHints {
  /** An instant on the server's clock. */
  readonly expiresAt?: unknown
  /** Seconds from now (RFC 6749 section 5.1). */
  readonly expiresIn?: unknown
  /** The server's clock at the answer (`Date` header), milliseconds since the Unix epoch. */
  readonly serverNow?: number
}

/**
 * Why nothing was processed. `limited`: the backend's limiter; the whole origin waits. `banned`: the backend turns this
 * address or this user away for a while; only the session that asked waits. `unavailable`: also a gateway that speaks
 * in place of the backend.
 */
export type RefusedCause = 'network' | 'limited' | 'banned' | 'unavailable' | 'misconfigured'

/** What an answer that proves nothing looked like. `inDoubt`: nothing was sent, an earlier send is still in doubt. */
export type UnknownCause =
  | 'timeout'
  | 'network'
  | 'redirect'
  | 'content'
  | 'json'
  | 'schema'
  | 'size'
  | 'status'
  | 'refreshFailed'
  | 'consumed'
  | 'stale'
  | 'inDoubt'
  | 'internal'

/** What works and is odd; [Outcomes](../../docs/outcomes.md#notices) says what to do. */
export type Warning =
  | 'schema'
  | 'userMisfit'
  | 'unit'
  | 'tokenFormat'
  | 'cookieDuplicate'
  | 'cookieFolded'
  | 'stale'
  | 'rejectedAfterRefresh'
  | 'persistFailed'
  | 'storage'
  | 'notRevoked'

/** What an honest backend would not answer; [Outcomes](../../docs/outcomes.md#notices) says what to do. */
export type SecurityNotice = 'identityMismatch' | 'unknownUser' | 'reuse'

/**
 * What is known of the sends of one refresh token that brought no definitive answer. Ages in milliseconds, not
 * instants: the clock of a session and the clock of a coordinator have nothing in common.
 */
export interface KnownSends {
  /** How often the token was sent. */
  readonly sends: number
  /** How long ago it was sent first. */
  readonly sinceMs: number
  /** How often the backend itself answered, without a definitive word. */
  readonly answers: number
  /** How long ago the first of those answers came; absent: none has come. */
  readonly answeredSinceMs?: number
}

/**
 * What one attempt came to. The dividing question: may the server have consumed the refresh token?
 *
 * - `ok`: renewed. Without `refreshToken` the one sent stays valid (RFC 6749 section 6); without `bearer`
 *   the new refresh token is kept and one more refresh follows.
 * - `refused`: provably not processed; safe to send again.
 * - `rejected`: definitive.
 * - `unknown`: anything else; the token may be spent. `answered` says whether the backend itself spoke.
 *   `consumed`: it is known to be spent, and is never sent again.
 * - `unsupported`: this backend does not refresh. `forGood`: by policy; else (an older or half-deployed
 *   backend) the token is tried once more at the bearer's end.
 */
export type RefreshOutcome =
  | {
      readonly kind: 'ok'
      readonly bearer?: string
      readonly refreshToken?: string
      /** As the backend tells it, under `id`; the session reads it, by the schema of its option `user` if it has one. */
      readonly user?: UserDocument
      /** `user` says less than the login did: what it leaves out stays. Else it takes the place of what was known. */
      readonly partial?: true
      readonly life?: LifeHints
      /** How long ago the answer arrived, for one that is remembered; milliseconds. */
      readonly ageMs?: number
      /**
       * Set by a coordinator: others got this very answer while it was in the air, and may have adopted it. Nobody
       * among them may revoke its tokens on its own account.
       */
      readonly shared?: true
      /** The server said that no refresh will follow (a deleted refresh cookie): keep the bearer to its end. */
      readonly final?: true
      readonly warnings?: readonly Warning[]
    }
  | {
      readonly kind: 'refused'
      readonly cause: RefusedCause
      readonly retryAfterMs?: number
      /** It is too much for whoever answered (503): others wait as well. Of `limited` that is known. */
      readonly overloaded?: true
      /** What to mend; with `misconfigured`, for the message of `Misconfigured`. Holds no token, and of an answer its issuer at most. */
      readonly problem?: string
    }
  | { readonly kind: 'rejected'; readonly reason: ExpiredReason; readonly security?: SecurityNotice }
  | {
      readonly kind: 'unknown'
      readonly cause: UnknownCause
      readonly answered: boolean
      readonly consumed?: true
      /** A `Retry-After` that came with it; milliseconds. */
      readonly retryAfterMs?: number
      /** It is too much for whoever answered (503): others wait as well. */
      readonly overloaded?: true
      /** From a coordinator: how long ago the token was sent; milliseconds. */
      readonly ageMs?: number
      /**
       * From a coordinator: its row of the token as it stands now, and how long its backoff holds. A session takes
       * the row over, and counts no send of its own beside it.
       */
      readonly doubt?: KnownSends & {
        /** Until the next send that nobody has to ask for; milliseconds. */
        readonly waitMs: number
      }
      readonly warnings?: readonly Warning[]
    }
  | { readonly kind: 'unsupported'; readonly forGood: boolean }

/** One call of the API, as `fetch` is given it; its `Authorization` is still a bearer's. */
export interface BearerCall {
  /** Absolute. */
  readonly target: string | Request
  /** Its headers are a plain object, with names in lower case where they are ours. */
  readonly init: RequestInit
  readonly bearer: string
  /** The key to which the bearer is bound, by its name; absent: none is known. */
  readonly keyId: string | undefined
  /** Sends. */
  readonly fetch: typeof globalThis.fetch
  /** The bearer can never be sent again: ends the session for `reason`. */
  end(reason: RejectedReason): void
}

/** How one kind of backend renews a bearer. Anyone can write one. */
export interface SessionStrategy {
  /**
   * One fixed word for what kind of strategy this is: `openid`, `cookie`, `oauth`. The `refresh` actor of the chart is
   * started with it, and an inspector shows it.
   * @default 'custom'
   */
  readonly kind?: string
  /** Whether a session without a refresh token cannot be refreshed. */
  readonly needsRefreshToken: boolean
  /** Default `afterBearerEnds`. */
  readonly resend?: ResendPolicy
  /**
   * One attempt, one send. Never throws and never retries: every failure is an outcome.
   * (The session treats a throw as `unknown`.)
   */
  refresh(request: RefreshRequest): Promise<RefreshOutcome>
  /**
   * Sends one call of `session.fetch` with a bearer that is no mere bearer, such as one bound to a key. What it resolves to
   * is judged as the API's answer. Absent: `fetch` is called with `Authorization: Bearer`.
   */
  send?(call: BearerCall): Promise<Response>
  /** Ends the grant at the backend, as far as it offers that. Resolves to whether it is known to have ended. */
  revoke?(request: RevokeRequest): Promise<boolean>
}
