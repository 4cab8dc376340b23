import { LoggedOut, Misconfigured, RefreshUnavailable, SessionExpired } from '../base/errors.ts'
import { aboutOf } from './aboutOf.ts'
import { factsOf, failure, json } from './answers.ts'
import { bearerOf } from './bearerOf.ts'
import type { Endpoint, ServerContext } from './context.ts'
import type { EndSession } from './endSession.ts'
import { nameOf } from './entries.ts'
import { type Found, isFound, type Missing } from './foundSession.ts'
import { isFor, loginsNamedBy, NOBODY } from './namedLogin.ts'
import type { ServerEndReason } from './notice.ts'
import type { Verified } from './serverLogin.ts'

/** `GET`: the facts of the session, whichever login the page shows. It reads the session and never refreshes it. */
export const currentSession: Endpoint = async (context, request) => {
  const found = await context.sessions.find(request)
  if (!isFound(found)) return noSession(context, request, found)
  if (isFor(request, found.record.login)) await noteUser(context, request, found)
  return json(200, factsOf(found, context.settings, context.settings.clock.wall()))
}

/** `POST refresh`: the facts, after a refresh if one is due. "Stay signed in" sends `x-user-activity: 1`. */
export const refreshSession: Endpoint = async (context, request) => {
  const { sessions, settings } = context
  const found = await sessions.findFor(request)
  if (!isFound(found)) return noSession(context, request, found)
  await noteUser(context, request, found)
  try {
    const bearer = bearerOf(found, context)
    await (isByUser(request) ? bearer.hurriedToken() : bearer.getToken())
  } catch (error) {
    return unusable(context, request, error)
  }
  const renewed = await sessions.find(request)
  if (!isFound(renewed)) return noSession(context, request, renewed)
  return json(200, factsOf(renewed, settings, settings.clock.wall()))
}

/**
 * `GET verify`: the facts, which the login's backend has confirmed in the last `revalidateMs`. Only a plain refusal
 * ends the session. If the backend does not answer, the session stays, but `verifiedAt` does not change.
 */
export const verifySession: Endpoint = async (context, request) => {
  const { sessions, settings, logins } = context
  const found = await sessions.findFor(request)
  if (!isFound(found)) return noSession(context, request, found)
  await noteUser(context, request, found)
  const now = settings.clock.wall()
  if (now < found.record.verifiedAt + settings.revalidateMs) return json(200, factsOf(found, settings, now))
  const login = logins.get(found.record.via[0])
  const controller = new AbortController()
  const abort = () => controller.abort()
  const disarm = settings.clock.setTimer(abort, settings.attemptTimeoutMs, 'foreground')
  const { fetch, getToken } = bearerOf(found, context)
  let verified: Verified
  try {
    // A login without a check trusts the backend that renews the bearer.
    verified = login?.verify
      ? await login.verify(fetch, found.session.user, controller.signal)
      : await getToken().then(() => 'ok' as const)
  } catch (error) {
    if (error instanceof SessionExpired || error instanceof LoggedOut)
      return unusable(context, request, error)
    return unverified(context, request, found, 'unavailable')
  } finally {
    disarm()
  }
  if (verified === 'foreign') {
    const about = aboutOf(found, request)
    settings.observe({ type: 'turnedAway', code: 'identityMismatch', session: nameOf(found.key) }, about)
    await sessions.end(found, 'identityMismatch')
    return noSession(context, request, { reason: 'identityMismatch' })
  }
  if (verified === 'revoked') {
    await sessions.end(found, 'accessRevoked')
    return noSession(context, request, { reason: 'accessRevoked' })
  }
  if (verified !== 'ok') return unverified(context, request, found, verified)
  await sessions.note(found, { verifiedAt: now })
  const renewed = await sessions.find(request)
  if (!isFound(renewed)) return noSession(context, request, renewed)
  return json(200, factsOf(renewed, settings, now))
}

/** The facts of now: the check may have refreshed the session. */
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
  return json(200, { ...factsOf(found, settings, settings.clock.wall()), unverified: cause })
}

/**
 * `POST logout`: ends this session here and, if the backend permits it, there. It works with an ended bearer, with a
 * backend that is down, and without a session. If the store is down, it removes the cookie and answers 503, because
 * other processes do not know of the logout yet.
 */
export function logout(endSession: EndSession): Endpoint {
  return async (context, request) => {
    const { sessions } = context
    const found = await sessions.findFor(request, true)
    if (!isFound(found))
      return found.isOther || found.isAmbiguous || found.isUnknownLogin
        ? noSession(context, request, found)
        : json(200, {}, sessions.sessionCookie.clear())
    const { isEnded, redirect, cookies } = await endSession(context, found, request)
    return isEnded
      ? json(200, redirect === undefined ? {} : { redirect }, cookies)
      : failure(503, 'unavailable', {}, cookies)
  }
}

const isByUser = (request: Request) => request.headers.get('x-user-activity') === '1'

async function noteUser(context: ServerContext, request: Request, found: Found): Promise<void> {
  if (isByUser(request)) await context.sessions.note(found, { activeAt: context.settings.clock.wall() })
}

/**
 * There is no session, or none of the login of the request. Unknown, ended and tampered sessions look alike. Only the
 * browser that held the session learns why it ended.
 */
export function noSession(
  { sessions, settings }: ServerContext,
  request: Request,
  missing: Missing,
): Response {
  const { login, isOther, isAmbiguous } = missing
  const { sessionCookie } = sessions
  if (isOther) return failure(409, 'other_login')
  if (missing.isUnknownLogin) return failure(503, 'login_unknown', {}, [], { 'retry-after': '5' })
  // Without our own cookie the planted one would be the only one.
  if (isAmbiguous) return failure(401, 'no_session', {}, sessionCookie.clearForeign(request))
  // Two pages learn why a session ended: the one that showed it, and one that showed none.
  const isOfOther = (named: string) => named !== NOBODY && named !== login
  const isTold = login === undefined || !loginsNamedBy(request).some(isOfOther)
  const reason = isTold ? missing.reason : undefined
  // A page logs in without waiting for its calls of the API: a late answer would delete the cookie of the next login.
  const isAwaited = `${new URL(request.url).pathname}/`.startsWith(settings.paths.root)
  const gone = isAwaited && !missing.isOthers && sessionCookie.isPresent(request) ? sessionCookie.clear() : []
  return failure(401, 'no_session', reason ? { reason } : {}, gone)
}

/** The answer to a page whose session has no bearer now, or will never have one again. */
export function unusable(context: ServerContext, request: Request, error: unknown): Response {
  if (error instanceof SessionExpired || error instanceof LoggedOut)
    return noSession(context, request, { reason: reasonOf(error) })
  if (error instanceof RefreshUnavailable) {
    const { retryAt } = error
    const waitMs = (retryAt ?? 0) - context.settings.clock.wall()
    const seconds = { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) }
    return json(
      503,
      { error: 'refresh_unavailable', ...(retryAt && { retryAt: Math.ceil(retryAt) }) },
      [],
      seconds,
    )
  }
  if (error instanceof Misconfigured) return failure(503, 'misconfigured')
  const isLate = error instanceof DOMException && error.name === 'TimeoutError'
  return isLate ? failure(504, 'backend_timeout') : failure(502, 'backend_unavailable')
}

const reasonOf = (error: SessionExpired | LoggedOut): ServerEndReason => error.reason
