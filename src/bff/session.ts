import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import type { BaseSession } from '../session/session.ts'

/** What a login form gives. */
export interface BffCredentials {
  /** As the user types it. */
  readonly email: string
  /** As the user types it. */
  readonly password: string
}

/** What the login form of another login than LibreChat's gives; `via` is the name of the login at the server. */
export type BffOtherCredentials = Readonly<Record<string, string>>

/** What the second step of a login gives. */
export type BffSecondFactor =
  | {
      /** Six digits of an authenticator. */
      readonly code: string
    }
  | {
      /** One of the codes that are used once. */
      readonly backupCode: string
    }

/** What a login needs next. */
export interface BffLoginStep {
  /** `twoFactor`: call `secondFactor`. `undefined`: nothing, the user is logged in. */
  readonly next: 'twoFactor' | undefined
}

/** The session of a page whose server keeps the tokens, as an embedder holds it. */
export interface BffSession<User extends UserIdentity = SessionUser> extends BaseSession<User> {
  /**
   * Logs in with e-mail and password, or with what another login of the server takes, or with a form that has fields of
   * these names. Rejects with `LoginRefused`, and then
   * nothing has changed.
   *
   * @example
   * const { next } = await session.login({ email, password })
   * if (next === 'twoFactor') await session.secondFactor({ code })
   */
  login(credentials: BffCredentials | BffOtherCredentials | FormData): Promise<BffLoginStep>
  /** The second step of the login that this page has begun. Rejects with `LoginRefused`. */
  secondFactor(factor: BffSecondFactor | FormData): Promise<BffLoginStep>
  /**
   * Sends the browser to the identity provider, from where it comes back to `returnTo`, a path of the panel.
   * Rejects with `LoginRefused` where the server does not begin the login.
   */
  loginWithRedirect(options?: {
    /** @default the page's own address */
    readonly returnTo?: string
    /**
     * Which session the login may replace, where somebody is logged in: `stepUp` one of the same user, `switchUser` the
     * one of whoever is there.
     * @default none: a login of somebody else then comes to nothing
     */
    readonly purpose?: 'stepUp' | 'switchUser'
    /** The name of the login at the server. @default the one that logs in by redirect */
    readonly via?: string
    /** Which provider, where a login has several: `openid` or `google` for `librechatLogin`. @default 'openid' there */
    readonly provider?: string
    /** What `oauthLogin` asks of the provider: `login`, `select_account`, `consent`, `none`. */
    readonly prompt?: string
    /** Who is expected: an address or a name. */
    readonly loginHint?: string
    /** How long before this login the user may have signed in; seconds. */
    readonly maxAge?: number
    /** How the user is to have signed in, the best first; one of them has to hold. */
    readonly acrValues?: readonly string[]
    /** The languages of the provider's pages, the best first. */
    readonly uiLocales?: readonly string[]
  }): Promise<void>
  /**
   * Asks the server who is logged in, and resolves to that: after a login which no method of this session has made.
   * Without an answer nothing changes.
   */
  look(): Promise<void>
  /**
   * The address of something of the page's own origin that is called without headers: a link, a download, an image, an
   * `EventSource`, a `WebSocket`. It says which login the call is for; the server strips that again.
   * Throws `Misconfigured` for another origin.
   *
   * @example
   * const events = new EventSource(session.url('/api/admin/events'))
   */
  url(path: string | URL): string
  /**
   * What a call of the page's own origin needs that is not made with `fetch` of the session, such as an upload with
   * progress: it says which login the call is for, and that no foreign page makes it.
   *
   * @example
   * for (const [name, value] of Object.entries(session.headers())) upload.setRequestHeader(name, value)
   */
  headers(): Readonly<Record<string, string>>
}
