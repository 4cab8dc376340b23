import type { LoginAnswer } from '../session/login.ts'
import { setCookieOf } from '../wire/cookies.ts'
import { retryAfterMs } from '../wire/headers.ts'
import type { WireAnswer } from '../wire/request.ts'
import { factsOf, failure, json } from './answers.ts'
import { callBackend } from './backend.ts'
import type { Endpoint, ServerContext } from './context.ts'
import { noSession } from './currentSession.ts'
import { loginsNamedBy, NOBODY } from './namedLogin.ts'
import type { RequestInfo } from './options.ts'
import { pendingLogin } from './pendingLogin.ts'
import { readJson } from './readJson.ts'
import type { Grant } from './sessionOpening.ts'
import { isFound } from './sessionSearch.ts'

/**
 * `POST login`, `{ email, password }`: 200 with the facts of the new session, or `{ next: 'twoFactor', attempt }`; then
 * the temporary token stays here. A wrong password and an unknown user get the same answer, though the backend tells.
 */
export const passwordLogin: Endpoint = async (context, request, info) => {
  const { settings, pace } = context
  const other = await otherLogin(context, request)
  if (other) return other
  const body = await readJson(request)
  const { email, password } = body ?? {}
  if (typeof email !== 'string' || typeof password !== 'string' || !email || !password)
    return failure(400, 'invalid_request', { expected: 'a JSON object with "email" and "password"' })
  const address = forwarded(context, request, info)
  if (!address) pace?.login()
  const result = await callBackend(settings, {
    path: 'api/admin/login/local',
    body: { email, password },
    headers: address,
  })
  if (result.kind === 'unavailable') return refused(context, 503, 'backend_unavailable')
  const { answer, json: found } = result
  if (answer.status !== 200 || !found) return refusal(context, answer, found, 'invalid_credentials')
  if (
    found.twoFAPending === true &&
    typeof found.tempToken === 'string' &&
    found.twoFASetupRequired !== true
  ) {
    const { attempt, cookie } = await pendingLogin(context).put(request, found.tempToken)
    return json(200, { next: 'twoFactor', attempt }, [cookie])
  }
  if (typeof found.token !== 'string') return refused(context, 403, 'two_factor_enrolment_required')
  return opened(context, request, await grantOf(context, request, answer, found))
}

/** What the backend answers where it has judged a second factor, and not liked it. */
const JUDGED = [400, 401, 403, 404, 422]

/**
 * `POST login/2fa`, `{ code }` or `{ backupCode }`, and the `attempt` that the first half answered: the second half. The
 * backend's second step does not ask whether the user is an admin, so this does. Nor does every release of the backend
 * count wrong codes, and all of them see one address: this counts them for each login.
 */
export const twoFactorLogin: Endpoint = async (context, request, info) => {
  const { settings, sessions } = context
  const other = await otherLogin(context, request)
  if (other) return other
  const body = await readJson(request)
  const { code, backupCode, attempt } = body ?? {}
  const factor = typeof code === 'string' ? { token: code } : { backupCode }
  if (typeof (factor.token ?? factor.backupCode) !== 'string')
    return failure(400, 'invalid_request', { expected: 'a JSON object with "code" or "backupCode"' })
  const logins = pendingLogin(context)
  const pending = await logins.find(request, typeof attempt === 'string' ? attempt : undefined)
  if (!pending) return failure(401, 'login_expired', {}, await logins.stale(request))
  if (!(await pending.count())) return failure(401, 'login_expired', {}, [pending.forget()])
  const result = await callBackend(settings, {
    path: 'api/auth/2fa/verify-temp',
    body: { tempToken: pending.tempToken, ...factor },
    // Without an Origin, as LibreChat's own panel: a guard of newer releases takes a foreign one for a foreign page.
    headers: forwarded(context, request, info),
  })
  if (result.kind === 'unavailable') {
    await pending.uncount()
    return refused(context, 503, 'backend_unavailable')
  }
  const { answer, json: found } = result
  if (answer.status !== 200 || typeof found?.token !== 'string') {
    const isExpired = answer.status === 401 && /expired/i.test(String(found?.message))
    if (isExpired) return failure(401, 'login_expired', {}, [pending.forget()])
    if (!JUDGED.includes(answer.status)) await pending.uncount()
    else if (await pending.isOver()) return refused(context, 401, 'too_many_attempts', [pending.forget()])
    return refusal(context, answer, found, 'invalid_code')
  }
  const grant = await grantOf(context, request, answer, found)
  const verified = await callBackend(settings, {
    path: 'api/admin/verify',
    method: 'GET',
    headers: { authorization: `Bearer ${found.token}` },
  })
  if (verified.kind === 'unavailable') {
    sessions.refuse(grant)
    return refused(context, 503, 'backend_unavailable')
  }
  if (verified.answer.status !== 200) {
    sessions.refuse(grant)
    return refused(context, 403, 'forbidden')
  }
  // Whoever comes first has it.
  if (!(await pending.use())) {
    sessions.refuse(grant)
    return failure(401, 'login_expired', {}, [pending.forget()])
  }
  return opened(context, request, grant, [pending.forget()])
}

/** A page that believes in another login than the one that is here begins no login over it. */
export async function otherLogin(context: ServerContext, request: Request): Promise<Response | undefined> {
  if (loginsNamedBy(request).every((named) => named === NOBODY)) return undefined
  const found = await context.sessions.findFor(request)
  return !isFound(found) && found.isOther ? noSession(context, request, found) : undefined
}

async function grantOf(
  { settings }: ServerContext,
  request: Request,
  answer: WireAnswer,
  found: Record<string, unknown>,
): Promise<Grant> {
  const refreshToken = setCookieOf(answer.headers, 'refreshToken').value
  const login = { ...found, refreshToken: refreshToken ?? null } as unknown as LoginAnswer
  return { answer: login, provider: 'librechat', tenantId: await settings.resolveTenant(request) }
}

/** The session begins; the one that this browser had before ends. */
async function opened(
  { settings, sessions }: ServerContext,
  request: Request,
  grant: Grant,
  more: readonly string[] = [],
): Promise<Response> {
  const { found, cookies } = await sessions.replace(request, grant)
  return json(200, factsOf(found, settings.clock.wall()), [...cookies, ...more])
}

export function forwarded({ settings }: ServerContext, request: Request, info: RequestInfo) {
  const ip = settings.forwardClientIp(request, info)
  return ip ? { 'x-forwarded-for': ip } : undefined
}

/** What the backend's no means to a page. What it says in words stays here: it tells whether a user exists. */
function refusal(
  context: ServerContext,
  { status, headers }: WireAnswer,
  found: Record<string, unknown> | undefined,
  wrong: string,
): Response {
  if (status === 429) {
    const wait = retryAfterMs(headers)
    const seconds = wait === undefined ? {} : { 'retry-after': String(Math.ceil(wait / 1000)) }
    tellRefused(context, 429, 'rate_limited')
    return json(429, { error: 'rate_limited' }, [], seconds)
  }
  if (status === 422) return refused(context, 403, 'email_not_verified')
  if (status === 403) {
    const isBan = /banned/i.test(String(found?.message))
    return refused(context, 403, isBan ? 'banned' : found?.code ? 'use_identity_provider' : 'forbidden')
  }
  if (status === 400 || status === 401 || status === 404) return refused(context, 401, wrong)
  return refused(context, 503, 'backend_unavailable')
}

function refused(
  context: ServerContext,
  status: number,
  code: string,
  cookies: readonly string[] = [],
): Response {
  tellRefused(context, status, code)
  return failure(status, code, {}, cookies)
}

const tellRefused = ({ settings }: ServerContext, status: number, code: string) =>
  settings.observe({ type: 'loginRefused', status, code })
