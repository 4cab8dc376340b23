import { Misconfigured } from '../session/errors.ts'
import { cookieStrategy } from '../strategies/cookie.ts'
import { openidStrategy } from '../strategies/openid.ts'
import type { SessionStrategy } from '../strategies/strategy.ts'
import { failure } from './answers.ts'
import { withBackendLogout } from './backendLogout.ts'
import { idCarrier, sealedCarrier } from './carrier.ts'
import type { Endpoint, ServerContext } from './context.ts'
import { cookieSlot } from './cookies.ts'
import { isForged } from './csrf.ts'
import { backChannel, currentSession, logout, refreshSession, verifySession } from './currentSession.ts'
import { createEndSessionUrls } from './endSessionUrls.ts'
import { createEntries } from './entries.ts'
import { createGetSession, type ServerSession } from './getSession.ts'
import { createKeyring } from './keyring.ts'
import { openidCallback, openidStart, returnToOf } from './openidLogin.ts'
import { type RequestInfo, readServerOptions, type SessionServerOptions } from './options.ts'
import { createPace } from './pace.ts'
import { passwordLogin, twoFactorLogin } from './passwordLogin.ts'
import { proxy } from './proxy.ts'
import { createRoutes } from './routes.ts'
import { createSessions } from './sessions.ts'

/** The server of a panel: web-standard requests in, responses out. */
export interface SessionServer {
  /**
   * Answers a request to one of the server's own endpoints or to the API; 404 for any other. Never rejects.
   *
   * - `GET {path}`: the facts of the session · `POST {path}refresh` · `GET {path}verify` · `POST {path}logout`
   * - `POST {path}login` · `POST {path}login/2fa` · `GET {path}openid/start` · `GET {callbackPath}`
   * - `POST {path}backchannel-logout` · everything under `api`
   */
  handle(request: Request, info?: RequestInfo): Promise<Response>
  /**
   * The session of a request, for other code of the server. `readOnly` never refreshes and never writes: for places
   * that cannot set cookies.
   */
  getSession(request: Request, options?: { readonly readOnly?: boolean }): Promise<ServerSession>
  /** A path of the panel that is safe to redirect to after a login; `/` in place of anything else. */
  returnTo(value: unknown): string
  /**
   * Takes no new request, and resolves when no refresh is in the air any more, or after `timeoutMs`
   * (default 30 000). To be called on SIGTERM.
   */
  drain(options?: { readonly timeoutMs?: number }): Promise<void>
}

const LOGINS = new Set<Endpoint>([passwordLogin, twoFactorLogin, openidCallback])

/** How many cookies a sealed session may take. */
const PARTS = [0, 1, 2, 3, 4]

/**
 * The sessions of an admin panel, kept by its server: the browser holds a cookie that means nothing anywhere else.
 * Throws `Misconfigured` for options that cannot work.
 */
export function createSessionServer(options: SessionServerOptions): SessionServer {
  const settings = readServerOptions(options)
  const { clock, paths } = settings
  const keyring = createKeyring(settings.secrets)
  const pace = settings.pace && createPace(settings.pace, clock)
  const endSessionUrls = createEndSessionUrls()
  const running = new Set<Promise<unknown>>()
  let isDraining = false

  const track = <T>(task: Promise<T>): Promise<T> => {
    const done = () => {
      running.delete(settled)
    }
    const settled: Promise<void> = task.then(done, done)
    running.add(settled)
    return task
  }

  const resend = settings.resend === undefined ? {} : { resend: settings.resend }
  const openid = openidStrategy(resend)
  const strategies: Record<string, SessionStrategy> = {
    openid: paced(
      settings.openidBackendLogout ? withBackendLogout(openid, () => undefined, endSessionUrls.put) : openid,
    ),
    librechat: withBackendLogout(
      cookieStrategy(resend),
      (token) => `refreshToken=${token}`,
      endSessionUrls.put,
    ),
  }

  /** Only the OpenID route counts against the limiter. */
  function paced(strategy: SessionStrategy): SessionStrategy {
    if (!pace) return strategy
    return {
      ...strategy,
      async refresh(request) {
        const waitMs = pace.refresh()
        return waitMs > 0
          ? { kind: 'refused', cause: 'unavailable', retryAfterMs: waitMs }
          : strategy.refresh(request)
      },
    }
  }

  const onDuplicate = () => settings.observe({ type: 'turnedAway', code: 'cookieDuplicate' })
  const slot = (name: string) =>
    cookieSlot({ name, path: settings.publicUrl.pathname, isSecure: settings.isSecure, onDuplicate })
  const cookies = {
    twoFactor: slot('session-2fa'),
    openid: slot('session-openid'),
  }
  const { absoluteLifetimeMs } = settings
  const entries = createEntries(settings, keyring)
  const carrier = settings.sealedCookies
    ? sealedCarrier(
        PARTS.map((part) => slot(`session.${part}`)),
        keyring,
        entries,
        absoluteLifetimeMs,
      )
    : idCarrier(slot('session'), keyring, absoluteLifetimeMs)
  const background = (task: Promise<unknown>) => void track(task)
  const sessions = createSessions({ settings, keyring, entries, carrier, strategies, background })
  const context: ServerContext = { settings, sessions, keyring, pace, cookies }
  const match = createRoutes(settings.api, settings.publicUrl.pathname)

  const endpoints: Readonly<Record<string, Endpoint>> = {
    [`GET ${paths.root}`]: currentSession,
    [`POST ${paths.root}refresh`]: refreshSession,
    [`GET ${paths.root}verify`]: verifySession,
    [`POST ${paths.root}logout`]: logout(endSessionUrls),
    [`POST ${paths.root}login`]: passwordLogin,
    [`POST ${paths.root}login/2fa`]: twoFactorLogin,
    [`GET ${paths.root}openid/start`]: openidStart,
    [`GET ${paths.callback}`]: openidCallback,
    [`POST ${paths.root}backchannel-logout`]: backChannel,
  }

  async function answer(request: Request, info: RequestInfo): Promise<Response> {
    if (isDraining) return failure(503, 'draining')
    const url = new URL(request.url)
    const endpoint = endpoints[`${request.method} ${url.pathname}`] ?? apiEndpoint(url, request.method)
    if (!endpoint) return failure(404, 'not_found')
    // Anybody may call these two: a provider, and a browser that comes back from one.
    const isOpen = endpoint === backChannel || endpoint === openidCallback || endpoint === openidStart
    const forged = isOpen ? undefined : isForged(request, settings.origin)
    if (forged) {
      settings.observe({ type: 'turnedAway', code: 'csrf' })
      return failure(403, 'csrf', { expected: 'the header x-csrf: 1, from a page of this origin' })
    }
    try {
      const response = await endpoint(context, request, info)
      for (const line of await carrier.update(request)) response.headers.append('set-cookie', line)
      return response
    } catch (error) {
      const isMisconfigured = error instanceof Misconfigured
      const code = isMisconfigured ? 'misconfigured' : 'unavailable'
      // A store that fails is told by itself; a login that comes to nothing is told here.
      if (LOGINS.has(endpoint)) {
        settings.observe({ type: 'loginRefused', status: 503, code })
        // It says what to change, and no value.
        if (isMisconfigured) console.error(error.message)
      }
      return failure(503, code)
    }
  }

  function apiEndpoint(url: URL, method: string): Endpoint | undefined {
    const route = match(url, method)
    return route && proxy(route)
  }

  return {
    handle: (request, info = {}) => track(answer(request, info)),
    getSession: createGetSession(context),
    returnTo: (value) => returnToOf(context, value),
    async drain({ timeoutMs = 30_000 } = {}) {
      isDraining = true
      let disarm = () => {}
      const late = new Promise<void>((resolve) => {
        disarm = clock.setTimer(resolve, timeoutMs, 'foreground')
      })
      const done = async () => {
        while (running.size > 0) await Promise.all(running)
        await sessions.lives.landed()
      }
      await Promise.race([done(), late])
      disarm()
    },
  }
}
