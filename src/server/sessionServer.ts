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

/** The server of a panel: web-standard requests in, responses out. */
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
   * The session of a request, for other code of the server. What a form or a server action does is done for the `login`
   * whose page sent it, and for no other. Headers are enough: `{ headers: await headers() }` in Next.js. `readOnly` never refreshes and never writes: for places that cannot set cookies.
   */
  getSession(request: SessionRequest, options?: GetSessionOptions): Promise<ServerSession<User>>
  /**
   * Opens a session for a login answer that code of the server has got by itself, in place of the session that the browser
   * had; `cookies()` or `commit()` of what it resolves to must reach the browser. The route that calls it has no guard but
   * its own: it must refuse requests of other origins. Rejects with `LoginRefused` for whom `admit` or the schema of `user`
   * refuses, and after `drain` (`draining`), and revokes what was granted; with `InvalidAnswer` and `Misconfigured`.
   *
   * @example
   * const session = await server.open(await exchange.json(), { request, via: 'staff' })
   * const answer = await session.commit(Response.json(session.facts))
   */
  open(answer: LoginAnswer, options: OpenOptions): Promise<OpenServerSession<User>>
  /**
   * Ends the session of a request as `POST {path}logout` does: here, at the backend, and at the provider, to whose own logout
   * `redirect` leads. Whatever its method, a request must say the `login` that it ends, as `getSession` asks of what may change
   * something: else nothing ends. It works after `drain`, too, for as long as the store does: no logout is lost.
   *
   * @example
   * const form = await request.formData()
   * const { redirect, commit } = await server.end(request, { login: String(form.get('login')) })
   * const answer = await commit(new Response(null, { status: 303, headers: { location: redirect ?? '/login' } }))
   */
  end(request: SessionRequest, options?: Pick<GetSessionOptions, 'login'>): Promise<EndedServerSession>
  /** The sessions of users: to list them, and to end them. */
  readonly sessions: UserSessions<User>
  /**
   * Looks at what this server needs, once: the store, the backend and the provider of each login, their clocks, the issuer,
   * the secrets. Resolves to what was found, never rejects, and changes nothing but an entry of the store that expires in
   * 10 s. To be called at the start, beside `xstate-session doctor`, which looks from outside.
   *
   * @example
   * for (const { state, message } of await server.check()) if (state === 'wrong') console.error(message)
   */
  check(options?: CheckOptions): Promise<readonly Finding[]>
  /** A path of the panel that is safe to redirect to after a login; `/` in place of anything else. */
  returnTo(value: unknown): string
  /**
   * Takes no new request, and resolves when no refresh is in the air any more, or after `timeoutMs`
   * (default 30 000). To be called on SIGTERM.
   */
  drain(options?: { readonly timeoutMs?: number }): Promise<void>
}
