import type { UserDocument } from '../../machines/session.types.ts'
import type { Clock } from '../base/clock.ts'
import type { Finding } from '../base/finding.ts'
import type { LoginAnswer } from '../session/login.ts'
import type { SessionStrategy } from '../session/strategy.ts'
import type { BackChannelVerifier } from './backChannelVerifier.ts'
import type { UrlOption } from './plainHttp.ts'

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** What a server lends to one of its logins. */
export interface LoginHost {
  /** The name under which the server knows the login. */
  readonly name: string
  /** Reads time and sets timers. */
  readonly clock: Clock
  /** Where browsers see the panel; ends with `/`. */
  readonly publicUrl: URL
  /** The path of the login's callback, unless the login has another: `{path}callback/{name}`. */
  readonly callbackPath: string
  /** How long one call may take; milliseconds. */
  readonly attemptTimeoutMs: number
  /** Sends the login's calls; absent: the platform's own connection. */
  readonly fetch?: typeof globalThis.fetch
  /** The pathname of `path` under `publicUrl`. Throws `Misconfigured`, which names `option`. */
  pathOf(path: string, option: string): string
  /** An absolute http(s) URL, ending with `/`. Throws `Misconfigured`, which names `option`; plain http is told. */
  urlOf(value: string, option: UrlOption): URL
  /** Where the provider ends its own session, when the session `sessionId` has ended here. */
  endSessionAt(sessionId: string, location: string): void
}

/** A request that logs in. */
export interface LoginRequest {
  /** As it came; the server has read its body. */
  readonly request: Request
  /** The client's address, where the backend trusts this server to name it. */
  readonly clientIp?: string | undefined
}

/** What a login has granted, and how a session of it is renewed. */
export interface LoginGrant {
  /** The user and the tokens. */
  readonly answer: LoginAnswer
  /** Which of the login's strategies renews it. */
  readonly strategy: string
  /** The tenant of the session, sent where the strategy sends one. */
  readonly tenantId?: string | undefined
  /** Whom the identity provider calls so (`sub`): a back-channel logout ends the sessions of it. */
  readonly sub?: string
  /** What the identity provider calls its own session (`sid`): a back-channel logout ends that one. */
  readonly sid?: string
  /**
   * When the provider has granted it, by the provider's clock (`iat` of the ID token); milliseconds since the Unix epoch. A
   * back-channel logout ends what was granted before it. @default when the callback came
   */
  readonly issuedAt?: number
  /** What the login keeps with the session: sealed, opaque to the server, at most 4 kB. */
  readonly data?: Json
}

/** A login that came to nothing: the status and the `error` of the answer to the page, and what the notice says. */
export interface LoginRefusal {
  /** Of HTTP. */
  readonly status: number
  /** `error` of the answer: one of the words of operations.md, or your own. */
  readonly code: string
  /** When to come back; milliseconds from now. */
  readonly retryAfterMs?: number | undefined
  /** What the backend answered; absent: it was not asked, or did not answer. */
  readonly backendStatus?: number
  /** What came in place of the backend's answer: a status and a content type. */
  readonly came?: string
  /** With `came`: what should have come. */
  readonly expected?: string
  /** What to mend, for whoever runs the server. */
  readonly problem?: string
}

/** What one step of a login comes to. */
export type LoginStep =
  | { readonly done: LoginGrant }
  | {
      /** What the page is to ask its user for: `twoFactor` is a second factor. */
      readonly next: string
      /** What the next step needs. It never leaves the server, but for sealed cookies. */
      readonly keep: Json
    }
  | {
      readonly refused: LoginRefusal
      /** Whether this was a try at the pending step that counts: after five, the login begins anew. */
      readonly isJudged?: boolean
      /** Whether the pending step can come to nothing any more. */
      readonly isOver?: boolean
      /** What was granted all the same, and is let go. */
      readonly granted?: LoginGrant
    }

/** What a verified session comes to. */
export type Verified =
  /** The backend confirms it. */
  | 'ok'
  /** The backend takes its user's rights away. */
  | 'revoked'
  /** The bearer is somebody else's. */
  | 'foreign'
  /** The backend says no, and not why. */
  | 'refused'
  /** Nobody said anything. */
  | 'unavailable'

/** What a login is asked to begin. */
export interface LoginBegin extends LoginRequest {
  /** What is kept of an attempt that a callback cannot be told apart from; only without `bindsCallback`. */
  readonly kept?: Json
  /** What the page asks of the provider; checked by the login. */
  readonly input: Readonly<Record<string, unknown>>
}

/** One way to log in, as a server runs it. */
export interface RunningLogin {
  /** The backend or issuer, and the client: what its sessions are bound to. */
  readonly identity: string
  /** How its sessions are refreshed. */
  readonly strategies: Readonly<Record<string, SessionStrategy>>
  /** The backend that its bearers are for, absolute and ending with `/`: where API routes lead that say no other. */
  readonly apiUrl?: string
  /** Where its refreshes go, absolute, if that is not `apiUrl`: a limit there holds all sessions of the login. */
  readonly providerUrl?: string
  /** What of that backend a page may call where the server's option `api` says nothing: path prefix to methods. */
  readonly api?: Readonly<Record<string, readonly string[]>>
  /** Whether a callback brings our `state` back, so that it belongs to one attempt. */
  readonly bindsCallback?: boolean
  /** The paths to which providers send browsers back. */
  readonly callbackPaths?: readonly string[]
  /** Whether the provider posts what it has to say (`response_mode=form_post`). */
  readonly isPosted?: boolean
  /**
   * Begins a login by redirect. `state` names the attempt, with `bindsCallback`. Rejects with `LoginFailed` where the
   * provider is away, or for an input that is none (`invalid_request`).
   */
  begin?(begin: LoginBegin): Promise<{ readonly location: URL; readonly state?: string; readonly keep: Json }>
  /**
   * Which providers its logins by redirect may lead to now, where there are several or none may work: a page names one as
   * `provider` when it begins. Never rejects.
   */
  providers?(): Promise<readonly string[]>
  /**
   * Ends a login by redirect: once for an attempt. What the address says went wrong is `refused`. Without `keep` there is
   * no attempt: only an error can be told.
   */
  callback?(request: LoginRequest, keep: Json | undefined): Promise<LoginStep>
  /**
   * Credentials, or what the next step of a login was told; `pending`: what that one has kept. `undefined`: that is no
   * input of this step, and `expected` of the login says what is.
   */
  submit?(
    request: LoginRequest,
    input: Readonly<Record<string, unknown>>,
    pending?: { readonly next: string; readonly keep: Json },
  ): Promise<LoginStep | undefined>
  /** What input a step takes, for whoever sends another; `next` absent: the first. */
  expected?(next?: string): string
  /** Whether a session still holds. Without it a session holds as long as it can be renewed. */
  verify?(fetch: typeof globalThis.fetch, user: UserDocument, signal: AbortSignal): Promise<Verified>
  /** What `server.check()` asks of its backend and its provider, besides whether they answer. May reject: then nobody does. */
  check?(): Promise<readonly Finding[]>
  /** Where the provider ends its own session, for one that has ended here; `data`: what was kept with it. */
  endSession?(data: Json | undefined): Promise<URL | undefined>
  /** Who issues `sub` and `sid` of its grants: another issuer's mean others. */
  readonly issuer?: string
  /** Whether its grants bring `sid`, so that a logout which names nothing else finds its session. */
  readonly bringsSid?: boolean
  /** Judges a logout of the provider (OpenID Connect Back-Channel Logout 1.0). */
  readonly backChannel?: BackChannelVerifier
  /** Whether the backend may answer with tokens at a path below `apiUrl`: the proxy never forwards to it. */
  isTokenRoute?(segments: readonly string[]): boolean
}

/** One way to log in: `librechatLogin`, `oauthLogin`, or one of your own. A server calls it once, when it is made. */
export type ServerLogin = (host: LoginHost) => RunningLogin
