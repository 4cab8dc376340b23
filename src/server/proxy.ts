import { failure } from './answers.ts'
import { bearerOf } from './bearerOf.ts'
import type { Endpoint } from './context.ts'
import { noSession, unusable } from './currentSession.ts'
import { forwarded } from './passwordLogin.ts'
import { downstreamHeaders, type RouteMatch, upstreamHeaders } from './routes.ts'
import { isFound } from './sessions.ts'

/** A body up to this size is kept for the one retry after a 401; a longer one streams and is sent once. */
const REPLAYABLE_BYTES = 262_144

/** Passes a listed call on to the backend, with the session's bearer in place of the cookie. */
export function proxy(route: RouteMatch): Endpoint {
  return async (context, request, info) => {
    const { sessions, settings } = context
    const found = await sessions.find(request)
    if (!isFound(found)) return noSession(context, request, found)
    if (settings.isUserActivity(request)) await sessions.note(found, { activeAt: settings.clock.wall() })
    const headers = { ...upstreamHeaders(request), ...forwarded(context, request, info) }
    try {
      const answer = await bearerOf(found, sessions, settings).fetch(new URL(route.path, settings.baseUrl), {
        method: request.method,
        headers,
        signal: request.signal,
        redirect: 'manual',
        ...(await bodyOf(request)),
      })
      // A redirect of the backend is of no use here: its target is not ours.
      if (answer.status >= 300 && answer.status < 400 && answer.status !== 304) {
        await answer.body?.cancel()
        return failure(502, 'backend_redirected')
      }
      return new Response(answer.body, { status: answer.status, headers: downstreamHeaders(answer) })
    } catch (error) {
      return unusable(context, request, error)
    }
  }
}

async function bodyOf(request: Request): Promise<RequestInit> {
  if (!request.body || /^(GET|HEAD)$/.test(request.method)) return {}
  const length = Number(request.headers.get('content-length') ?? Infinity)
  if (length <= REPLAYABLE_BYTES) return { body: await request.arrayBuffer() }
  return { body: request.body, duplex: 'half' } as RequestInit
}
