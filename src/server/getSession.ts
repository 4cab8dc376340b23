import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { LoggedOut, Misconfigured } from '../base/errors.ts'
import { aboutOf } from './aboutOf.ts'
import { factsOf, type ServerFacts } from './answers.ts'
import { bearerOf } from './bearerOf.ts'
import type { ServerContext } from './context.ts'
import { nameOf } from './entries.ts'
import { type Found, isFound, type Missing } from './foundSession.ts'
import { isFor, loginsNamedBy, NOBODY } from './namedLogin.ts'
import { requireSessionRequest } from './requireSessionRequest.ts'
import { type ServerCookie, serverCookie } from './serverCookie.ts'
import type { SessionRequest } from './sessionRequest.ts'
import { shownUserOf } from './shownUserOf.ts'

/** The session of a request, with or without a user. */
export interface AnyServerSession<User extends UserIdentity = SessionUser> {
  /** `null`: nobody is logged in, or not the login of the request. */
  readonly user: User | null
  /**
   * The public name of the login, for the page that is rendered now. Its forms and actions return it as `login`. `null`
   * with `user`.
   */
  readonly login: string | null
  /** Names the session in `sessions` of the server and in notices; no page needs it. `null` with `user`. */
  readonly id: string | null
  /** The name of the login in the option `logins`. `null` with `user`. */
  readonly via: string | null
  /**
   * The facts for the page that is rendered now: pass them as the option `facts` of `createBffSession`, which then
   * sends no request at its start. `null`: nobody is logged in. Absent: the server cannot tell now, and the page asks.
   */
  readonly facts?: ServerFacts<User> | null
  /**
   * Calls the backend with a fresh bearer, as `Session.fetch` does. Rejects with `LoggedOut` without a session.
   * Read-only: uses the present bearer.
   */
  readonly fetch: typeof globalThis.fetch
  /**
   * A bearer that is good now. Read-only: the present bearer, if it is still good. Rejects as `Session.getToken` does.
   */
  getToken(options?: { readonly signal?: AbortSignal | null }): Promise<string>
  /**
   * Renews now, unless the last renewal was a moment ago. Concurrent callers share the renewal. Resolves to the facts
   * after it. Rejects as `Session.refresh` does, and with `Misconfigured` for a read-only session.
   */
  refresh(): Promise<ServerFacts<User>>
  /**
   * The cookies for the browser, for frameworks that set cookies themselves. Several cookies may share a name and
   * differ by domain and path: if setting by name replaces them, append the `header` of each. Rejects with
   * `Misconfigured` for a read-only session.
   */
  cookies(): Promise<readonly ServerCookie[]>
  /** Adds the cookies to `response`. Rejects with `Misconfigured` for a read-only session. */
  commit(response: Response): Promise<Response>
}

/**
 * The session of one request, for server code outside of the endpoints. Its type narrows by `user` and by `login`.
 *
 * @example
 * const { user, fetch } = await server.getSession(request)
 * if (user === null) return Response.redirect('/login')
 */
export type ServerSession<User extends UserIdentity = SessionUser> =
  | OpenServerSession<User>
  | (AnyServerSession<User> & {
      readonly user: null
      readonly login: null
      readonly id: null
      readonly via: null
      readonly facts?: null
    })

/** The session of a user who is logged in. */
export type OpenServerSession<User extends UserIdentity = SessionUser> = AnyServerSession<User> & {
  readonly user: User
  readonly login: string
  readonly id: string
  readonly via: string
  readonly facts: ServerFacts<User>
}

/** How the session is found. */
export interface GetSessionOptions {
  /** Never refreshes and never writes: for code that cannot set cookies. @default false */
  readonly readOnly?: boolean
  /**
   * The login that the requesting page shows, as its form or server action returns it. For another login there is no
   * session. A request that may change something must name its login, otherwise there is no session; that is every
   * request except `GET`, `HEAD` and `readOnly` ones. @default the header `x-csrf` or the query parameter
   * `session-login`
   */
  readonly login?: string
}

/** `getSession` of a server. */
export function createGetSession(context: ServerContext) {
  const { sessions } = context
  return async (
    request: SessionRequest,
    options: GetSessionOptions = {},
  ): Promise<ServerSession<UserIdentity>> => {
    const { readOnly = false } = options
    const found = await findMeant(context, request, options, 'getSession')
    const lines = async (): Promise<readonly string[]> => {
      if (readOnly) throw new Misconfigured(`${READ_ONLY}: it can set no cookies.`)
      const { sessionCookie } = sessions
      const isGone =
        !isFound(found) &&
        !found.isAmbiguous &&
        !found.isUnknownLogin &&
        !found.isOther &&
        !found.isOthers &&
        sessionCookie.isPresent(request)
      return isGone ? sessionCookie.clear() : sessionCookie.update(request)
    }
    if (isFound(found)) return openSessionOf(context, found, lines, readOnly)
    const nobody = () => Promise.reject(new LoggedOut(found.isOther ? 'elsewhere' : 'never'))
    // There may be a session: a later release may know its login, or another cookie hides it.
    const isOpen = found.isOther || found.isOthers || found.isAmbiguous || found.isUnknownLogin
    return {
      user: null,
      login: null,
      id: null,
      via: null,
      ...(!isOpen && { facts: null }),
      fetch: nobody,
      getToken: nobody,
      refresh: nobody,
      ...setting(lines),
    }
  }
}

/**
 * The session of a request, if its page shows this login. `getSession` may only read, and then needs no name; `end`
 * always changes something.
 */
export async function findMeant(
  { sessions, settings }: ServerContext,
  request: SessionRequest,
  options: GetSessionOptions,
  method: 'getSession' | 'end',
): Promise<Found | Missing> {
  requireSessionRequest(request, method)
  const found = await sessions.find(request)
  if (!isFound(found) || isMeant(request, options, found.record.login, method === 'getSession')) return found
  const about = aboutOf(found, request)
  settings.observe({ type: 'turnedAway', code: 'otherLogin', session: nameOf(found.key) }, about)
  return { isOther: true }
}

/** The session for server code. `lines`: the `Set-Cookie` lines for its browser. */
export function openSessionOf(
  context: ServerContext,
  found: Found,
  lines: () => Promise<readonly string[]>,
  readOnly = false,
): OpenServerSession<UserIdentity> {
  const { settings } = context
  const { clock } = settings
  const bearer = bearerOf(found, context, !readOnly)
  const factsAt = (one: Found) => factsOf(one, settings, clock.wall()) as ServerFacts<UserIdentity>
  return {
    // Server code is no page: it may see all facts of the last user.
    user: shownUserOf(settings, found.session.user, (document) => document) as UserIdentity,
    login: found.record.login,
    id: nameOf(found.key),
    via: found.record.via[0],
    facts: factsAt(found),
    fetch: bearer.fetch,
    getToken: bearer.getToken,
    async refresh() {
      if (readOnly) throw new Misconfigured(`${READ_ONLY}: it renews nothing.`)
      const renewed = await bearer.refresh()
      if (!isFound(renewed)) throw new LoggedOut('elsewhere')
      return factsAt(renewed)
    },
    ...setting(lines),
  }
}

/** How the cookies get into an answer. */
export const setting = (lines: () => Promise<readonly string[]>) => ({
  cookies: async () => (await lines()).map(serverCookie),
  async commit(response: Response): Promise<Response> {
    for (const line of await lines()) response.headers.append('set-cookie', line)
    return response
  },
})

const READ_ONLY = 'The session is read-only, as getSession was told'

/** A page that only asks for the user names no login. A form without its field is for nobody either. */
function isMeant(
  request: SessionRequest,
  options: GetSessionOptions,
  login: string,
  mayLook: boolean,
): boolean {
  if ('login' in options) return options.login === login
  const named = loginsNamedBy(request)
  // A request without a method may be a server action.
  const isLook =
    mayLook && (options.readOnly || (request.method !== undefined && /^(GET|HEAD)$/.test(request.method)))
  if (isLook && named.every((name) => name === NOBODY)) return true
  return named.length > 0 && isFor(request, login)
}
