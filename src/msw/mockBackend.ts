import type { DefaultBodyType, HttpHandler, HttpResponseResolver, PathParams } from 'msw'
import type { MockSettings } from './credentials.ts'
import type { MockFailure, MockRoute } from './failures.ts'
import type { MockUser } from './users.ts'

/** The address, the accounts and the settings of the mock backend. */
export interface MockBackendOptions extends Partial<MockSettings> {
  /** The absolute URL of the backend. Default: it answers on every origin. */
  readonly baseUrl?: string
  /** The first accounts. Default: one local admin (`ada@example.com`, `password`), one of OpenID, one of Google. */
  readonly users?: readonly MockUser[]
  /** The wall clock of the backend; milliseconds since the Unix epoch. Default: the platform's. */
  readonly now?: () => number
}

/** A refresh token that arrived at the backend. */
export interface MockPresentation {
  /** The route. */
  readonly route: 'openidRefresh' | 'cookieRefresh'
  /** `backend.fingerprint(token)`. */
  readonly token: string
  /** The time on the backend's clock; milliseconds since the Unix epoch. */
  readonly at: number
  /** The status of the answer; 0: a network error; absent: there is no answer yet. */
  readonly status?: number
}

/** The answer to a login. */
export interface MockLogin {
  /** The bearer. */
  readonly token: string
  /** The refresh token; for `librechat` the content of the cookie. */
  readonly refreshToken?: string
  /** Who is logged in. */
  readonly user: { readonly id: string }
  /** When the bearer ends; milliseconds since the Unix epoch; absent after a local login. */
  readonly expiresAt?: number
}

/** A mock backend. It remembers which tokens it issued, which of them were spent, and how it must fail. */
export interface MockBackend {
  /** For `setupServer` or `setupWorker`. */
  readonly handlers: readonly HttpHandler[]
  /** The accounts. You can change, add and remove them at any time. */
  readonly users: MockUser[]
  /** The lifetimes and switches. You can change them at any time. */
  readonly settings: MockSettings
  /** Every refresh token that arrived, in that order. */
  readonly presentations: readonly MockPresentation[]
  /** The name of a token in `presentations`. */
  fingerprint(token: string): string
  /** Logs in without a request. Give the answer to `session.login`. Default: the first OpenID admin. */
  issueLogin(of?: {
    readonly provider?: 'openid' | 'google' | 'librechat'
    readonly userId?: string
  }): MockLogin
  /** Issues a code for the exchange route, for one use within 30 s. `challenge`: the hex SHA-256 of the verifier. */
  issueCode(of?: { readonly userId?: string; readonly challenge?: string; readonly origin?: string }): string
  /** Answers every bearer that was issued so far with 401. */
  expireBearers(): void
  /** Ends the refresh tokens of one user, or of all users. Bearers stay valid until their end. */
  revoke(userId?: string): void
  /** Makes the next requests to a route fail. */
  failNext(route: MockRoute, failure?: MockFailure): void
  /** Wraps your own resolver. It answers 401 without a valid bearer, and 403 to a user who is no admin. */
  requireBearer<Params extends PathParams, Body extends DefaultBodyType>(
    resolver: HttpResponseResolver<Params, Body>,
  ): HttpResponseResolver<Params, Body>
  /** Resets accounts, settings, failures and log. No earlier token stays valid. */
  reset(): void
}
