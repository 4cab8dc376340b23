import type { UserDocument } from '../../machines/session.types.ts'
import type { Clock } from '../base/clock.ts'
import type { Finding } from '../base/finding.ts'
import type { LoginAnswer } from '../session/login.ts'
import type { SessionStrategy } from '../session/strategy.ts'
import type { BackChannelVerifier } from './backChannelVerifier.ts'
import type { UrlOption } from './plainHttp.ts'

/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** The services of a server for one of its logins. */
export interface LoginHost {
  /** The name under which the server knows the login. */
  readonly name: string
  /** Reads time and sets timers. */
  readonly clock: Clock
  /** The panel's address in browsers; ends with `/`. */
  readonly publicUrl: URL
  /** The path of the login's callback, unless the login has its own: `{path}callback/{name}`. */
  readonly callbackPath: string
  /** How long one call may take; milliseconds. */
  readonly attemptTimeoutMs: number
  /** Sends the login's calls; absent: the platform's own connection. */
  readonly fetch?: typeof globalThis.fetch
  /** The pathname of `path` under `publicUrl`. Throws `Misconfigured`, which names `option`. */
  pathOf(path: string, option: string): string
  /** An absolute http(s) URL that ends with `/`. Throws `Misconfigured`, which names `option`. Reports plain http. */
  urlOf(value: string, option: UrlOption): URL
  /** Passes on the address of the provider's own logout for the session `sessionId`, which has ended here. */
  endSessionAt(sessionId: string, location: string): void
}

/** A request that logs in. */
export interface LoginRequest {
  /** The request. The server has read its body. */
  readonly request: Request
  /** The client's address, if the backend trusts this server. */
  readonly clientIp?: string | undefined
}

/** The grant of a login, and how its session is renewed. */
export interface LoginGrant {
  /** The user and the tokens. */
  readonly answer: LoginAnswer
  /** The login's strategy that renews it. */
  readonly strategy: string
  /** The tenant of the session, for strategies that send one. */
  readonly tenantId?: string | undefined
  /** The identity provider's name of the user (`sub`): a back-channel logout ends its sessions. */
  readonly sub?: string
  /** The identity provider's name of its own session (`sid`): a back-channel logout ends that session. */
  readonly sid?: string
  /**
   * When the provider granted it, by the provider's clock (`iat` of the ID token); milliseconds since the Unix epoch. A
   * back-channel logout ends earlier grants. @default when the callback arrived
   */
  readonly issuedAt?: number
  /** Data that the login keeps with the session: sealed, unread by the server, at most 4 kB. */
  readonly data?: Json
}

/** A failed login: the status and the `error` of the answer to the page, and the facts for the notice. */
export interface LoginRefusal {
  /** The HTTP status. */
  readonly status: number
  /** `error` of the answer: one of the words of operations.md, or your own. */
  readonly code: string
  /** When to try again; milliseconds from now. */
  readonly retryAfterMs?: number | undefined
  /** The backend's status; absent: it was not asked, or did not answer. */
  readonly backendStatus?: number
  /** The status and content type that came in place of the backend's answer. */
  readonly came?: string
  /** With `came`: the expected answer. */
  readonly expected?: string
  /** What the operator of the server must correct. */
  readonly problem?: string
}

/** The result of one step of a login. */
export type LoginStep =
  | { readonly done: LoginGrant }
  | {
      /** The next input of the user: `twoFactor` is a second factor. */
      readonly next: string
      /** The data for the next step. It leaves the server only in sealed cookies. */
      readonly keep: Json
    }
  | {
      readonly refused: LoginRefusal
      /** Whether this counts as a try of the pending step. After five tries the login begins again. */
      readonly isJudged?: boolean
      /** Whether the pending step can no longer succeed. */
      readonly isOver?: boolean
      /** A grant that exists all the same, and is revoked. */
      readonly granted?: LoginGrant
    }

/** The result of a verification. */
export type Verified =
  /** The backend confirms it. */
  | 'ok'
  /** The backend withdraws the user's rights. */
  | 'revoked'
  /** The bearer belongs to another user. */
  | 'foreign'
  /** The backend refuses and does not say why. */
  | 'refused'
  /** There was no verdict. */
  | 'unavailable'

/** The input of a begin. */
export interface LoginBegin extends LoginRequest {
  /** The data of earlier attempts whose callback looks the same; only without `bindsCallback`. */
  readonly kept?: Json
  /** The page's wishes for the provider. The login checks them. */
  readonly input: Readonly<Record<string, unknown>>
}

/** One way to log in, as a server runs it. */
export interface RunningLogin {
  /** The identity that its sessions keep: the backend or issuer, and the client. */
  readonly identity: string
  /** How its sessions are refreshed. */
  readonly strategies: Readonly<Record<string, SessionStrategy>>
  /** The backend of its bearers, absolute, ends with `/`: the default target of API routes. */
  readonly apiUrl?: string
  /** The target of its refreshes, absolute, if it is not `apiUrl`. A limit there holds all sessions of the login. */
  readonly providerUrl?: string
  /** The part of that backend that a page may call if the server's option `api` is absent: path prefix to methods. */
  readonly api?: Readonly<Record<string, readonly string[]>>
  /** Whether a callback returns our `state`, and so belongs to one attempt. */
  readonly bindsCallback?: boolean
  /** The paths of its callbacks. */
  readonly callbackPaths?: readonly string[]
  /** Whether the provider posts its answer (`response_mode=form_post`). */
  readonly isPosted?: boolean
  /**
   * Begins a login by redirect. `state` names the attempt, with `bindsCallback`. Rejects with `LoginFailed` if the
   * provider does not answer, or for an invalid input (`invalid_request`).
   */
  begin?(begin: LoginBegin): Promise<{ readonly location: URL; readonly state?: string; readonly keep: Json }>
  /**
   * The providers that its logins by redirect may use now, if there are several or none may work. A page names one as
   * `provider` when it begins. Never rejects.
   */
  providers?(): Promise<readonly string[]>
  /**
   * Ends a login by redirect: once for each attempt. An error in the address gives `refused`. Without `keep` there is
   * no attempt, and only an error can be reported.
   */
  callback?(request: LoginRequest, keep: Json | undefined): Promise<LoginStep>
  /**
   * Takes credentials, or the input of the next step; `pending`: the data that the step before kept. `undefined`: the
   * input is not of this step; `expected` of the login names the right one.
   */
  submit?(
    request: LoginRequest,
    input: Readonly<Record<string, unknown>>,
    pending?: { readonly next: string; readonly keep: Json },
  ): Promise<LoginStep | undefined>
  /** The input of a step, for an error message; `next` absent: the first step. */
  expected?(next?: string): string
  /** Checks a session with the backend. Without it a session is valid as long as it can be renewed. */
  verify?(fetch: typeof globalThis.fetch, user: UserDocument, signal: AbortSignal): Promise<Verified>
  /**
   * Checks of `server.check()` for its backend and provider, besides whether they answer. If it rejects, they do not
   * answer.
   */
  check?(): Promise<readonly Finding[]>
  /**
   * The address of the provider's own logout for a session that has ended here; `data`: the data that was kept with it.
   */
  endSession?(data: Json | undefined): Promise<URL | undefined>
  /** The issuer of `sub` and `sid` of its grants. At another issuer they mean others. */
  readonly issuer?: string
  /** Whether its grants have a `sid`, so that a logout with a `sid` alone finds its session. */
  readonly bringsSid?: boolean
  /** Checks a logout of the provider (OpenID Connect Back-Channel Logout 1.0). */
  readonly backChannel?: BackChannelVerifier
  /** Whether the backend may answer with tokens at a path below `apiUrl`: the proxy never forwards to it. */
  isTokenRoute?(segments: readonly string[]): boolean
}

/**
 * One way to log in: `librechatLogin`, `oauthLogin`, or your own. A server calls it once, when the server is created.
 */
export type ServerLogin = (host: LoginHost) => RunningLogin
