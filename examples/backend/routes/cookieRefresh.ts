import { type Context, Hono } from 'hono'
import { getCookie } from 'hono/cookie'
import { enrolmentAnswer, needsEnrolment } from '../bearer.ts'
import type { BackendContext, BackendEnv } from '../context.ts'
import { refreshCookie, setSessionCookies } from '../cookies.ts'
import { tokenHash } from '../presentations.ts'
import { preAuthTenant } from '../tenant.ts'
import type { RefreshClaims } from '../tokens.ts'
import { userDocument } from '../users.ts'

/** As Express does it: a sentence to whoever takes texts, else nothing. */
function expressRedirect(c: Context<BackendEnv>, location: string): Response {
  const takesText = /\*\/\*|text\/(\*|plain)/.test(c.req.header('accept') ?? '*/*')
  c.header('Vary', 'Accept')
  c.header('Location', location)
  return takesText ? c.text(`Found. Redirecting to ${location}`, 302) : c.body(null, 302)
}

/** POST /api/auth/refresh: local sessions, by cookie alone. Texts come as HTML, the way Express sends a string. */
export function cookieRefreshRoutes(context: BackendContext): Hono<BackendEnv> {
  const { knobs, sessions, tokens, users } = context
  const app = new Hono<BackendEnv>()

  app.post('/api/auth/refresh', preAuthTenant, async (c) => {
    const presentation = c.get('presentation')
    const sent = refreshCookie(c)
    if (!sent) return c.html('Refresh token not provided', 200)
    const invalid = (): Response => {
      if (presentation) presentation.outcome = 'rejected'
      return c.html('Invalid refresh token', 403)
    }
    if (getCookie(c, 'token_provider') === 'openid' && knobs.reuseTokens) {
      // Of this branch only the case without a server-side session exists here.
      return c.json({ code: 'OPENID_SESSION_MISSING' }, 401)
    }

    let claims: RefreshClaims
    try {
      claims = await tokens.verifyRefresh(sent)
    } catch {
      return invalid()
    }
    if (presentation) presentation.userId = claims.userId
    const tenant = c.get('tenant')
    // In strict isolation a query without a tenant throws, and every exception gets the same answer.
    if (knobs.strictTenant && tenant === undefined) return invalid()
    const user = users.findById(claims.userId, tenant)
    if (!user) {
      if (presentation) presentation.outcome = 'rejected'
      // The handler says 401 and then redirects; Express turns that into 302.
      return expressRedirect(c, '/login')
    }
    const row = sessions.find(user.id, sent)
    if (!row) {
      if (presentation) Object.assign(presentation, { outcome: 'rejected', spent: true })
      return c.req.query('retry')
        ? c.html('No session found', 403)
        : c.html('Refresh token expired or not found for this user', 401)
    }
    if (needsEnrolment(context, user)) {
      if (presentation) presentation.outcome = 'ok-same'
      return enrolmentAnswer(c, context, user)
    }

    const next = await tokens.signRefresh({ userId: user.id, sessionId: row.id }, row.expiration)
    if (presentation) presentation.successorHash = tokenHash(next)
    // Two refreshes that are both past the lookup both succeed, and the last write wins.
    if (knobs.storeDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, knobs.storeDelayMs))
    sessions.setToken(row, next)
    if (presentation) {
      presentation.outcome = next === sent ? 'ok-same' : 'ok-rotated'
      presentation.spent = next !== sent
    }
    setSessionCookies(c, context, row, next)
    return c.json({ token: await tokens.signBearer(user, knobs.sessionMs), user: userDocument(user) })
  })

  return app
}
