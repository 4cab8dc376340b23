import type { Context, MiddlewareHandler } from 'hono'
import type { BackendContext, BackendEnv } from './context.ts'
import type { User } from './users.ts'

function unauthorized(c: Context<BackendEnv>, context: BackendContext, message: string): Response {
  // Older builds send the text without any content type, so the type must not be filled in.
  if (context.knobs.unauthorizedBody === 'text')
    return c.body(new TextEncoder().encode('Unauthorized'), 401, { 'Content-Length': '12' })
  return c.json({ message }, 401)
}

/** The strict-tenancy answer for a user without a tenant, if that applies. */
export function refuseWithoutTenant(
  c: Context<BackendEnv>,
  context: BackendContext,
  user: User,
): Response | undefined {
  if (!context.knobs.strictTenant || user.tenantId) return undefined
  return c.json({ error: 'Tenant context required in strict isolation mode' }, 403)
}

/** Sets `user` from the bearer token. From here on the tenant is the user's; the header has no say. */
export function requireBearer(context: BackendContext): MiddlewareHandler<BackendEnv> {
  return async (c, next) => {
    const token = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    if (!token) return unauthorized(c, context, 'No auth token')
    let user: User | undefined
    try {
      const bearer = await context.tokens.verifyBearer(token)
      user = context.users.findById(bearer.userId)
      // A bearer from before the second factor was enrolled has not proved it.
      if (user && bearer.issuedAt < (user.twoFactorEnabledAt ?? 0)) user = undefined
    } catch (error) {
      return unauthorized(c, context, error instanceof Error ? error.message : 'Unauthorized')
    }
    if (!user) return unauthorized(c, context, 'Unauthorized')
    const refusal = refuseWithoutTenant(c, context, user)
    if (refusal) return refusal
    c.set('user', user)
    await next()
  }
}

/** Lets only users with ACCESS_ADMIN pass. Comes after `requireBearer`. */
export function requireAdmin(context: BackendContext): MiddlewareHandler<BackendEnv> {
  return async (c, next) => {
    const user = c.get('user')
    if (context.knobs.capabilityLookupFails) return c.json({ message: 'Internal Server Error' }, 500)
    if (!user.isAdmin) return c.json({ message: 'Forbidden' }, 403)
    if (needsEnrolment(context, user))
      return c.json({ code: enrolmentCode, message: 'Two-factor setup required' }, 403)
    await next()
  }
}

/** The real value of this code is not known; clients must go by `twoFASetupRequired`. */
export const enrolmentCode = 'TWO_FACTOR_SETUP_REQUIRED'

export function needsEnrolment(context: BackendContext, user: User): boolean {
  return context.knobs.requireTwoFactor && user.provider === 'local' && user.twoFactorEnabledAt === undefined
}

/** The 200 without a token that a user gets who has to enrol a second factor first. */
export async function enrolmentAnswer(
  c: Context<BackendEnv>,
  context: BackendContext,
  user: User,
): Promise<Response> {
  return c.json({
    code: enrolmentCode,
    twoFASetupRequired: true,
    tempToken: await context.tokens.signTemporary(user),
  })
}

/** What LibreChat says to who is banned, whatever route it was. */
export const banAnswer = (c: Context<BackendEnv>): Response =>
  c.json({ message: 'Your account has been temporarily banned due to violations of our service.' }, 403)

/** 403 for a banned IP. */
export function refuseBanned(context: BackendContext): MiddlewareHandler<BackendEnv> {
  return async (c, next) => (context.knobs.banned ? banAnswer(c) : next())
}

/** Newer releases: a page of another site may not log anybody in. Who sends no `Origin` is no page. */
export function requireSameOrigin(context: BackendContext): MiddlewareHandler<BackendEnv> {
  return async (c, next) => {
    const origin = c.req.header('origin')
    const site = c.req.header('sec-fetch-site')
    const isTrusted = origin !== undefined && context.knobs.trustedOrigins?.includes(origin)
    const isForeign = site ? !['same-origin', 'none'].includes(site) : origin !== undefined
    if (!context.knobs.trustedOrigins || isTrusted || !isForeign) return next()
    return c.json({ message: 'Cross-site request rejected' }, 403)
  }
}
