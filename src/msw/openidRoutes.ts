import { HttpResponse } from 'msw'
import { type Answer, type Context, fieldsOf } from './context.ts'
import { errorJson, type MockRoute } from './failures.ts'
import { type MockUser, resolveUser, ssoUser } from './users.ts'

type OpenidRoute = Extract<MockRoute, 'openidCheck' | 'exchange' | 'openidRefresh'>

/** The routes of single sign-on: the check whether it is set up, the exchange of a code, and the refresh. */
export function openidRoutes(context: Context): Record<OpenidRoute, Answer> {
  const { users, settings, credentials, now } = context
  /** `OPENID_REUSE_TOKENS` only holds for OpenID. */
  const keepsToken = ({ provider }: MockUser) => provider === 'google' || settings.reuseTokens
  const life = () => ({ expiresAt: now() + settings.bearerLifeMs })

  return {
    openidCheck() {
      return settings.openid
        ? HttpResponse.json({ message: 'OpenID check successful' })
        : errorJson(404, 'OPENID_NOT_CONFIGURED')
    },

    async exchange({ request }) {
      const { code, code_verifier: verifier } = await fieldsOf(request)
      if (!code) return errorJson(400, 'MISSING_CODE')
      if (typeof code !== 'string' || !/^[0-9a-f]{64}$/.test(code))
        return errorJson(400, 'INVALID_CODE_FORMAT')
      if (verifier !== undefined && !isVerifier(verifier)) return errorJson(400, 'INVALID_VERIFIER')
      const taken = credentials.takeCode(code)
      const user = users.find(({ id }) => id === taken?.userId)
      if (!taken || !user) return errorJson(401, 'INVALID_OR_EXPIRED_CODE')
      const isOurs = taken.origin === undefined || taken.origin === originOf(request)
      const isProven = taken.challenge === undefined || taken.challenge === (await hexSha256(verifier))
      if (!isOurs || !isProven) return errorJson(401, 'INVALID_OR_EXPIRED_CODE')
      return HttpResponse.json({
        token: credentials.bearer(user),
        ...(keepsToken(user) && { refreshToken: credentials.openGrant(user) }),
        user: ssoUser(user),
        ...life(),
      })
    },

    async openidRefresh({ request }) {
      const { refresh_token: sent, user_id: userId, provider = 'openid' } = await fieldsOf(request)
      if (typeof sent !== 'string' || !sent) return errorJson(400, 'MISSING_REFRESH_TOKEN')
      if (provider !== 'openid' && provider !== 'google') return errorJson(400, 'INVALID_PROVIDER')
      if (provider === 'openid' && !settings.reuseTokens) return errorJson(403, 'TOKEN_REUSE_DISABLED')
      if (!settings[provider]) return errorJson(503, `${provider.toUpperCase()}_NOT_CONFIGURED`)
      const renewed = credentials.renewGrant(sent, provider)
      if (!renewed) return errorJson(401, 'REFRESH_FAILED')
      // The token is spent now, and an error loses the next one.
      const user = resolveUser(users, provider, renewed.subject, userId, tenantOf(request))
      if (typeof user === 'string') return errorJson(401, user)
      if (!user.admin) return errorJson(403, 'FORBIDDEN')
      const token = credentials.bearer(user)
      return HttpResponse.json({ token, refreshToken: renewed.token, user: ssoUser(user), ...life() })
    },
  }
}

/** LibreChat ignores an invalid tenant without an error. */
function tenantOf(request: Request): string | undefined {
  const tenant = request.headers.get('x-tenant-id')?.trim() ?? ''
  return /^[\w.-]{1,128}$/.test(tenant) && tenant !== '__SYSTEM__' ? tenant : undefined
}

const isVerifier = (value: unknown) => typeof value === 'string' && value.length >= 1 && value.length <= 512

function originOf(request: Request): string | undefined {
  const referer = request.headers.get('referer')
  return (
    request.headers.get('origin') ?? (referer && URL.canParse(referer) ? new URL(referer).origin : undefined)
  )
}

async function hexSha256(verifier: unknown): Promise<string | undefined> {
  if (typeof verifier !== 'string') return undefined
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
