import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import type { BaseSession } from '../session/session.ts'

/** The fields of a login form. */
export interface BffCredentials {
  /** As the user types it. */
  readonly email: string
  /** As the user types it. */
  readonly password: string
}

/** The fields of the login form of another login than LibreChat's; `via` is the name of the login at the server. */
export type BffOtherCredentials = Readonly<Record<string, string>>

/** The input of the second step of a login. */
export type BffSecondFactor =
  | {
      /** Six digits of an authenticator. */
      readonly code: string
    }
  | {
      /** One of the one-time codes. */
      readonly backupCode: string
    }

/** The next step of a login. */
export interface BffLoginStep {
  /** `twoFactor`: call `secondFactor`. `undefined`: none, the user is logged in. */
  readonly next: 'twoFactor' | undefined
}

/** The session of a page whose server keeps the tokens. */
export interface BffSession<User extends UserIdentity = SessionUser> extends BaseSession<User> {
  /**
   * Logs in with e-mail and password, or with the input of another login of the server, or with a form that has fields
   * of these names. It waits for the answers to earlier logins, logouts and refreshes, for a few seconds at most, because
   * the browser keeps the cookie of the last answer. Rejects with `LoginRefused`, and then nothing has changed. A login
   * that succeeds takes `?error=` of an earlier login at the provider out of the address of the page.
   *
   * @example
   * const { next } = await session.login({ email, password })
   * if (next === 'twoFactor') await session.secondFactor({ code })
   */
  login(credentials: BffCredentials | BffOtherCredentials | FormData): Promise<BffLoginStep>
  /** The second step of the login that this page has begun. Rejects with `LoginRefused`. */
  secondFactor(factor: BffSecondFactor | FormData): Promise<BffLoginStep>
  /**
   * Sends the browser to the identity provider. From there it returns to `returnTo`, a path of the panel. Rejects with
   * `LoginRefused` if the server does not begin the login.
   */
  loginWithRedirect(options?: {
    /** @default the page's own address */
    readonly returnTo?: string
    /**
     * The session that the login may replace if somebody is logged in: `stepUp` one of the same user, `switchUser` that
     * of any user.
     * @default none: a login of another user then fails
     */
    readonly purpose?: 'stepUp' | 'switchUser'
    /** The name of the login at the server. @default the one that logs in by redirect */
    readonly via?: string
    /** The provider, if a login has several: `openid` or `google` for `librechatLogin`. @default 'openid' there */
    readonly provider?: string
    /** What the provider must ask of the user, with `oauthLogin`: `login`, `select_account`, `consent`, `none`. */
    readonly prompt?: string
    /** The expected user: an address or a name. */
    readonly loginHint?: string
    /** How long before this login the user may have signed in; seconds. */
    readonly maxAge?: number
    /** How the user must sign in, the best way first; one of them must hold. */
    readonly acrValues?: readonly string[]
    /** The languages of the provider's pages, the best first. */
    readonly uiLocales?: readonly string[]
  }): Promise<void>
  /**
   * Asks the server who is logged in, and resolves to that. Use it after a login that no method of this session has
   * made. Without an answer nothing changes.
   */
  look(): Promise<void>
  /**
   * The address of a resource of the page's own origin that is called without headers: a link, a download, an image, an
   * `EventSource`, a `WebSocket`. It names the login of the call; the server removes the name again. Throws
   * `Misconfigured` for another origin.
   *
   * @example
   * const events = new EventSource(session.url('/api/admin/events'))
   */
  url(path: string | URL): string
  /**
   * The headers for a call of the page's own origin that does not use `fetch` of the session, such as an upload with
   * progress. They name the login of the call, and prove that no foreign page makes it.
   *
   * @example
   * for (const [name, value] of Object.entries(session.headers())) upload.setRequestHeader(name, value)
   */
  headers(): Readonly<Record<string, string>>
}
