import { isDevelopment } from '#development'
import type { ExpiredReason, LoggedOutReason } from '../../machines/session.types.ts'

/**
 * The base of all errors of this package. Switch on `code`, never on `message`, which is short in production. It never holds
 * a token.
 */
export abstract class SessionError extends Error {
  /** Which error it is. */
  abstract readonly code: SessionErrorCode
  /** Whether the same call may succeed later without a login. */
  readonly retryable: boolean = false
}

/** Every `code` of an error of this package. */
export type SessionErrorCode =
  | 'session_expired'
  | 'logged_out'
  | 'session_changed'
  | 'refresh_unavailable'
  | 'misconfigured'
  | 'invalid_answer'
  | 'login_refused'
  | 'login_failed'
  | 'redirect_blocked'
  | 'disposed'

/** The session ended; `reason` says why. A login is needed. */
export class SessionExpired extends SessionError {
  readonly code = 'session_expired'
  override readonly name = 'SessionExpired'
  /** Why the session ended. */
  readonly reason: ExpiredReason
  constructor(reason: ExpiredReason) {
    super(isDevelopment ? `The session has expired (${reason}). Log in again.` : reason)
    this.reason = reason
  }
}

/** Nobody is logged in. */
export class LoggedOut extends SessionError {
  readonly code = 'logged_out'
  override readonly name = 'LoggedOut'
  /** Who logged out, or `never`: nobody was logged in. */
  readonly reason: LoggedOutReason
  constructor(reason: LoggedOutReason) {
    super(isDevelopment ? wordsOf(reason) : reason)
    this.reason = reason
  }
}

const wordsOf = (reason: LoggedOutReason) =>
  reason === 'never' ? 'Nobody is logged in.' : `The session was logged out (${reason}).`

/** Another login began while the call was waiting. Its result would belong to that other login. */
export class SessionChanged extends SessionError {
  readonly code = 'session_changed'
  override readonly name = 'SessionChanged'
  constructor() {
    super(
      isDevelopment ? 'Another login replaced the session while this call was waiting.' : 'session_changed',
    )
  }
}

/** There is no usable bearer at the moment, and the session is still trying. */
export class RefreshUnavailable extends SessionError {
  readonly code = 'refresh_unavailable'
  override readonly name = 'RefreshUnavailable'
  override readonly retryable = true
  /** When the session tries next, by the wall clock; milliseconds since the Unix epoch. Absent: unknown. */
  readonly retryAt: number | undefined
  constructor(retryAt: number | undefined) {
    super(
      isDevelopment
        ? 'The session cannot be refreshed at the moment; it keeps trying.'
        : 'refresh_unavailable',
    )
    this.retryAt = retryAt
  }
}

/** An option or an argument is wrong, or the backend does not accept this client. `message` names it. */
export class Misconfigured extends SessionError {
  readonly code = 'misconfigured'
  override readonly name = 'Misconfigured'
}

/** The argument of `login` is no login answer. `message` names the field. */
export class InvalidAnswer extends SessionError {
  readonly code = 'invalid_answer'
  override readonly name = 'InvalidAnswer'
}

/** A login failed. A user who was logged in before still is. */
export class LoginRefused extends SessionError {
  readonly code = 'login_refused'
  override readonly name = 'LoginRefused'
  /** The server's word: `invalid_credentials`, `invalid_code`, `login_expired`, `rate_limited`, `unavailable`, … */
  readonly reason: string
  /** The status of the answer; `undefined`: there was none. */
  readonly status: number | undefined
  /** How long to wait before the next try, as the server asks; milliseconds. */
  readonly retryAfterMs: number | undefined
  override readonly retryable: boolean
  constructor(reason: string, status: number | undefined, retryAfterMs?: number, detail = '') {
    const answered = status === undefined ? ', no answer came' : ` (status ${status})`
    super(isDevelopment ? `The login was refused: ${reason}${answered}.${detail}` : reason)
    this.reason = reason
    this.status = status
    this.retryAfterMs = retryAfterMs
    this.retryable = status === undefined || status === 429 || status >= 500
  }
}

/** A login at a provider failed. A user who was logged in before still is. */
export class LoginFailed extends SessionError {
  readonly code = 'login_failed'
  override readonly name = 'LoginFailed'
  /**
   * Why. It may be the provider's own error (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6):
   * `access_denied`, `login_required`, … Or it is one of ours:
   *
   * - `unknown_attempt`: this browser has not begun that login, or has finished it. `returnTo` is the page `home`.
   * - `attempt_expired`: the login took longer than an hour.
   * - `provider_unavailable`: the provider did not answer.
   * - `invalid_answer`: the provider's answer is no login.
   * - `other_issuer`: another issuer answered.
   * - `other_user`: another user logged in than was asked for.
   * - `step_up_failed`: the user did not do what was asked for.
   * - `storage_unavailable`: this browser stores nothing, so no login could be found again.
   * - `too_many_logins`: two logins without the user's request failed.
   * - `signed_out`: after a logout the user has not asked for a login.
   * - `popup_blocked`: the browser opened no window.
   * - `popup_unavailable`: the code of the window could not be downloaded.
   * - `login_cancelled`: the user gave up.
   * - `unfinished`: the user returned from the provider without an answer.
   * - `not_admitted`: the application does not let this user in.
   * - With DPoP, `key_unavailable`: this browser stores no key. `key_lost`: it has lost the key of the login.
   *   `not_bound`: the provider's tokens are bound to no key.
   */
  readonly reason: string
  /** The target of the login; absent: unknown. */
  readonly returnTo: string | undefined
  override readonly retryable: boolean
  constructor(reason: string, returnTo?: string) {
    super(isDevelopment ? `The login has failed (${reason}).` : reason)
    this.reason = reason
    this.returnTo = returnTo
    this.retryable = /^(provider_unavailable|temporarily_unavailable|server_error)$/.test(reason)
  }
}

/** The API answered with a redirect. It must not be followed with a bearer, or a browser cannot follow it. */
export class RedirectBlocked extends SessionError {
  readonly code = 'redirect_blocked'
  override readonly name = 'RedirectBlocked'
}

/** The session object was disposed. */
export class Disposed extends SessionError {
  readonly code = 'disposed'
  override readonly name = 'Disposed'
  constructor() {
    super(isDevelopment ? 'The session was disposed.' : 'disposed')
  }
}

/** Every error of this package, for exhaustive switches on `code`. */
export type AnySessionError =
  | SessionExpired
  | LoggedOut
  | SessionChanged
  | RefreshUnavailable
  | Misconfigured
  | InvalidAnswer
  | LoginRefused
  | LoginFailed
  | RedirectBlocked
  | Disposed
