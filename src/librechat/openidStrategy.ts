import { isDevelopment } from '#development'
import type { ResendPolicy } from '../../machines/session.types.ts'
import { Misconfigured } from '../base/errors.ts'
import { resendOf } from '../base/resend.ts'
import { TENANT } from '../base/tenant.ts'
import type { SessionStrategy } from '../session/strategy.ts'
import { outcomeOf } from '../wire/outcome.ts'
import { request } from '../wire/request.ts'
import { renewalOf } from './renewal.ts'
import { openidWords, spoken } from './words.ts'

/** How answers are judged, and what a logout does at the backend. */
export interface OpenidStrategyOptions {
  /**
   * Where the session was opened: at LibreChat's OpenID provider, or at Google. The backend uses the refresh token
   * there. @default 'openid'
   */
  readonly provider?: 'openid' | 'google'
  /**
   * Whether a refresh token with an unknown outcome may be sent again. Use `'never'` for an identity provider that
   * revokes the whole family at a second use. @default 'afterBearerEnds'
   */
  readonly resend?: ResendPolicy
  /** A 503 without a code comes from a gateway that did not pass the request on. @default false */
  readonly trust503?: boolean
  /**
   * There is no gateway in front of this backend: every 404, 405, 410 and 501 is its own, and says that it does not
   * refresh. Otherwise only the backend's own words say so, and a gateway without a route is an outage. @default false
   */
  readonly trust404?: boolean
  /**
   * The function `backendLogout` of this package: calls the backend's logout when the session ends. LibreChat then
   * deletes **one of the user's sessions**, perhaps another one, because an OpenID session has no refresh cookie there.
   * @default none: the session ends only here
   */
  readonly backendLogout?: SessionStrategy['revoke']
}

/**
 * Renews a session of LibreChat's admin panel that was opened through an OpenID provider, or with Google:
 * `POST {baseUrl}api/admin/oauth/refresh`, without Authorization and without cookies.
 *
 * `X-Tenant-Id` goes along when the session has a tenant; blank counts as none. Nothing is sent without a
 * refresh token or a user id (`rejected`: the backend would pick whichever user matches best), nor with a
 * malformed tenant id (`refused`, `misconfigured`: the backend would go on without any tenant).
 *
 * @throws Misconfigured for a `provider` that is none of the two, a `resend` that is no policy, and a `backendLogout` that
 * is no function.
 *
 * @example
 * const session = createSession({ baseUrl: 'https://chat.example.com', strategies: { openid: openidStrategy() } })
 */
export function openidStrategy(options: OpenidStrategyOptions = {}): SessionStrategy {
  const { provider = 'openid', resend, trust404, trust503, backendLogout } = options
  if (isDevelopment && provider !== 'openid' && provider !== 'google')
    throw new Misconfigured('openidStrategy: `provider` must be "openid" or "google".')
  if (isDevelopment && backendLogout !== undefined && typeof backendLogout !== 'function')
    throw new Misconfigured('openidStrategy: `backendLogout` must be the function of this name.')
  return {
    kind: provider,
    needsRefreshToken: true,
    ...resendOf('openidStrategy', resend),
    async refresh({ baseUrl, refreshToken, userId, tenantId, attemptId, signal, fetch }) {
      const tenant = tenantId?.trim()
      if (!refreshToken || !userId) return { kind: 'rejected', reason: 'missingCredential' }
      if (tenant && !TENANT.test(tenant)) return { kind: 'refused', cause: 'misconfigured' }
      const result = await request({
        url: `${baseUrl}api/admin/oauth/refresh`,
        method: 'POST',
        headers: {
          accept: 'application/json',
          'content-type': 'application/json',
          'x-refresh-attempt-id': attemptId,
          ...(tenant ? { 'x-tenant-id': tenant } : {}),
        },
        body: JSON.stringify({
          refresh_token: refreshToken,
          user_id: userId,
          // Backends that know only OpenID get the same request as always.
          ...(provider !== 'openid' && { provider }),
        }),
        signal,
        fetch,
      })
      return outcomeOf(result, {
        ok: renewalOf,
        own: (answer) => spoken(openidWords, answer),
        trust404,
        trust503,
      })
    },
    ...(backendLogout && { revoke: backendLogout }),
  }
}
