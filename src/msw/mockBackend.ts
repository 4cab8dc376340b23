import type { DefaultBodyType, HttpHandler, HttpResponseResolver, PathParams } from 'msw'
import type { MockSettings } from './credentials.ts'
import type { MockFailure, MockRoute } from './failures.ts'
import type { MockUser } from './users.ts'

/** Where the fake backend answers, for whom, and how long what it issues lives. */
export interface MockBackendOptions extends Partial<MockSettings> {
  /** Absolute URL that the backend answers under. Default: every origin. */
  readonly baseUrl?: string
  /** The accounts to start with. Default: one local admin (`ada@example.com`, `password`), one of OpenID, one of Google. */
  readonly users?: readonly MockUser[]
  /** Wall clock of the backend; milliseconds since the Unix epoch. Default: that of the platform. */
  readonly now?: () => number
}

/** One arrival of a refresh token. */
export interface MockPresentation {
  /** Where it arrived. */
  readonly route: 'openidRefresh' | 'cookieRefresh'
  /** `backend.fingerprint(token)`. */
  readonly token: string
  /** Clock of the backend; milliseconds since the Unix epoch. */
  readonly at: number
  /** Of the answer; 0: a network error; absent while the answer is under way. */
  readonly status?: number
}

/** What a login answers. */
export interface MockLogin {
  /** The bearer. */
  readonly token: string
  /** For `librechat` the content of the cookie. */
  readonly refreshToken?: string
  /** Who is logged in. */
  readonly user: { readonly id: string }
  /** Milliseconds since the Unix epoch; the local login tells none. */
  readonly expiresAt?: number
}

/** A fake backend with a memory: what it issued, what was spent, what it was told to do wrong. */
export interface MockBackend {
  /** For `setupServer` or `setupWorker`. */
  readonly handlers: readonly HttpHandler[]
  /** The accounts: change, add and remove at will. */
  readonly users: MockUser[]
  /** How long things live and what is switched on; change it at will. */
  readonly settings: MockSettings
  /** Every refresh token that arrived, in order of arrival. */
  readonly presentations: readonly MockPresentation[]
  /** How `presentations` names a token. */
  fingerprint(token: string): string
  /** Logs in without a request: give the answer to `session.login`. Default: the first OpenID admin. */
  issueLogin(of?: {
    readonly provider?: 'openid' | 'google' | 'librechat'
    readonly userId?: string
  }): MockLogin
  /** A code for the exchange route, good once and for 30 s. `challenge`: hex SHA-256 of the verifier. */
  issueCode(of?: { readonly userId?: string; readonly challenge?: string; readonly origin?: string }): string
  /** Every bearer issued so far is answered with 401. */
  expireBearers(): void
  /** Ends the refresh tokens of one user, or of everybody. Bearers live on until their time is over. */
  revoke(userId?: string): void
  /** Makes the next requests to a route fail. */
  failNext(route: MockRoute, failure?: MockFailure): void
  /** Wraps a resolver of yours: 401 without a good bearer, 403 for who is no admin. */
  requireBearer<Params extends PathParams, Body extends DefaultBodyType>(
    resolver: HttpResponseResolver<Params, Body>,
  ): HttpResponseResolver<Params, Body>
  /** Back to the start: accounts, settings, failures, log; nothing issued before is good any more. */
  reset(): void
}
