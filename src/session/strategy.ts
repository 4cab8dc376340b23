import type {
  ExpiredReason,
  RejectedReason,
  ResendPolicy,
  UserDocument,
} from '../../machines/session.types.ts'

/** The input of a strategy for one attempt. */
export interface RefreshRequest {
  /** The backend's base URL, absolute, its path ending with `/`. */
  readonly baseUrl: string
  /** The token to spend. Absent if the strategy keeps it itself (a cookie jar). */
  readonly refreshToken?: string
  /** The user, as the login answer named it. */
  readonly userId: string
  /** Trimmed and validated; absent for a session without a tenant. */
  readonly tenantId?: string
  /** The name of the key to which the tokens are bound; absent: they work without a key. */
  readonly keyId?: string
  /** Unique per send, for `X-Refresh-Attempt-Id`. */
  readonly attemptId: string
  /** Whether the user was active a moment ago, by the `signals` of the session. */
  readonly userActive?: true
  /** Aborted at the hard deadline of the attempt; covers headers and body. */
  readonly signal: AbortSignal
  /** The `fetch` that the embedder injected; absent: the platform's transport. */
  readonly fetch?: typeof globalThis.fetch
}

/** The input of a strategy to end a grant at the backend: at a logout, or for a token that arrived too late. */
export interface RevokeRequest extends RefreshRequest {
  /** The present bearer; absent: there is none. */
  readonly bearer?: string
  /**
   * `logout`: the user ends the session, and the provider's own logout may follow. `replaced`: the same user goes on
   * with newer tokens of the same login. `late`: any other cause, such as a refresh that finished after the end of the
   * session.
   */
  readonly cause: 'logout' | 'replaced' | 'late'
  /** The refresh token was sent and its answer is unknown. Sending it again could end more than this session. */
  readonly isDoubtful?: true
}

/** The backend's hints about the life of a bearer. The session judges them. */
export interface LifeHints {
  /** An instant on the server's clock. */
  readonly expiresAt?: unknown
  /** Seconds from now (RFC 6749 section 5.1). */
  readonly expiresIn?: unknown
  /** The server's clock at the answer (`Date` header), milliseconds since the Unix epoch. */
  readonly serverNow?: number
}

/**
 * Why nothing was processed. `limited`: the backend's limiter answered; the whole origin waits. `banned`: the backend
 * refuses this address or this user for a while; only this session waits. `unavailable`: the backend is not available,
 * or a gateway answered in its place.
 */
export type RefusedCause = 'network' | 'limited' | 'banned' | 'unavailable' | 'misconfigured'

/**
 * The form of an answer that proves nothing. `inDoubt`: nothing was sent, because an earlier send is still in doubt.
 */
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

/** Warnings: the session works, but something is wrong. [Outcomes](../../docs/outcomes.md#notices) says what to do. */
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

/** Answers that an honest backend does not send. [Outcomes](../../docs/outcomes.md#notices) says what to do. */
export type SecurityNotice = 'identityMismatch' | 'unknownUser' | 'reuse'

/**
 * The sends of one refresh token that brought no definitive answer. They are ages in milliseconds, not instants,
 * because the clocks of a session and of a coordinator have nothing in common.
 */
export interface KnownSends {
  /** How often the token was sent. */
  readonly sends: number
  /** How long ago it was sent first. */
  readonly sinceMs: number
  /** How often the backend itself answered without a definitive word. */
  readonly answers: number
  /** How long ago the first of those answers came; absent: there was none. */
  readonly answeredSinceMs?: number
}

/**
 * The outcome of one attempt. The question is: may the server have consumed the refresh token?
 *
 * - `ok`: renewed. Without `refreshToken` the one sent stays valid (RFC 6749 section 6). Without `bearer` the new
 *   refresh token is kept, and one more refresh follows.
 * - `refused`: provably not processed; safe to send again.
 * - `rejected`: definitive.
 * - `unknown`: anything else; the token may be spent. `answered` says whether the backend itself answered. `consumed`:
 *   the token is known to be spent, and is never sent again.
 * - `unsupported`: this backend does not refresh. `forGood`: by policy. Otherwise (an older or half-deployed backend)
 *   the token is tried once more when the bearer ends.
 */
export type RefreshOutcome =
  | {
      readonly kind: 'ok'
      readonly bearer?: string
      readonly refreshToken?: string
      /**
       * The user as the backend returned it, under `id`. The session reads it by the schema of its option `user`, if
       * there is one.
       */
      readonly user?: UserDocument
      /**
       * Whether `user` has fewer fields than at the login: missing fields then stay. Otherwise it replaces the user.
       */
      readonly partial?: true
      readonly life?: LifeHints
      /** How long ago the answer arrived, if it is remembered; milliseconds. */
      readonly ageMs?: number
      /**
       * Set by a coordinator: others got this answer during the attempt, and may use its tokens. None of them may
       * revoke the tokens alone.
       */
      readonly shared?: true
      /** The server said that no refresh will follow (a deleted refresh cookie): use the bearer until it ends. */
      readonly final?: true
      readonly warnings?: readonly Warning[]
    }
  | {
      readonly kind: 'refused'
      readonly cause: RefusedCause
      readonly retryAfterMs?: number
      /** The answering server is overloaded (503), so others wait as well. With `limited` this is clear anyway. */
      readonly overloaded?: true
      /**
       * With `misconfigured`: what to correct, for the message of `Misconfigured`. It holds no token, and of an answer
       * at most its issuer.
       */
      readonly problem?: string
    }
  | { readonly kind: 'rejected'; readonly reason: ExpiredReason; readonly security?: SecurityNotice }
  | {
      readonly kind: 'unknown'
      readonly cause: UnknownCause
      readonly answered: boolean
      readonly consumed?: true
      /** The `Retry-After` of the answer; milliseconds. */
      readonly retryAfterMs?: number
      /** The answering server is overloaded (503), so others wait as well. */
      readonly overloaded?: true
      /** From a coordinator: how long ago the token was sent; milliseconds. */
      readonly ageMs?: number
      /**
       * From a coordinator: its present row of the token, and how long its backoff lasts. A session takes the row over,
       * and counts no send of its own in addition.
       */
      readonly doubt?: KnownSends & {
        /** The time until the next send that needs no request; milliseconds. */
        readonly waitMs: number
      }
      readonly warnings?: readonly Warning[]
    }
  | { readonly kind: 'unsupported'; readonly forGood: boolean }

/** One call of the API, with the arguments of `fetch`; its `Authorization` is still that of a bearer. */
export interface BearerCall {
  /** Absolute. */
  readonly target: string | Request
  /** Its headers are a plain object; our own names are in lower case. */
  readonly init: RequestInit
  readonly bearer: string
  /** The name of the key to which the bearer is bound; absent: none is known. */
  readonly keyId: string | undefined
  /** Sends the call. */
  readonly fetch: typeof globalThis.fetch
  /** The bearer can never be sent again: ends the session with `reason`. */
  end(reason: RejectedReason): void
}

/** How one kind of backend renews a bearer. Anyone can write one. */
export interface SessionStrategy {
  /**
   * One fixed word for the kind of strategy: `openid`, `cookie`, `oauth`. The `refresh` actor of the chart gets it as
   * input, and an inspector shows it.
   * @default 'custom'
   */
  readonly kind?: string
  /** Whether a session without a refresh token cannot be refreshed. */
  readonly needsRefreshToken: boolean
  /** When a token with an unknown outcome may be sent again. @default 'afterBearerEnds' */
  readonly resend?: ResendPolicy
  /**
   * One attempt, one send. Never throws and never retries: every failure is an outcome.
   * (The session treats a throw as `unknown`.)
   */
  refresh(request: RefreshRequest): Promise<RefreshOutcome>
  /**
   * Sends one call of `session.fetch` with a bearer that needs more than a header, such as one that is bound to a key.
   * Its result is judged as the API's answer. Absent: `fetch` is called with `Authorization: Bearer`.
   */
  send?(call: BearerCall): Promise<Response>
  /** Ends the grant at the backend, if it offers that. Resolves to whether the grant is known to have ended. */
  revoke?(request: RevokeRequest): Promise<boolean>
}
