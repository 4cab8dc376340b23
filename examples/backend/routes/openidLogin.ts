import { randomBytes } from 'node:crypto'
import { Hono } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { refuseBanned } from '../bearer.ts'
import type { BackendContext, BackendEnv } from '../context.ts'
import type { Grant } from '../openidClient.ts'
import { isOf } from '../resolveUser.ts'
import { ssoUser } from '../users.ts'

/** The browser's way through a provider: check, start, callback; and the panel's exchange. */
export function openidLoginRoutes(context: BackendContext): Hono<BackendEnv> {
  const { flows, knobs, limiter } = context
  const app = new Hono<BackendEnv>()
  app.get('/api/admin/oauth/openid/check', (c) =>
    knobs.openidConfigured
      ? c.json({ message: 'OpenID check successful' })
      : c.json({ error: 'OpenID configuration not found', error_code: 'OPENID_NOT_CONFIGURED' }, 404),
  )

  for (const provider of ['openid', 'google'] as const) addProvider(app, context, provider)

  app.post('/api/admin/oauth/exchange', limiter.middleware, async (c) => {
    let body: { code?: unknown; code_verifier?: unknown } | null
    try {
      body = await c.req.json()
    } catch {
      return c.json({ error: 'Internal server error', error_code: 'INTERNAL_ERROR' }, 500)
    }
    const { code, code_verifier: verifier } = body ?? {}
    if (!code) return c.json({ error: 'Missing authorization code', error_code: 'MISSING_CODE' }, 400)
    if (typeof code !== 'string' || !/^[0-9a-f]{64}$/.test(code)) {
      return c.json({ error: 'Invalid authorization code format', error_code: 'INVALID_CODE_FORMAT' }, 400)
    }
    if (
      verifier !== undefined &&
      (typeof verifier !== 'string' || verifier.length < 1 || verifier.length > 512)
    ) {
      return c.json({ error: 'Invalid code verifier', error_code: 'INVALID_VERIFIER' }, 400)
    }
    const referer = URL.parse(c.req.header('referer') ?? '')?.origin
    const exchange = flows.redeem(code, c.req.header('origin') ?? referer, verifier)
    if (!exchange) {
      return c.json(
        { error: 'Invalid or expired authorization code', error_code: 'INVALID_OR_EXPIRED_CODE' },
        401,
      )
    }
    return c.json({
      token: exchange.token,
      ...(exchange.refreshToken !== undefined && { refreshToken: exchange.refreshToken }),
      user: ssoUser(exchange.user),
      ...(knobs.exchangeExpiresAt && { expiresAt: exchange.tokenExpiresAt }),
    })
  })

  return app
}

/** The way through one provider. */
function addProvider(app: Hono<BackendEnv>, context: BackendContext, provider: 'openid' | 'google'): void {
  const { flows, knobs, now, panelUrl, tokens, users, [provider]: client } = context
  const start = `/api/admin/oauth/${provider}`
  const panelCallback = (parameters: Record<string, string>): string =>
    `${panelUrl}/auth/${provider}/callback?${new URLSearchParams(parameters).toString()}`

  app.get(start, async (c) => {
    if (!knobs[`${provider}Configured`]) return c.text('An unknown error occurred.', 500)
    const challenge = c.req.query('code_challenge')
    const login = {
      codeVerifier: randomBytes(32).toString('base64url'),
      nonce: randomBytes(16).toString('hex'),
    }
    const state = flows.begin({
      ...login,
      challenge: challenge && /^[0-9a-f]{64}$/.test(challenge) ? challenge : undefined,
    })
    setCookie(c, `${provider}_state`, state, { httpOnly: true, sameSite: 'Lax', path: '/' })
    return c.redirect(await client.authorizationUrl({ ...login, state }))
  })

  app.get(`${start}/callback`, refuseBanned(context), async (c) => {
    const failed = panelCallback({ error: 'auth_failed', error_description: 'Authentication failed' })
    const state = c.req.query('state') ?? ''
    const login = getCookie(c, `${provider}_state`) === state ? flows.takeLogin(state) : undefined
    if (!login) return c.redirect(failed)
    let grant: Grant
    try {
      grant = await client.codeGrant(new URL(c.req.url), { ...login, state })
    } catch {
      return c.redirect(failed)
    }
    const [user] = users.findBySubject(grant.claims?.sub ?? '', (found) =>
      isOf(found, provider, client.issuer),
    )
    if (!user) return c.redirect(failed)
    if (knobs.capabilityLookupFails) return c.json({ message: 'Internal Server Error' }, 500)
    // Shown on the backend's own origin: the panel never hears of it.
    if (!user.isAdmin) return c.json({ message: 'Forbidden' }, 403)
    users.touch(user)
    const lifeMs = knobs.ssoSessionMs ?? knobs.sessionMs
    const code = flows.issueCode({
      user,
      token: await tokens.signBearer(user, lifeMs),
      tokenExpiresAt: now() + lifeMs,
      // `OPENID_REUSE_TOKENS` is for OpenID alone.
      refreshToken: provider === 'google' || knobs.reuseTokens ? grant.refreshToken : undefined,
      origin: new URL(panelUrl).origin,
      challenge: login.challenge,
    })
    return c.redirect(panelCallback({ code }))
  })
}
