import { type Context, Hono } from 'hono'
import {
  enrolmentAnswer,
  needsEnrolment,
  refuseBanned,
  refuseWithoutTenant,
  requireSameOrigin,
} from '../bearer.ts'
import type { BackendContext, BackendEnv } from '../context.ts'
import { setSessionCookies } from '../cookies.ts'
import { preAuthTenant } from '../tenant.ts'
import { secretMatches, type User, userDocument } from '../users.ts'

/** Opens a session row and answers with the bearer and the two cookies. */
async function startSession(c: Context<BackendEnv>, context: BackendContext, user: User): Promise<Response> {
  const { knobs, now, sessions, tokens } = context
  const row = sessions.create(user.id, now() + knobs.refreshMs)
  const refreshToken = await tokens.signRefresh({ userId: user.id, sessionId: row.id }, row.expiration)
  sessions.setToken(row, refreshToken)
  setSessionCookies(c, context, row, refreshToken)
  return c.json({
    token: await tokens.signBearer(user, knobs.sessionMs),
    user: userDocument(user, { backupCodes: true }),
  })
}

/** A field of a JSON body, if it is a string that says something. */
function text(body: unknown, field: string): string | undefined {
  const value =
    typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[field] : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** POST /api/admin/login/local and POST /api/auth/2fa/verify-temp. */
export function localLoginRoutes(context: BackendContext): Hono<BackendEnv> {
  const { knobs, limiter, tokens, users } = context
  const app = new Hono<BackendEnv>()

  const isOurs = requireSameOrigin(context)

  app.post('/api/admin/login/local', isOurs, limiter.middleware, refuseBanned(context), async (c) => {
    const body: unknown = await c.req.json()
    const email = text(body, 'email')
    const password = text(body, 'password')
    // The local strategy answers every failed credential with 404.
    if (!email || !password) return c.json({ message: 'Missing credentials' }, 404)
    const user = users.findByEmail(email)
    if (!user) return c.json({ message: 'Email does not exist.' }, 404)
    if (knobs.requireTwoFactor && user.provider === 'openid') {
      return c.json(
        { code: 'FEDERATED_ACCOUNT', message: 'Sign in with your identity provider to continue.' },
        403,
      )
    }
    if (!secretMatches(password, user.passwordHash)) return c.json({ message: 'Incorrect password.' }, 404)
    if (!user.emailVerified) return c.json({ message: 'Email not verified.' }, 422)
    const refusal = refuseWithoutTenant(c, context, user)
    if (refusal) return refusal
    if (knobs.capabilityLookupFails) return c.json({ message: 'Internal Server Error' }, 500)
    if (!user.isAdmin) return c.json({ message: 'Forbidden' }, 403)
    if (needsEnrolment(context, user)) return enrolmentAnswer(c, context, user)
    if (user.twoFactorEnabledAt !== undefined) {
      return c.json({ twoFAPending: true, tempToken: await tokens.signTemporary(user) })
    }
    return startSession(c, context, user)
  })

  // Checks no capability: whoever has the second factor gets a session, admin or not.
  app.post('/api/auth/2fa/verify-temp', isOurs, preAuthTenant, refuseBanned(context), async (c) => {
    const body: unknown = await c.req.json()
    const tempToken = text(body, 'tempToken')
    if (!tempToken) return c.json({ message: 'Missing temporary token' }, 400)
    let userId: string
    try {
      userId = await tokens.verifyTemporary(tempToken)
    } catch {
      return c.json({ message: 'Invalid or expired temporary token' }, 401)
    }
    const user = users.findById(userId, c.get('tenant'))
    if (!user || user.twoFactorEnabledAt === undefined)
      return c.json({ message: '2FA is not enabled for this user' }, 400)
    const code = text(body, 'token')
    const backupCode = text(body, 'backupCode')
    const unusedCode = backupCode && user.backupCodes?.find((hash) => secretMatches(backupCode, hash))
    if (!(code && secretMatches(code, user.totpSecret)) && !unusedCode) {
      return c.json({ message: 'Invalid 2FA code or backup code' }, 401)
    }
    if (unusedCode) user.backupCodes = user.backupCodes?.filter((hash) => hash !== unusedCode)
    return startSession(c, context, user)
  })

  return app
}
