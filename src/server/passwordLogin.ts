import * as z from 'zod/mini'
import { readUser } from '../base/readUser.ts'
import type { LoginAnswer } from '../session/login.ts'
import { setCookieOf } from '../wire/cookies.ts'
import { isJson } from '../wire/headers.ts'
import type { WireAnswer } from '../wire/wireAnswer.ts'
import { factsOf, failure, json } from './answers.ts'
import { callBackend } from './backend.ts'
import type { Endpoint, ServerContext } from './context.ts'
import { noSession } from './currentSession.ts'
import { isFound } from './foundSession.ts'
import { callLogin, misfitOf, type NoLogin, refused, UNAVAILABLE, unrecognized } from './loginCall.ts'
import { isGrant, loginRefusal } from './loginWords.ts'
import { loginsNamedBy, NOBODY } from './namedLogin.ts'
import { pendingLogin } from './pendingLogin.ts'
import { readJson } from './readJson.ts'
import type { Grant } from './sessionOpening.ts'

const textSchema = z.string().check(z.minLength(1))
const credentialsSchema = z.object({ email: textSchema, password: textSchema })

const attemptSchema = z.catch(z.optional(z.string()), undefined)
/** The name of a code at the backend is `token`. */
const secondFactorSchema = z.union([
  z.pipe(
    z.object({ code: z.string(), attempt: attemptSchema }),
    z.transform(({ code, attempt }) => ({ token: code, attempt })),
  ),
  z.object({ backupCode: z.string(), attempt: attemptSchema }),
])

/**
 * `POST login`, `{ email, password }`: 200 with the facts of the new session, or `{ next: 'twoFactor', attempt }`; then
 * the temporary token stays here. A wrong password and an unknown user get the same answer, though the backend tells.
 */
export const passwordLogin: Endpoint = async (context, request, info) => {
  const other = await otherLogin(context, request)
  if (other) return other
  const body = await readJson(request)
  const { data: credentials } = credentialsSchema.safeParse(body)
  if (!credentials)
    return failure(400, 'invalid_request', { expected: 'a JSON object with "email" and "password"' })
  const result = await callLogin(context, request, info, {
    path: 'api/admin/login/local',
    body: credentials,
    isLimited: true,
    refusal: (answer, said) => loginRefusal(answer, said, 'invalid_credentials'),
    isStep: (said) => said.twoFASetupRequired === true || isPending(said),
  })
  if (result.kind === 'none') return refused(context, result.why)
  const { answer, said } = result
  if (isGrant(said)) return opened(context, request, await grantOf(context, request, answer, said))
  if (said.twoFASetupRequired === true || !isPending(said))
    return refused(context, { status: 403, code: 'two_factor_enrolment_required', backendStatus: 200 })
  const { attempt, cookies } = await pendingLogin(context).put(request, said.tempToken)
  return json(200, { next: 'twoFactor', attempt }, cookies)
}

const isPending = (said: Record<string, unknown>): said is Record<string, unknown> & { tempToken: string } =>
  said.twoFAPending === true && typeof said.tempToken === 'string' && said.tempToken !== ''

/**
 * Whether the backend may have judged a second factor, and not liked it: wider than its known words, because what does not
 * count may be guessed again. A page is a gateway's.
 */
const isJudged = ({ status, headers }: WireAnswer) =>
  [400, 401, 403, 404, 422].includes(status) && isJson(headers)

/**
 * `POST login/2fa`, `{ code }` or `{ backupCode }`, and the `attempt` that the first half answered: the second half. The
 * backend's second step does not ask whether the user is an admin, so this does. Nor does every release of the backend
 * count wrong codes, and all of them see one address: this counts them for each login.
 */
export const twoFactorLogin: Endpoint = async (context, request, info) => {
  const { sessions } = context
  const other = await otherLogin(context, request)
  if (other) return other
  const body = await readJson(request)
  const { data: second } = secondFactorSchema.safeParse(body)
  if (!second)
    return failure(400, 'invalid_request', { expected: 'a JSON object with "code" or "backupCode"' })
  const { attempt, ...factor } = second
  const logins = pendingLogin(context)
  const pending = await logins.find(request, attempt)
  if (!pending) return failure(401, 'login_expired', {}, await logins.stale(request))
  if (!(await pending.count())) return failure(401, 'login_expired', {}, [pending.forget()])
  const result = await callLogin(context, request, info, {
    path: 'api/auth/2fa/verify-temp',
    body: { tempToken: pending.tempToken, ...factor },
    // Without an Origin, as LibreChat's own panel: a guard of newer releases takes a foreign one for a foreign page.
    isLimited: false,
    refusal: (answer, said) => loginRefusal(answer, said, 'invalid_code'),
  })
  if (result.kind === 'none') {
    const { answer, why } = result
    const isExpired = why.code === 'invalid_code' && answer?.status === 401 && /expired/i.test(answer.text)
    if (isExpired) return failure(401, 'login_expired', {}, [pending.forget()])
    if (!answer || !isJudged(answer)) await pending.uncount()
    else if (await pending.isOver())
      return refused(context, { status: 401, code: 'too_many_attempts' }, [pending.forget()])
    return refused(context, why)
  }
  const grant = await grantOf(context, request, result.answer, result.said)
  const isAdmin = await adminOf(context, grant)
  if (isAdmin !== true) {
    sessions.refuse(grant)
    return refused(context, isAdmin)
  }
  // Whoever comes first has it.
  if (!(await pending.use())) {
    sessions.refuse(grant)
    return failure(401, 'login_expired', {}, [pending.forget()])
  }
  return opened(context, request, grant, [pending.forget()])
}

/** Whether the user of a grant is an admin, as the backend's API says; else why nobody knows. */
async function adminOf({ settings }: ServerContext, { answer }: Grant): Promise<true | NoLogin> {
  const verified = await callBackend(settings, {
    path: 'api/admin/verify',
    method: 'GET',
    headers: { authorization: `Bearer ${answer.token}` },
  })
  if (verified.kind === 'unavailable') return UNAVAILABLE
  const { answer: found, json: said } = verified
  if (found.status === 200 && isSameUser(said?.user, answer.user)) return true
  const no = found.status === 200 ? undefined : loginRefusal(found, said, 'forbidden')
  if (!no || no.code === 'email_not_verified') return unrecognized(found)
  return { ...no, backendStatus: found.status }
}

const isSameUser = (one: unknown, other: unknown) =>
  one !== undefined && readUser(one)?.id === readUser(other)?.id

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
  context: ServerContext,
  request: Request,
  grant: Grant,
  more: readonly string[] = [],
): Promise<Response> {
  const { settings, sessions } = context
  const no = misfitOf(settings, grant)
  if (no) {
    sessions.refuse(grant)
    return refused(context, no, more)
  }
  const { found, cookies } = await sessions.replace(request, grant)
  return json(200, factsOf(found, settings, settings.clock.wall()), [...cookies, ...more])
}
