import type { ExpiredReason, LoggedOutReason } from '../../machines/session.types.ts'
import { LoggedOut, Misconfigured, RefreshUnavailable, SessionExpired } from '../session/errors.ts'
import { factsOf, failure, json } from './answers.ts'
import { bearerOf } from './bearerOf.ts'
import type { Endpoint, ServerContext } from './context.ts'
import type { EndSessionUrls } from './endSessionUrls.ts'
import { nameOf } from './entries.ts'
import { type Found, isFound, type Missing } from './sessions.ts'

/** `GET`: the facts of the session. Looks, and never refreshes. */
export const currentSession: Endpoint = async (context, request) => {
  const found = await context.sessions.find(request)
  if (!isFound(found)) return noSession(context, request, found)
  await noteUser(context, request, found)
  return json(200, factsOf(found, context.settings.clock.wall()))
}

/** `POST refresh`: the facts, after a refresh where one is due. "Stay signed in" comes as `x-user-activity: 1`. */
export const refreshSession: Endpoint = async (context, request) => {
  const { sessions, settings } = context
  const found = await sessions.find(request)
  if (!isFound(found)) return noSession(context, request, found)
  await noteUser(context, request, found)
  try {
    await bearerOf(found, sessions, settings).getToken()
  } catch (error) {
    return unusable(context, request, error)
  }
  const renewed = await sessions.find(request)
  if (!isFound(renewed)) return noSession(context, request, renewed)
  return json(200, factsOf(renewed, settings.clock.wall()))
}

/**
 * `GET verify`: the facts, confirmed by the backend in the last `revalidateMs`. Only a plain refusal ends the
 * session. A backend that does not answer neither ends it nor extends the trust: `verifiedAt` stays what it was.
 */
export const verifySession: Endpoint = async (context, request) => {
  const { sessions, settings } = context
  const found = await sessions.find(request)
  if (!isFound(found)) return noSession(context, request, found)
  await noteUser(context, request, found)
  const now = settings.clock.wall()
  if (now < found.record.verifiedAt + settings.revalidateMs) return json(200, factsOf(found, now))
  const controller = new AbortController()
  const abort = () => controller.abort()
  const disarm = settings.clock.setTimer(abort, settings.attemptTimeoutMs, 'foreground')
  let answer: Response
  let body: string
  try {
    answer = await bearerOf(found, sessions, settings).fetch('api/admin/verify', {
      signal: controller.signal,
    })
    body = await answer.text()
  } catch (error) {
    if (error instanceof SessionExpired || error instanceof LoggedOut)
      return unusable(context, request, error)
    return unverified(context, request, found, 'unavailable')
  } finally {
    disarm()
  }
  if (answer.ok && isForeign(found, body)) {
    settings.observe({ type: 'turnedAway', code: 'identityMismatch', session: nameOf(found.key) })
    await sessions.end(found, 'identityMismatch')
    return noSession(context, request, { reason: 'identityMismatch' })
  }
  if (answer.ok) {
    await sessions.note(found, { verifiedAt: now })
    const renewed = await sessions.find(request)
    if (!isFound(renewed)) return noSession(context, request, renewed)
    return json(200, factsOf(renewed, now))
  }
  if (answer.status === 403 && isPlainRefusal(body)) {
    await sessions.end(found, 'accessRevoked')
    return noSession(context, request, { reason: 'accessRevoked' })
  }
  const isRefusal = answer.status === 401 || answer.status === 403
  return unverified(context, request, found, isRefusal ? 'refused' : 'unavailable')
}

/** The bearer is somebody else's. */
function isForeign({ session }: Found, body: string): boolean {
  const id = objectOf(objectOf(parsed(body)).user).id
  return typeof id === 'string' && id !== session.user.id
}

/** LibreChat says `{ message: 'Forbidden' }` to who is no admin. A ban, strict tenancy and 2FA have other words. */
function isPlainRefusal(body: string): boolean {
  const { message, code, error } = objectOf(parsed(body))
  return message === 'Forbidden' && code === undefined && error === undefined
}

const objectOf = (value: unknown) => (value ?? {}) as Record<string, unknown>

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The facts as they are now: verifying may have refreshed. */
async function unverified(
  context: ServerContext,
  request: Request,
  { key }: Found,
  cause: 'unavailable' | 'refused',
): Promise<Response> {
  const { sessions, settings } = context
  settings.observe({ type: 'notVerified', session: nameOf(key), cause })
  const found = await sessions.find(request)
  if (!isFound(found)) return noSession(context, request, found)
  return json(200, { ...factsOf(found, settings.clock.wall()), unverified: cause })
}

/**
 * `POST logout`: ends this session here and, as far as the backend lets us, there. Works with an ended bearer, with
 * a backend that is down, without a session. Where the store is down it takes the cookie away and answers 503: other
 * processes do not know yet.
 */
export function logout(endSessionUrls: EndSessionUrls): Endpoint {
  return async (context, request) => {
    const { sessions, settings } = context
    const found = await sessions.find(request)
    if (!isFound(found)) return json(200, {}, sessions.carrier.clear())
    endSessionUrls.ask(found.key)
    const isEnded = await sessions.end(found, 'user')
    const location = endSessionUrls.take(found.key)
    if (!isEnded) return failure(503, 'unavailable', {}, sessions.carrier.clear())
    const isAllowed = location && settings.endSessionOrigins.has(URL.parse(location)?.origin ?? '')
    return json(200, isAllowed ? { redirect: location } : {}, sessions.carrier.clear())
  }
}

/** `POST backchannel-logout`: OpenID Connect Back-Channel Logout 1.0. */
export const backChannel: Endpoint = async ({ settings, sessions }, request) => {
  const verified = await settings.backChannelLogout?.(request)
  if (!verified) return failure(404, 'not_found')
  if (!verified.ok) {
    settings.observe({ type: 'turnedAway', code: 'backChannelLogout' })
    return failure(400, 'invalid_request')
  }
  const isDone = !verified.subject || (await sessions.endSubject(verified.subject).catch(() => false))
  if (isDone) return json(200, {})
  verified.forget?.()
  // Section 2.8: a logout that failed is a 400, too.
  return failure(400, 'unavailable')
}

async function noteUser(context: ServerContext, request: Request, found: Found): Promise<void> {
  if (request.headers.get('x-user-activity') === '1')
    await context.sessions.note(found, { activeAt: context.settings.clock.wall() })
}

/** There is no session. Unknown, ended and tampered look alike; only who held it is told why it ended. */
export function noSession({ sessions }: ServerContext, request: Request, { reason }: Missing): Response {
  const gone = sessions.carrier.isPresent(request) ? sessions.carrier.clear() : []
  return failure(401, 'no_session', reason ? { reason } : {}, gone)
}

/** What a page is told when its session has no bearer at the moment, or none any more. */
export function unusable(context: ServerContext, request: Request, error: unknown): Response {
  if (error instanceof SessionExpired || error instanceof LoggedOut)
    return noSession(context, request, { reason: reasonOf(error) })
  if (error instanceof RefreshUnavailable) {
    const waitMs = (error.retryAt ?? 0) - context.settings.clock.wall()
    const seconds = { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) }
    return json(503, { error: 'refresh_unavailable', retryAt: error.retryAt }, [], seconds)
  }
  if (error instanceof Misconfigured) return failure(503, 'misconfigured')
  return failure(502, 'backend_unavailable')
}

const reasonOf = (error: SessionExpired | LoggedOut): ExpiredReason | LoggedOutReason => error.reason
