import { type Context, Hono } from 'hono'
import { banAnswer, refuseBanned } from '../bearer.ts'
import type { BackendContext, BackendEnv } from '../context.ts'
import { type Grant, GrantFailed } from '../openidClient.ts'
import { type Presentation, tokenHash } from '../presentations.ts'
import { resolveUser } from '../resolveUser.ts'
import { preAuthTenant } from '../tenant.ts'
import { ssoUser } from '../users.ts'

const messages = {
  INVALID_PROVIDER: [400, 'Unsupported provider'],
  MISSING_REFRESH_TOKEN: [400, 'Refresh token is required'],
  TOKEN_REUSE_DISABLED: [403, 'OpenID token reuse is disabled'],
  GOOGLE_NOT_CONFIGURED: [503, 'Google is not configured'],
  OPENID_NOT_CONFIGURED: [503, 'OpenID is not configured'],
  REFRESH_FAILED: [401, 'Token refresh failed'],
  IDP_INCOMPLETE: [502, 'Incomplete answer from the identity provider'],
  CLAIMS_INCOMPLETE: [502, 'Incomplete claims from the identity provider'],
  ISSUER_MISMATCH: [401, 'Issuer mismatch'],
  PROVIDER_MISMATCH: [401, 'Provider mismatch'],
  USER_ID_MISMATCH: [401, 'User mismatch'],
  TENANT_MISMATCH: [401, 'Tenant mismatch'],
  USER_NOT_FOUND: [401, 'User not found'],
  FORBIDDEN: [403, 'Forbidden'],
  INTERNAL_ERROR: [500, 'Internal server error'],
} as const

type RefreshErrorCode = keyof typeof messages

/** POST /api/admin/oauth/refresh. Everything from the grant on happens after the provider has consumed the token. */
export function openidRefreshRoutes(context: BackendContext): Hono<BackendEnv> {
  const { knobs, limiter, now, tokens, users } = context
  const app = new Hono<BackendEnv>()

  function refuse(
    c: Context<BackendEnv>,
    errorCode: RefreshErrorCode,
    outcome?: Presentation['outcome'],
  ): Response {
    const presentation = c.get('presentation')
    if (presentation) {
      presentation.errorCode = errorCode
      if (outcome) presentation.outcome = outcome
    }
    const [status, error] = messages[errorCode]
    return c.json({ error, error_code: errorCode }, status)
  }

  app.post(
    '/api/admin/oauth/refresh',
    limiter.middleware,
    refuseBanned(context),
    preAuthTenant,
    async (c) => {
      const presentation = c.get('presentation')
      let body: { refresh_token?: unknown; user_id?: unknown; provider?: unknown } | null
      try {
        body = await c.req.json()
      } catch {
        return refuse(c, 'INTERNAL_ERROR')
      }
      const sent = body?.refresh_token
      if (typeof sent !== 'string' || sent === '') return refuse(c, 'MISSING_REFRESH_TOKEN')
      const provider = body?.provider ?? 'openid'
      if (provider !== 'openid' && provider !== 'google') return refuse(c, 'INVALID_PROVIDER')
      if (provider === 'openid' && !knobs.reuseTokens) return refuse(c, 'TOKEN_REUSE_DISABLED')
      if (!knobs[`${provider}Configured`])
        return refuse(c, provider === 'google' ? 'GOOGLE_NOT_CONFIGURED' : 'OPENID_NOT_CONFIGURED')
      const client = context[provider]

      if (presentation) presentation.outcome = 'unknown-to-client'
      let grant: Grant
      try {
        grant = await client.refreshGrant(sent)
      } catch (error) {
        const rejected = error instanceof GrantFailed && error.verdict === 'rejected'
        if (presentation && rejected) presentation.spent = true
        return refuse(c, 'REFRESH_FAILED', rejected ? 'rejected' : 'unknown-to-client')
      }
      const rotated = grant.refreshToken !== undefined && grant.refreshToken !== sent
      if (presentation) presentation.spent = rotated

      if (!grant.accessToken) return refuse(c, 'IDP_INCOMPLETE')
      if (!grant.claims?.sub) return refuse(c, 'CLAIMS_INCOMPLETE')
      const { sub, iss } = grant.claims
      if (iss !== client.issuer) return refuse(c, 'ISSUER_MISMATCH', 'rejected')

      const tenant = c.get('tenant')
      // In strict isolation a query without a tenant throws.
      if (knobs.strictTenant && tenant === undefined) return refuse(c, 'INTERNAL_ERROR')
      const userId = typeof body?.user_id === 'string' ? body.user_id : undefined
      const found = resolveUser(users, { provider, sub, issuer: iss, userId, tenant })
      if ('errorCode' in found) return refuse(c, found.errorCode, 'rejected')
      const { user } = found
      if (presentation) presentation.userId = user.id

      if (user.isBanned) return banAnswer(c)
      const domain = user.email.split('@')[1] ?? ''
      if (knobs.allowedDomains && !knobs.allowedDomains.includes(domain))
        return refuse(c, 'FORBIDDEN', 'rejected')
      if (knobs.capabilityLookupFails || !user.isAdmin) return refuse(c, 'FORBIDDEN', 'rejected')

      const lifeMs = knobs.ssoSessionMs ?? knobs.sessionMs
      const token = await tokens.signBearer(user, lifeMs)
      const refreshToken = grant.refreshToken ?? sent
      if (presentation) {
        presentation.outcome = rotated ? 'ok-rotated' : 'ok-same'
        presentation.successorHash = tokenHash(refreshToken)
      }
      // Taken after signing and to the millisecond, so up to a second later than the token's own `exp`.
      return c.json({ token, refreshToken, user: ssoUser(user), expiresAt: now() + lifeMs })
    },
  )

  return app
}
