import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { Misconfigured } from '../base/errors.ts'
import { bodyAlreadyRead, failure } from './answers.ts'
import type { AttemptKeeper } from './attempts.ts'
import { backChannel } from './backChannel.ts'
import { boundAttempts } from './boundAttempts.ts'
import { createCheck } from './check.ts'
import type { Endpoint, ServerContext } from './context.ts'
import { MAX_PARTS } from './cookieRecord.ts'
import { cookieSlot } from './cookieSlot.ts'
import { forgeryOf } from './csrf.ts'
import { currentSession, logout, refreshSession, verifySession } from './currentSession.ts'
import { createEnd } from './endOwn.ts'
import { createEndSession } from './endSession.ts'
import { createEndSessionUrls } from './endSessionUrls.ts'
import { createEntries } from './entries.ts'
import { forwardAuth } from './forwardAuth.ts'
import { createGetSession } from './getSession.ts'
import { createHealth } from './health.ts'
import { isWebRequest } from './isWebRequest.ts'
import { createKeyring } from './keyring.ts'
import { wholeOf, withLight } from './lightRequest.ts'
import { listLogins } from './listLogins.ts'
import { loginCallback } from './loginCallback.ts'
import { followLogin, nextStep, startLogin, submitLogin } from './loginEndpoints.ts'
import { loginHosts } from './loginHosts.ts'
import { createOpen } from './openSession.ts'
import type { RequestInfo, SessionServerOptions } from './options.ts'
import { postedCallback } from './postedCallback.ts'
import { providerLogout } from './providerLogout.ts'
import { proxy } from './proxy.ts'
import { readServerOptions } from './readServerOptions.ts'
import { restorePath } from './restorePath.ts'
import { returnToOf } from './returnToOf.ts'
import { createRoutes } from './routes.ts'
import { type RunningLogins, runLogins } from './runLogins.ts'
import { idCookie, sealedCookie } from './sessionCookie.ts'
import type { SessionServer } from './sessionServer.ts'
import { createSessions } from './sessions.ts'
import { sharedAttempts } from './sharedAttempts.ts'
import { unknownCallback, unknownCallbacks } from './unknownCallback.ts'
import { createUserSessions } from './userSessions.ts'
import { withWholeBody } from './wholeBody.ts'
import { createWork } from './work.ts'

/**
 * Keeps the sessions of an admin panel on its server. The browser has only a cookie, which is useless elsewhere. The
 * user's type follows from the schema of the option `user`. Throws `Misconfigured` for options that cannot work.
 *
 * @example
 * const server = createSessionServer({
 *   publicUrl: 'https://admin.example.com/',
 *   secrets: [secret],
 *   logins: { librechat: librechatLogin({ baseUrl: 'http://librechat:3080' }) },
 * })
 * const response = await server.handle(request)
 */
export function createSessionServer<User extends UserIdentity = SessionUser>(
  options: SessionServerOptions<User>,
): SessionServer<User> {
  const settings = readServerOptions(options)
  const { clock, paths } = settings
  const keyring = createKeyring(settings.secrets)
  const endSessionUrls = createEndSessionUrls()
  const endSession = createEndSession(endSessionUrls)
  const work = createWork(clock)
  const { draining } = work

  const hostOf = loginHosts(settings, endSessionUrls)
  const logins = runLogins(settings.logins, hostOf)
  if (settings.sealedCookies && logins.all.some(([, { backChannel }]) => backChannel))
    throw new Misconfigured(
      'Option "sealedCookies" and a login with `backChannelLogout` exclude each other: the server cannot find a session that only its browser holds. Keep sessions in a store.',
    )
  const { publicUrl, isSecure, cookieName, absoluteLifetimeMs } = settings
  const slot = (suffix: string) => cookieSlot({ name: `${cookieName}${suffix}`, publicUrl, isSecure })
  const cookies = { pending: slot('-pending'), providerLogout: slot('-logout') }
  const entries = createEntries(settings, keyring)
  const sessionCookie = settings.sealedCookies
    ? sealedCookie(
        Array.from({ length: MAX_PARTS }, (_, part) => slot(`.${part}`)),
        keyring,
        entries,
        publicUrl.href,
        absoluteLifetimeMs,
      )
    : idCookie(slot(''), keyring, publicUrl.href, settings)
  const background = (task: Promise<unknown>) => void work.track(task)
  const sessions = createSessions({ settings, keyring, entries, sessionCookie, logins, background })
  const api = createRoutes(
    settings.api ?? offeredApi(logins),
    settings.publicUrl.pathname,
    logins,
    hostOf('').urlOf,
  )
  const bound = (name: string) =>
    boundAttempts(name, (id) => slot(`-login-${name}.${id}`), { settings, keyring }) as AttemptKeeper
  const attempts = new Map(
    logins.all.map(([name, { bindsCallback }]): [string, AttemptKeeper] => [
      name,
      bindsCallback
        ? bound(name)
        : (sharedAttempts(name, slot(`-login-${name}`), { settings, keyring }) as AttemptKeeper),
    ]),
  )
  const attemptsOf = (name: string) => attempts.get(name) ?? bound(name)
  const context: ServerContext = { ...work, settings, logins, sessions, api, keyring, attemptsOf, cookies }
  const callbacks = new Map(
    logins.all.flatMap(([name, login]): [string, Endpoint][] =>
      (login.callbackPaths ?? []).flatMap((path): [string, Endpoint][] => [
        [`GET ${path}`, loginCallback(name, login)],
        ...(login.isPosted ? [[`POST ${path}`, postedCallback] as [string, Endpoint]] : []),
      ]),
    ),
  )
  // Others call these: a provider, a browser that returns from one, and a proxy.
  const returning = [...callbacks.values(), ...unknownCallbacks]
  const calledByOthers = new Set<Endpoint>([backChannel, forwardAuth, ...returning])
  const loggingIn = new Set<Endpoint>([submitLogin, nextStep, startLogin, followLogin, ...returning])

  const health = createHealth(settings)
  const endpoints: Readonly<Record<string, Endpoint>> = {
    [`GET ${paths.root}`]: currentSession,
    // Some frameworks redirect one of these to the other.
    [`GET ${paths.root.slice(0, -1)}`]: currentSession,
    [`POST ${paths.root}refresh`]: refreshSession,
    [`GET ${paths.root}verify`]: verifySession,
    [`GET ${paths.root}auth`]: forwardAuth,
    [`GET ${paths.root}health`]: health,
    // Many monitors ask so. No other endpoint takes it: a login or a session is nothing to ask for in passing.
    [`HEAD ${paths.root}health`]: health,
    [`POST ${paths.root}logout`]: logout(endSession),
    [`GET ${paths.providerLogout}`]: providerLogout,
    [`GET ${paths.root}logins`]: listLogins,
    [`POST ${paths.root}login`]: submitLogin,
    [`POST ${paths.root}login/next`]: nextStep,
    [`POST ${paths.start}`]: startLogin,
    [`GET ${paths.start}`]: followLogin,
    ...Object.fromEntries(callbacks),
    [`POST ${paths.root}backchannel-logout`]: backChannel,
  }

  /** Never rejects, whatever it gets: the caller may not catch errors. */
  async function answer(request: Request, info: RequestInfo): Promise<Response> {
    if (draining.aborted) return failure(503, 'draining', {}, [], { connection: 'close' })
    let endpoint: Endpoint | undefined
    try {
      if (!isWebRequest(request))
        return failure(500, 'not_a_request', {
          expected: 'a web-standard Request: behind node:http and Express use toNodeListener',
        })
      if (request.bodyUsed || request.body?.locked) return bodyAlreadyRead()
      settings.audit.keep(request, info)
      const url = new URL(request.url)
      const { method } = request
      const own = endpoints[`${method} ${url.pathname}`] ?? unknownCallback(settings, method, url.pathname)
      endpoint = own ?? apiEndpoint(url, method)
      if (!endpoint) return failure(404, 'not_found')
      const forgery = calledByOthers.has(endpoint) ? undefined : forgeryOf(request, settings.origin)
      if (forgery) {
        settings.observe({ type: 'turnedAway', code: 'csrf' }, { request })
        return failure(403, 'csrf', forgery)
      }
      const whole = own ? await withWholeBody(context, wholeOf(request), endpoint) : request
      if (whole instanceof Response) return whole
      const serving = serve(endpoint, whole, info)
      // A login is not yet anybody's session, so a stop does not wait for it.
      return await (loggingIn.has(endpoint) ? serving : work.track(serving))
    } catch (error) {
      const isMisconfigured = error instanceof Misconfigured
      const code = isMisconfigured ? 'misconfigured' : 'unavailable'
      // A store reports its own failures. A failed login is reported here.
      if (endpoint && loggingIn.has(endpoint)) {
        settings.observe({ type: 'loginRefused', status: 503, code }, { request })
        // The message says what to change, and quotes no value.
        if (isMisconfigured) console.error(error.message)
      }
      return failure(503, code, {}, [], draining.aborted ? { connection: 'close' } : {})
    }
  }

  async function serve(endpoint: Endpoint, request: Request, info: RequestInfo): Promise<Response> {
    settings.audit.keep(request, info)
    const response = await endpoint(context, request, info)
    // The next request on this connection must go to another process.
    if (draining.aborted) response.headers.set('connection', 'close')
    try {
      for (const line of await sessionCookie.update(request)) response.headers.append('set-cookie', line)
    } catch (error) {
      // Nobody gets this answer, so the sender of its body must know.
      response.body?.cancel().catch(() => {})
      throw error
    }
    return response
  }

  function apiEndpoint(url: URL, method: string): Endpoint | undefined {
    const route = api.match(url, method)
    return route && proxy(route)
  }

  const open = createOpen(context)
  const end = createEnd(context, endSession)

  const atPublicPath = settings.isPathStripped ? restorePath(publicUrl) : (request: Request) => request
  const handle: SessionServer['handle'] = (request, info = {}) => answer(atPublicPath(request), info)

  return {
    // A listener of ours may pass less than a whole request, which nobody else can make.
    handle: withLight(handle, (request, info) => handle(request as unknown as Request, info)),
    getSession: createGetSession(context) as SessionServer<User>['getSession'],
    open: (answer, own) => work.track(open(answer, own)) as ReturnType<SessionServer<User>['open']>,
    end: (request, own) => work.track(end(request, own)),
    sessions: createUserSessions(context) as SessionServer<User>['sessions'],
    check: createCheck(context),
    returnTo: (value) => returnToOf(context, value),
    drain: ({ timeoutMs = 30_000 } = {}) => work.stop(timeoutMs, () => sessions.awake.landed()),
  }
}

/** The facts of the logins' backends. */
function offeredApi({ all }: RunningLogins): NonNullable<SessionServerOptions['api']> {
  const offered = all.flatMap(([name, { api = {} }]) =>
    Object.entries(api).map(([prefix, methods]) => [prefix, { methods, logins: [name] }] as const),
  )
  const table = Object.fromEntries(offered)
  if (Object.keys(table).length < offered.length)
    throw new Misconfigured(
      'Option "api" must be given: two logins offer the same path. Say for each path which login its calls belong to.',
    )
  return table
}
