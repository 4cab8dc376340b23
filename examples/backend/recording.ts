import type { MiddlewareHandler } from 'hono'
import { getCookie } from 'hono/cookie'
import type { BackendContext, BackendEnv } from './context.ts'
import { refreshCookie } from './cookies.ts'
import { isAlreadySent } from './faultResponses.ts'
import { routeName } from './faults.ts'
import { type PresentationLog, tokenHash } from './presentations.ts'
import type { RequestRecord } from './requestLog.ts'

/** Records every request, and stamps every answer with the backend's own time. */
export function recordRequests(records: RequestRecord[], now: () => number): MiddlewareHandler<BackendEnv> {
  let sequence = 0
  return async (c, next) => {
    const authorization = c.req.header('authorization')
    sequence += 1
    const record: RequestRecord = {
      sequence,
      at: now(),
      method: c.req.method,
      path: c.req.path,
      tenant: c.req.header('x-tenant-id'),
      authorized: authorization !== undefined,
      bearerHash: authorization && tokenHash(authorization.replace(/^Bearer /i, '')),
      origin: c.req.header('origin'),
      attemptId: c.req.header('x-refresh-attempt-id'),
      cookies: Object.keys(getCookie(c)),
      status: undefined,
    }
    records.push(record)
    await next()
    if (isAlreadySent(c.res)) return
    record.status = c.res.status
    if (!c.res.headers.has('date')) c.res.headers.set('Date', new Date(now()).toUTCString())
  }
}

/** Records every refresh token that arrives, before anything can keep it from being processed. */
export function recordPresentations(
  log: PresentationLog,
  context: BackendContext,
): MiddlewareHandler<BackendEnv> {
  return async (c, next) => {
    const route = routeName(c.req.method, c.req.path)
    if (route !== 'openidRefresh' && route !== 'cookieRefresh') return next()
    let token: unknown
    if (route === 'cookieRefresh') token = refreshCookie(c)
    else {
      try {
        token = JSON.parse(await c.req.text())?.refresh_token
      } catch {
        // Not JSON, so no token came.
      }
    }
    if (typeof token !== 'string' || token === '') return next()
    const presentation = log.add({
      at: context.now(),
      route,
      tokenKind: route === 'openidRefresh' ? 'openid' : 'local',
      tenant: c.req.header('x-tenant-id'),
      attemptId: c.req.header('x-refresh-attempt-id'),
      token,
    })
    c.set('presentation', presentation)
    await next()
    if (isAlreadySent(c.res)) return
    presentation.status = c.res.status
    presentation.answered = true
    c.env.outgoing.once('close', () => {
      presentation.answered = c.env.outgoing.writableFinished
    })
  }
}
