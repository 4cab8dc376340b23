import { type HttpHandler, HttpResponse, http } from 'msw'
import { systemClock } from '../base/clock.ts'
import { gatewayAnswers } from '../testing/gatewayAnswers.ts'
import { type Answer, authorize, type Context, fieldsOf, type RequestInfo } from './context.ts'
import { createCredentials, type MockSettings } from './credentials.ts'
import { createFailures, failureResponse, type MockRoute } from './failures.ts'
import { localRoutes } from './localRoutes.ts'
import type { MockBackend, MockBackendOptions, MockPresentation } from './mockBackend.ts'
import { openidRoutes } from './openidRoutes.ts'
import { fingerprint } from './tokens.ts'
import { defaultUsers, type MockUser, ssoUser, userDocument } from './users.ts'

const paths: Record<MockRoute, readonly ['get' | 'post', string]> = {
  login: ['post', 'api/admin/login/local'],
  twoFactor: ['post', 'api/auth/2fa/verify-temp'],
  verify: ['get', 'api/admin/verify'],
  openidCheck: ['get', 'api/admin/oauth/openid/check'],
  exchange: ['post', 'api/admin/oauth/exchange'],
  openidRefresh: ['post', 'api/admin/oauth/refresh'],
  cookieRefresh: ['post', 'api/auth/refresh'],
  logout: ['post', 'api/auth/logout'],
  users: ['get', 'api/admin/users'],
}

/**
 * A backend for the tests of your UI, behind Mock Service Worker. It keeps accounts, logins and rotating refresh tokens as
 * LibreChat does.
 *
 * It has no limiter, no strict tenancy and no redirects to the identity provider, and it signs nothing. Its tokens are the
 * same in every run. In a browser keep `now` near the real time, because the cookie jar deletes expired cookies.
 *
 * @throws {RangeError} if a lifetime is not above 0.
 *
 * @example
 * const backend = createMockBackend({ bearerLifeMs: 60_000 })
 * setupServer(...backend.handlers).listen()
 */
export function createMockBackend(options: MockBackendOptions = {}): MockBackend {
  const { baseUrl = '*', users: accounts = defaultUsers, now = systemClock.wall } = options
  const { bearerLifeMs = 900_000, refreshLifeMs = 604_800_000 } = options
  const { rotate = true, reuseTokens = true, openid = true, google = true, gateway = 'open' } = options
  for (const [name, value] of Object.entries({ bearerLifeMs, refreshLifeMs })) {
    if (!(Number.isFinite(value) && value > 0)) throw new RangeError(`${name} must be milliseconds above 0.`)
  }
  const initial: MockSettings = { bearerLifeMs, refreshLifeMs, rotate, reuseTokens, openid, google, gateway }
  const settings: MockSettings = { ...initial }
  const users: MockUser[] = structuredClone([...accounts])
  const credentials = createCredentials(settings, now)
  const failures = createFailures()
  const presentations: { -readonly [Key in keyof MockPresentation]: MockPresentation[Key] }[] = []
  const context: Context = { users, settings, credentials, now }

  const answers: Record<MockRoute, Answer> = {
    ...localRoutes(context),
    ...openidRoutes(context),
    verify({ request }) {
      const user = authorize(context, request)
      return user instanceof Response ? user : HttpResponse.json({ user: userDocument(user) })
    },
    users: requireBearer(() => HttpResponse.json({ users: users.map(userDocument), total: users.length })),
  }

  async function respond(route: MockRoute, info: RequestInfo): Promise<Response> {
    const failure = failures.take(route)
    if (failure && !failure.processed) return failureResponse(failure)
    const response = await answers[route](info)
    response.headers.set('date', new Date(now()).toUTCString())
    return failure ? failureResponse(failure) : response
  }

  async function logged(route: MockPresentation['route'], info: RequestInfo): Promise<Response> {
    const sent =
      route === 'cookieRefresh' ? info.cookies.refreshToken : (await fieldsOf(info.request)).refresh_token
    if (typeof sent !== 'string' || !sent) return respond(route, info)
    const presentation: (typeof presentations)[number] = { route, token: fingerprint(sent), at: now() }
    presentations.push(presentation)
    const response = await respond(route, info)
    presentation.status = response.status
    return response
  }

  /** The answer of the gateway in front; `undefined`: the backend answers. */
  function inFront(): Response | undefined {
    if (settings.gateway === 'open') return undefined
    return settings.gateway === 'gone' ? HttpResponse.error() : gatewayAnswers[settings.gateway]()
  }

  const handlers = Object.entries(paths).map(([name, [method, path]]): HttpHandler => {
    const route = name as MockRoute
    const isRefresh = route === 'openidRefresh' || route === 'cookieRefresh'
    return http[method](
      `${baseUrl.replace(/\/?$/, '/')}${path}`,
      (info) => inFront() ?? (isRefresh ? logged(route, info) : respond(route, info)),
    )
  })

  function someone(userId: string | undefined, provider: MockUser['provider']): MockUser {
    const user = users.find((user) =>
      userId ? user.id === userId : user.admin && user.provider === provider,
    )
    if (!user) throw new RangeError(`There is no ${userId ? 'user of that id' : `${provider} admin`}.`)
    return user
  }

  function requireBearer<Info extends { readonly request: Request }, Result>(
    resolver: (info: Info) => Result,
  ) {
    return (info: Info): Result | Response => {
      const answer = inFront()
      if (answer) return answer
      const user = authorize(context, info.request)
      return user instanceof Response ? user : resolver(info)
    }
  }

  return {
    handlers,
    users,
    settings,
    presentations,
    fingerprint,
    issueLogin({ provider = 'openid', userId } = {}) {
      const user = someone(userId, provider === 'librechat' ? 'local' : provider)
      const token = credentials.bearer(user)
      if (provider === 'librechat') {
        return { token, refreshToken: credentials.openLocal(user).token, user: userDocument(user) }
      }
      return {
        token,
        ...((user.provider === 'google' || settings.reuseTokens) && {
          refreshToken: credentials.openGrant(user),
        }),
        user: ssoUser(user),
        expiresAt: now() + settings.bearerLifeMs,
      }
    },
    issueCode: ({ userId, challenge, origin } = {}) =>
      credentials.issueCode({ userId: someone(userId, 'openid').id, challenge, origin }),
    expireBearers: credentials.expireBearers,
    revoke: (userId) => credentials.revoke(userId === undefined ? undefined : someone(userId, 'openid')),
    failNext: (route, failure = {}) => failures.add(route, failure),
    requireBearer,
    reset() {
      users.splice(0, users.length, ...structuredClone([...accounts]))
      Object.assign(settings, initial)
      presentations.length = 0
      failures.clear()
      credentials.clear()
    },
  }
}
