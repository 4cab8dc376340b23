import type { BodyLimits } from '../base/bodyLimits.ts'
import { LoggedOut } from '../base/errors.ts'
import type { BearerSource } from '../session/sessionFetch.ts'
import { failure } from './answers.ts'
import { bearerOf } from './bearerOf.ts'
import type { Endpoint, ServerContext } from './context.ts'
import { isWebSocket } from './csrf.ts'
import { noSession, unusable } from './currentSession.ts'
import type { BackendAnswer, ForwardedCall } from './forwarding.ts'
import { type Found, isFound } from './foundSession.ts'
import { LightRequest } from './lightRequest.ts'
import { downstreamHeaders, picked, socketAnswer, socketRequest, upstreamHeaders } from './passedHeaders.ts'
import { readBody } from './readBody.ts'
import type { RouteMatch } from './routes.ts'

/** A body up to this size is kept for the one retry after a 401. A longer one streams and is sent once. */
const REPLAYABLE_BYTES = 262_144
/** How long such a body may take: at about 10 kB a second it arrives in time. */
const BODY_MS = 30_000
/** The headers of a stream. */
const FRAMING = new Set(['content-length', 'trailer'])

/** Passes a listed call on to the backend, with the session's bearer in place of the cookie. */
export function proxy(route: RouteMatch): Endpoint {
  return async (context, request, info) => {
    const { sessions, settings } = context
    const isSocket = isWebSocket(request)
    if (isSocket && !(info.isUpgrade && settings.canUpgrade)) return noWebSocket()
    const found = await sessions.findFor(request, isRead(request) && !isSocket)
    if (!isFound(found)) return noSession(context, request, found)
    if (!found.isStale && settings.isUserActivity(request))
      await sessions.note(found, { activeAt: settings.clock.wall() })
    // A bearer is only for the API of its login.
    if (!route.logins.has(found.record.via[0])) return failure(403, 'other_login_api')
    const clientIp = settings.forwardClientIp(request, info)
    const headers = upstreamHeaders(request.headers, route.headers)
    if (clientIp) headers['x-forwarded-for'] = clientIp
    if (isSocket) Object.assign(headers, socketRequest(request.headers))
    const body = await bodyOf(request, context)
    if (body instanceof Response) return body
    if (body instanceof ReadableStream) Object.assign(headers, picked(request.headers, FRAMING))
    const { method, signal } = request
    const trailers = route.headers.request
    const upload = body instanceof ReadableStream ? boundUpload(signal, context.overdue) : undefined
    const call = { method, headers, body, trailers, signal: upload?.signal ?? signal }
    try {
      const answer = await forwarded(context, found, route.url, call)
      if (answer.handOver)
        return answer.handOver(socketAnswer(answer.headers), limitsOf(context, found, isSocket))
      // A redirect of the backend is useless here, because its target is not ours.
      if (answer.status >= 300 && answer.status < 400 && answer.status !== 304) {
        await answer.body?.cancel()
        return failure(502, 'backend_redirected')
      }
      return answer.respond({
        headers: downstreamHeaders(answer.headers, route.headers),
        limits: limitsOf(context, found, isEventStream(answer)),
        trailers: route.headers.response,
        isLight: (request as unknown) instanceof LightRequest,
      })
    } catch (error) {
      if (upload && context.overdue.aborted) return failure(503, 'draining', {}, [], { connection: 'close' })
      return unusable(context, request, error)
    } finally {
      upload?.letGo()
    }
  }
}

/** A call that changes nothing may be answered with what was known a moment ago. */
const isRead = ({ method }: Request) => method === 'GET' || method === 'HEAD'

/** Sends one call with a fresh bearer, and once more with a newer one after a 401. */
async function forwarded(
  context: ServerContext,
  found: Found,
  url: string,
  call: ForwardedCall,
): Promise<BackendAnswer> {
  const { forward, headersTimeoutMs: headMs, clock } = context.settings
  // The parts of a Response that the retry reads.
  const send = (target: string, init: ForwardedCall) => forward(target, init, { headMs, clock })
  const { fetch } = bearerOf(found, context, true, send as unknown as BearerSource['send'])
  const answer: unknown = await fetch(url, { ...call, redirect: 'manual' } as unknown as RequestInit)
  return answer as BackendAnswer
}

/**
 * The signals that break an answer off: the silence of the backend, the end of its session, and for some the end of the
 * process.
 */
function limitsOf(
  { sessions, settings, draining }: ServerContext,
  { key }: Found,
  endsWithProcess: boolean,
): BodyLimits {
  const endings: BodyLimits['endings'][number][] = [
    (breakOff) => sessions.streams.watch(key, () => breakOff(new LoggedOut('elsewhere'))),
  ]
  if (endsWithProcess) endings.push((breakOff) => whenStopped(draining, breakOff))
  return { silenceMs: settings.bodyTimeoutMs, clock: settings.clock, endings }
}

/** A client of a stream of events reconnects by itself, and then to another process. */
const isEventStream = ({ headers }: BackendAnswer) =>
  /^text\/event-stream\s*(;|$)/i.test(headers.get('content-type') ?? '')

const noWebSocket = () =>
  failure(
    426,
    'upgrade_unsupported',
    { expected: 'the server mounted with toUpgradeListener on node:http, and no option "fetch"' },
    [],
    { upgrade: 'websocket', connection: 'upgrade' },
  )

/**
 * The signal of an upload that has no answer yet. A client that stalls must not hold a server that stops, nor a connection of
 * the backend.
 */
function boundUpload(gone: AbortSignal, overdue: AbortSignal) {
  const either = new AbortController()
  const leave = () => either.abort(gone.reason)
  const stop = () => either.abort(new Error('The server stops.'))
  gone.addEventListener('abort', leave, { once: true })
  overdue.addEventListener('abort', stop)
  if (gone.aborted) leave()
  if (overdue.aborted) stop()
  return { signal: either.signal, letGo: () => overdue.removeEventListener('abort', stop) }
}

function whenStopped(draining: AbortSignal, breakOff: (why: Error) => void): () => void {
  const stopped = () => breakOff(new Error('The server stops.'))
  draining.addEventListener('abort', stopped)
  if (draining.aborted) stopped()
  return () => draining.removeEventListener('abort', stopped)
}

async function bodyOf(
  request: Request,
  { settings: { clock }, draining }: ServerContext,
): Promise<ForwardedCall['body'] | Response> {
  if (!request.body || /^(GET|HEAD)$/.test(request.method)) return null
  const said = request.headers.get('content-length') ?? ''
  const length = /^\d+$/.test(said) ? Number(said) : Infinity
  if (length > REPLAYABLE_BYTES) return request.body
  return readBody(request, { maxBytes: length, withinMs: BODY_MS, clock, draining })
}
