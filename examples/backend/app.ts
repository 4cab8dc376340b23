import { Hono } from 'hono'
import { cors } from 'hono/cors'
import type { BackendContext, BackendEnv } from './context.ts'
import { alreadySent, sendUntyped } from './faultResponses.ts'
import type { FaultInjector } from './faults.ts'
import { recordPresentations, recordRequests } from './recording.ts'
import type { RequestRecord } from './requestLog.ts'
import { adminApiRoutes } from './routes/adminApi.ts'
import { cookieRefreshRoutes } from './routes/cookieRefresh.ts'
import { localLoginRoutes } from './routes/localLogin.ts'
import { logoutRoutes } from './routes/logout.ts'
import { openidLoginRoutes } from './routes/openidLogin.ts'
import { openidRefreshRoutes } from './routes/openidRefresh.ts'

/** The whole backend. Recording comes first, then faults: what a fault keeps from being processed is still seen. */
export function createApp(
  context: BackendContext,
  faults: FaultInjector,
  requests: RequestRecord[],
): Hono<BackendEnv> {
  const app = new Hono<BackendEnv>()
  app.use(async (c, next) => {
    await next()
    if (!c.res.body || c.res.headers.has('content-type')) return
    await sendUntyped(c.res, c.env.outgoing)
    c.res = undefined
    c.res = alreadySent()
  })
  // As LibreChat does: any page may call, none with its cookies.
  app.use(cors())
  app.use(recordRequests(requests, context.now))
  app.use(recordPresentations(context.presentations, context))
  app.use(faults.middleware)
  app.route('/', localLoginRoutes(context))
  app.route('/', openidLoginRoutes(context))
  app.route('/', openidRefreshRoutes(context))
  app.route('/', cookieRefreshRoutes(context))
  app.route('/', logoutRoutes(context))
  app.route('/', adminApiRoutes(context))
  app.notFound((c) => c.json({ message: 'Endpoint not found' }, 404))
  app.onError((_, c) => c.text('An unknown error occurred.', 500))
  return app
}
