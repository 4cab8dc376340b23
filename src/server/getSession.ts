import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { LoggedOut, Misconfigured } from '../base/errors.ts'
import { bearerOf } from './bearerOf.ts'
import type { ServerContext } from './context.ts'
import { nameOf } from './entries.ts'
import { isFound } from './foundSession.ts'
import { isWebRequest } from './isWebRequest.ts'
import { isFor, loginsNamedBy, NOBODY } from './namedLogin.ts'
import { shownUserOf } from './shownUserOf.ts'

/** What the session of a request has, whether somebody is logged in or not. */
export interface AnyServerSession<User extends UserIdentity = SessionUser> {
  /** `null`: nobody is logged in, or not the login that the request is for. */
  readonly user: User | null
  /**
   * The public name of the login, for the page that is rendered now: its forms and actions bring it back as `login`.
   * `null` with `user`.
   */
  readonly login: string | null
  /**
   * Calls the backend with a fresh bearer, as `Session.fetch` does. Rejects with `LoggedOut` without a session.
   * Read-only: with the bearer at hand.
   */
  readonly fetch: typeof globalThis.fetch
  /** A bearer that is good now; read-only: the one at hand, if it is still good. Rejects as `Session.getToken`. */
  getToken(options?: { readonly signal?: AbortSignal | null }): Promise<string>
  /** Puts what the browser must know into `response`. Rejects with `Misconfigured` for a read-only session. */
  commit(response: Response): Promise<Response>
}

/**
 * The session of one request, for code of the server beside its endpoints. It narrows by `user`, and by `login`.
 *
 * @example
 * const { user, fetch } = await server.getSession(request)
 * if (user === null) return Response.redirect('/login')
 */
export type ServerSession<User extends UserIdentity = SessionUser> =
  | (AnyServerSession<User> & { readonly user: User; readonly login: string })
  | (AnyServerSession<User> & { readonly user: null; readonly login: null })

/** How a session is looked for. */
export interface GetSessionOptions {
  /** Never refreshes and never writes: for places that cannot set cookies. @default false */
  readonly readOnly?: boolean
  /**
   * The login that the page shows which sent the request, as its form or its server action brings it: of another login
   * there is no session. @default what the header `x-csrf` or the query parameter `session-login` say. A request that may
   * change something (neither `GET` nor `HEAD`, and not `readOnly`) must say it: else there is no session, either.
   */
  readonly login?: string
}

export function createGetSession(context: ServerContext) {
  const { sessions, settings } = context
  return async (request: Request, options: GetSessionOptions = {}): Promise<ServerSession<UserIdentity>> => {
    if (!isWebRequest(request))
      throw new Misconfigured(
        'getSession takes a web-standard Request. Of a request of Express make one: new Request(url, { headers: { cookie: request.headers.cookie } }).',
      )
    const found = await sessions.find(request)
    const { readOnly = false } = options
    const isOther = isFound(found) && !isMeant(request, options, found.record.login)
    const commit = async (response: Response): Promise<Response> => {
      if (readOnly)
        throw new Misconfigured('A read-only session commits nothing: call getSession without readOnly.')
      const { sessionCookie } = sessions
      const isGone =
        !isFound(found) && !found.isAmbiguous && !found.isUnknownLogin && sessionCookie.isPresent(request)
      for (const line of isGone ? sessionCookie.clear() : await sessionCookie.update(request))
        response.headers.append('set-cookie', line)
      return response
    }
    if (isOther) settings.observe({ type: 'turnedAway', code: 'otherLogin', session: nameOf(found.key) })
    if (!isFound(found) || isOther) {
      const nobody = () => Promise.reject(new LoggedOut(isOther ? 'elsewhere' : 'never'))
      return { user: null, login: null, fetch: nobody, getToken: nobody, commit }
    }
    const bearer = bearerOf(found, context, !readOnly)
    return {
      // The code of the server is not a page: it may have all that is known of the last user.
      user: shownUserOf(settings, found.session.user, (document) => document) as UserIdentity,
      login: found.record.login,
      fetch: bearer.fetch,
      getToken: bearer.getToken,
      commit,
    }
  }
}

/** A page that only asks who is there names nobody. A form that lacks its field is for nobody, either. */
function isMeant(request: Request, options: GetSessionOptions, login: string): boolean {
  if ('login' in options) return options.login === login
  const named = loginsNamedBy(request)
  const isLook = options.readOnly || /^(GET|HEAD)$/.test(request.method)
  if (isLook && named.every((name) => name === NOBODY)) return true
  return named.length > 0 && isFor(request, login)
}
