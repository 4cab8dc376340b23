import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import type { Finding } from '../base/finding.ts'
import type { LoginAnswer } from '../session/login.ts'
import type { CheckOptions } from './check.ts'
import type { EndedServerSession } from './endOwn.ts'
import type { GetSessionOptions, OpenServerSession, ServerSession } from './getSession.ts'
import type { OpenOptions } from './openSession.ts'
import type { RequestInfo } from './options.ts'
import type { SessionRequest } from './sessionRequest.ts'
import type { UserSessions } from './userSessions.ts'

/** The session server of a panel: it takes web-standard requests and returns responses. */
export interface SessionServer<User extends UserIdentity = SessionUser> {
  /**
   * Answers a request to one of the server's own endpoints or to the API; 404 for any other. Never rejects.
   *
   * - `GET {path}`: the facts of the session · `POST {path}refresh` · `GET {path}verify` · `POST {path}logout`
   * - `GET {path}auth`: for a proxy that asks before it passes a request on · `GET {path}health`: for balancers
   * - `GET {path}logins`: the ways to log in, and whether they work
   * - `POST {path}login` · `POST {path}login/next` · `POST` and `GET {path}login/start` · `GET` of the callback of each login
   * - `GET {path}logout/provider`: on to the provider's own logout
   * - `POST {path}backchannel-logout` · everything under `api`
   */
  handle(request: Request, info?: RequestInfo): Promise<Response>
  /**
   * The session of a request, for other code of the server. A form or a server action acts only for the `login` whose
   * page sent it. Headers are enough: `{ headers: await headers() }` in Next.js. `readOnly` never refreshes and never
   * writes: for code that cannot set cookies.
   */
  getSession(request: SessionRequest, options?: GetSessionOptions): Promise<ServerSession<User>>
  /**
   * Opens a session for a login answer that your code has received, and replaces the browser's previous session.
   * `cookies()` or `commit()` of the result must reach the browser. The server cannot guard your route: it must refuse
   * requests of other origins. Rejects with `LoginRefused` if `admit` or the schema of `user` refuses the user, and
   * after `drain` (`draining`); then it revokes the grant. Rejects with `InvalidAnswer` and `Misconfigured` too.
   *
   * @example
   * const session = await server.open(await exchange.json(), { request, via: 'staff' })
   * const answer = await session.commit(Response.json(session.facts))
   */
  open(answer: LoginAnswer, options: OpenOptions): Promise<OpenServerSession<User>>
  /**
   * Ends the session of a request as `POST {path}logout` does: here, at the backend, and at the provider, to whose own
   * logout `redirect` leads. A request with any method must name the `login` that it ends, otherwise nothing ends. It
   * also works after `drain`, as long as the store does: no logout is lost.
   *
   * @example
   * const form = await request.formData()
   * const { redirect, commit } = await server.end(request, { login: String(form.get('login')) })
   * const answer = await commit(new Response(null, { status: 303, headers: { location: redirect ?? '/login' } }))
   */
  end(request: SessionRequest, options?: Pick<GetSessionOptions, 'login'>): Promise<EndedServerSession>
  /** The sessions of users: lists them and ends them. */
  readonly sessions: UserSessions<User>
  /**
   * Examines once what this server needs: the store, the backend and the provider of each login, their clocks, the
   * issuer, the secrets. Resolves to the findings and never rejects. It leaves only an entry in the store, which expires
   * in 10 s, and a pushed request at the provider, which expires too. Call it at the start, in addition to
   * `xstate-session doctor`, which examines the deployment from outside.
   *
   * @example
   * for (const { state, message } of await server.check()) if (state === 'wrong') console.error(message)
   */
  check(options?: CheckOptions): Promise<readonly Finding[]>
  /** A path of the panel that is safe to redirect to after a login; for anything else `/`. */
  returnTo(value: unknown): string
  /**
   * Takes no new request, and resolves when no refresh is running any more, or after `timeoutMs` (default 30 000). Call
   * it on SIGTERM.
   */
  drain(options?: { readonly timeoutMs?: number }): Promise<void>
}
