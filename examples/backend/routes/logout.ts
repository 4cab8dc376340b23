import { Hono } from 'hono'
import { requireBearer } from '../bearer.ts'
import type { BackendContext, BackendEnv } from '../context.ts'
import { clearSessionCookies, refreshCookie } from '../cookies.ts'

/** POST /api/auth/logout. */
export function logoutRoutes(context: BackendContext): Hono<BackendEnv> {
  const { knobs, openid, panelUrl, sessions } = context
  const app = new Hono<BackendEnv>()

  app.post('/api/auth/logout', requireBearer(context), (c) => {
    const user = c.get('user')
    const token = refreshCookie(c)
    // Without the cookie any session of the user is taken, perhaps another application's.
    const row = token ? sessions.find(user.id, token) : sessions.findAny(user.id)
    if (row) sessions.delete(row)
    clearSessionCookies(c)
    const redirect =
      knobs.endSession && user.provider === 'openid' ? openid.endSessionUrl(`${panelUrl}/login`) : undefined
    return c.json({ message: 'Logout successful', ...(redirect && { redirect }) })
  })

  return app
}
