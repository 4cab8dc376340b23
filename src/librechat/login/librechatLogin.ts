import type { ResendPolicy } from '../../../machines/session.types.ts'
import { checkKinds, type Kind } from '../../base/checkKinds.ts'
import { optionsOf } from '../../base/optionsOf.ts'
import type { BackChannelVerifier } from '../../server/backChannelVerifier.ts'
import type { LoginHost, ServerLogin } from '../../server/serverLogin.ts'
import type { SessionStrategy } from '../../session/strategy.ts'
import { cookieStrategy } from '../cookieStrategy.ts'
import { openidStrategy } from '../openidStrategy.ts'
import {
  type BackendLimiter,
  createBackendLimiter,
  type RateLimitOptions,
  readRateLimit,
} from './backendLimiter.ts'
import { withBackendLogout } from './backendLogout.ts'
import { checkBackend } from './checkBackend.ts'
import { type CallbackPaths, codeSteps } from './codeSteps.ts'
import { passwordSteps } from './passwordSteps.ts'
import { ssoProviders } from './ssoProviders.ts'
import { isTokenRoute } from './tokenRoutes.ts'
import { verify } from './verify.ts'

/** The LibreChat backend and its settings. `baseUrl` is required. */
export interface LibrechatLoginOptions {
  /** The backend's address for this server, absolute. */
  readonly baseUrl: string
  /** The backend's address for browsers, absolute: the OpenID login starts there. @default baseUrl */
  readonly browserBaseUrl?: string
  /**
   * The identity that sessions of this login keep. If it changes, they end, and nothing of them is sent to the new
   * backend. Give it if one backend has several addresses, or a new one. @default browserBaseUrl
   */
  readonly identity?: string
  /** The path of the callback after the OpenID login, under `publicUrl`. @default 'auth/openid/callback' */
  readonly callbackPath?: string
  /** Whether the backend has a login with Google: `GOOGLE_CLIENT_ID` there. @default false */
  readonly google?: boolean
  /** The path of the callback after the login with Google, under `publicUrl`. @default 'auth/google/callback' */
  readonly googleCallbackPath?: string
  /** The tenant of a session. It is called once, at login. The result is sent with OpenID refreshes. */
  readonly resolveTenant?: (request: Request) => string | undefined | Promise<string | undefined>
  /** As `OpenidStrategyOptions.resend`. @default 'afterBearerEnds' */
  readonly resend?: ResendPolicy
  /** As `OpenidStrategyOptions.trust503`, for every login. @default false */
  readonly trust503?: boolean
  /** As `OpenidStrategyOptions.trust404`, for every login. @default false */
  readonly trust404?: boolean
  /**
   * Keeps refreshes below the backend's shared limiter, and keeps logins of strangers out of the part for refreshes;
   * `false`: the backend has no limiter.
   * @default 7 in 5 minutes, until the backend says otherwise
   */
  readonly rateLimit?: RateLimitOptions | false
  /** Calls the backend's logout for sessions of single sign-on; see `OpenidStrategyOptions.backendLogout`. @default false */
  readonly openidBackendLogout?: boolean
  /** Origins of end-session URLs to which the page may be sent after a logout. @default none */
  readonly endSessionOrigins?: readonly string[]
  /** Accepts logouts by the backend's identity provider: `backChannelLogout` of `xstate-session/backchannel`. */
  readonly backChannelLogout?: BackChannelVerifier
}

const KINDS: Readonly<Record<keyof LibrechatLoginOptions, Kind>> = {
  baseUrl: 'checked',
  browserBaseUrl: 'checked',
  identity: 'a text',
  callbackPath: 'a text',
  google: 'true or false',
  googleCallbackPath: 'a text',
  resolveTenant: 'a function',
  resend: 'checked',
  trust503: 'true or false',
  trust404: 'true or false',
  rateLimit: 'checked',
  openidBackendLogout: 'true or false',
  endSessionOrigins: 'a list of texts',
  backChannelLogout: 'checked',
}

/**
 * Logs users of a LibreChat backend in: with a password and a second factor, through the backend's OpenID provider, and
 * with Google. It is a login for `createSessionServer`.
 *
 * @throws Misconfigured when the server is made, for options that cannot work.
 * @example
 * const server = createSessionServer({
 *   publicUrl: 'https://admin.example.com/',
 *   secrets: [secret],
 *   logins: { librechat: librechatLogin({ baseUrl: 'http://librechat:3080' }) },
 * })
 */
export function librechatLogin(options: LibrechatLoginOptions): ServerLogin {
  optionsOf('librechatLogin', options)
  return (host) => {
    checkKinds(options, KINDS, `logins.${host.name}`)
    const { baseUrl, browserBaseUrl, rateLimit, resolveTenant = () => undefined, backChannelLogout } = options
    const base = host.urlOf(baseUrl, 'baseUrl').href
    const browserBase =
      browserBaseUrl === undefined ? base : host.urlOf(browserBaseUrl, 'browserBaseUrl').href
    const { clock, attemptTimeoutMs, fetch, publicUrl } = host
    const callbackPaths = callbackPathsOf(options, host)
    const limiter = rateLimit === false ? undefined : createBackendLimiter(readRateLimit(rateLimit), clock)
    const line = { baseUrl: base, origin: publicUrl.origin, clock, attemptTimeoutMs, fetch, limiter }
    const issuer = backChannelLogout?.issuer
    const providers = ssoProviders(line, Object.hasOwn(callbackPaths, 'google'))
    return {
      identity: options.identity ?? browserBase,
      strategies: strategiesOf(options, host, limiter),
      apiUrl: base,
      api: { '/api/admin/': ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] },
      bindsCallback: false,
      callbackPaths: Object.values(callbackPaths),
      ...passwordSteps(line, resolveTenant),
      ...codeSteps(line, browserBase, callbackPaths, resolveTenant, issuer, providers),
      providers: providers.list,
      verify,
      check: () => checkBackend(line, host.name),
      isTokenRoute,
      ...(issuer !== undefined && { issuer }),
      ...(backChannelLogout && { backChannel: backChannelLogout }),
    }
  }
}

function callbackPathsOf(
  {
    callbackPath = 'auth/openid/callback',
    google = false,
    googleCallbackPath = 'auth/google/callback',
  }: LibrechatLoginOptions,
  { pathOf }: LoginHost,
): CallbackPaths {
  return {
    openid: pathOf(callbackPath, 'callbackPath'),
    ...(google && { google: pathOf(googleCallbackPath, 'googleCallbackPath') }),
  }
}

function strategiesOf(
  {
    google,
    resend,
    trust404 = false,
    trust503 = false,
    openidBackendLogout,
    endSessionOrigins = [],
  }: LibrechatLoginOptions,
  host: LoginHost,
  limiter: BackendLimiter | undefined,
): Record<string, SessionStrategy> {
  const origins = new Set(endSessionOrigins.map((origin) => host.urlOf(origin, 'endSessionOrigins').origin))
  const onRedirect = (sessionId: string, location: string) => {
    if (origins.has(URL.parse(location)?.origin ?? '')) host.endSessionAt(sessionId, location)
  }
  const judging = { ...(resend !== undefined && { resend }), trust404, trust503 }
  const sso = (provider: 'openid' | 'google') => {
    const strategy = openidStrategy({ ...judging, provider })
    return limited(
      openidBackendLogout ? withBackendLogout(strategy, () => undefined, onRedirect) : strategy,
      limiter,
    )
  }
  return {
    openid: sso('openid'),
    ...(google && { google: sso('google') }),
    librechat: withBackendLogout(cookieStrategy(judging), (token) => `refreshToken=${token}`, onRedirect),
  }
}

/** Only the OpenID route counts against the limiter. */
function limited(strategy: SessionStrategy, limiter: BackendLimiter | undefined): SessionStrategy {
  if (!limiter) return strategy
  return {
    ...strategy,
    async refresh(request) {
      const waitMs = limiter.refresh()
      return waitMs > 0
        ? { kind: 'refused', cause: 'unavailable', retryAfterMs: waitMs }
        : strategy.refresh(request)
    },
  }
}
