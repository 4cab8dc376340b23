import { failure } from './answers.ts'
import { bearerOf } from './bearerOf.ts'
import { boundedBody } from './boundedBody.ts'
import type { Endpoint, ServerContext } from './context.ts'
import { noSession, unusable } from './currentSession.ts'
import { isFound } from './foundSession.ts'
import { readBody } from './readBody.ts'
import { downstreamHeaders, type RouteMatch, upstreamHeaders } from './routes.ts'

/** A body up to this size is kept for the one retry after a 401; a longer one streams and is sent once. */
const REPLAYABLE_BYTES = 262_144
/** How long such a body may take: at some 10 kB a second it is there. */
const BODY_MS = 30_000

/** Passes a listed call on to the backend, with the session's bearer in place of the cookie. */
export function proxy(route: RouteMatch): Endpoint {
  return async (context, request, info) => {
    const { sessions, settings } = context
    const found = await sessions.findFor(request)
    if (!isFound(found)) return noSession(context, request, found)
    if (settings.isUserActivity(request)) await sessions.note(found, { activeAt: settings.clock.wall() })
    // A bearer is for the API of its login.
    if (!route.logins.has(found.record.via[0])) return failure(403, 'other_login_api')
    const clientIp = settings.forwardClientIp(request, info)
    const headers = { ...upstreamHeaders(request), ...(clientIp && { 'x-forwarded-for': clientIp }) }
    const body = await bodyOf(request, context)
    if (body instanceof Response) return body
    try {
      const answer = await bearerOf(found, context).fetch(new URL(route.url), {
        method: request.method,
        headers,
        signal: request.signal,
        redirect: 'manual',
        ...body,
      })
      // A redirect of the backend is of no use here: its target is not ours.
      if (answer.status >= 300 && answer.status < 400 && answer.status !== 304) {
        await answer.body?.cancel()
        return failure(502, 'backend_redirected')
      }
      const { bodyTimeoutMs: silenceMs, clock } = settings
      // Whoever listens to events comes back by itself, and then to another process.
      const stop = isEventStream(answer) ? context.draining : undefined
      const stream = answer.body && boundedBody(answer.body, { silenceMs, clock, stop })
      const flowing = stream && sessions.streams.guarded(found.key, stream)
      return new Response(flowing, { status: answer.status, headers: downstreamHeaders(answer) })
    } catch (error) {
      return unusable(context, request, error)
    }
  }
}

const isEventStream = ({ headers }: Response) =>
  /^text\/event-stream\s*(;|$)/i.test(headers.get('content-type') ?? '')

async function bodyOf(
  request: Request,
  { settings: { clock }, draining }: ServerContext,
): Promise<RequestInit | Response> {
  if (!request.body || /^(GET|HEAD)$/.test(request.method)) return {}
  const said = request.headers.get('content-length') ?? ''
  const length = /^\d+$/.test(said) ? Number(said) : Infinity
  if (length > REPLAYABLE_BYTES) return { body: request.body, duplex: 'half' } as RequestInit
  const bytes = await readBody(request, { maxBytes: length, withinMs: BODY_MS, clock, draining })
  return bytes instanceof Response ? bytes : { body: bytes }
}
