import { Hono } from 'hono'
import { requireAdmin, requireBearer } from '../bearer.ts'
import type { BackendContext, BackendEnv } from '../context.ts'
import { userDocument } from '../users.ts'

/** GET /api/admin/verify, and a few data endpoints for an admin UI to call. */
export function adminApiRoutes(context: BackendContext): Hono<BackendEnv> {
  const app = new Hono<BackendEnv>()
  const guards = [requireBearer(context), requireAdmin(context)] as const
  const settings: Record<string, unknown> = { registration: 'closed', theme: 'system' }

  app.get('/api/admin/verify', ...guards, (c) =>
    c.json({ user: userDocument(c.get('user'), { backupCodes: true }) }),
  )

  app.get('/api/admin/users', ...guards, (c) => {
    const { tenantId } = c.get('user')
    const users = context.users.all().filter((user) => tenantId === undefined || user.tenantId === tenantId)
    return c.json({ users: users.map(({ id, email, name, role }) => ({ id, email, name, role })) })
  })

  app.get('/api/admin/settings', ...guards, (c) => c.json(settings))

  app.put('/api/admin/settings', ...guards, async (c) => {
    const patch: unknown = await c.req.json()
    if (typeof patch !== 'object' || patch === null || Array.isArray(patch))
      return c.json({ message: 'An object is expected' }, 400)
    Object.assign(settings, patch)
    return c.json(settings)
  })

  /** Sends back what came, to show that a replayed request is the same request. */
  app.post('/api/admin/echo', ...guards, async (c) =>
    c.json({ contentType: c.req.header('content-type') ?? null, body: await c.req.text() }),
  )

  return app
}
