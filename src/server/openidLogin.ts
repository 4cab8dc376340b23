import { readUser } from '../base/readUser.ts'
import { failure, json, redirect } from './answers.ts'
import type { Endpoint, ServerContext } from './context.ts'
import { noSession } from './currentSession.ts'
import { nameOf } from './entries.ts'
import { type Found, isFound, type Missing } from './foundSession.ts'
import { isWindow } from './isWindow.ts'
import { callLogin, loginRefused, misfitOf, type NoLogin } from './loginCall.ts'
import { exchangeRefusal } from './loginWords.ts'
import { type Attempts, openidAttempts, type Purpose } from './openidAttempts.ts'
import { otherLogin } from './passwordLogin.ts'
import { readJson } from './readJson.ts'
import { safeReturnTo } from './returnTo.ts'
import type { Grant } from './sessionOpening.ts'

/**
 * `POST openid/start`, `{ returnTo?, purpose? }`: answers `{ location }`, the backend's OpenID login, for the page to go
 * to. No `GET` does: LibreChat takes a code that was issued without a challenge, and returns no `state`, so a login that
 * any website could begin would end as the login of whoever that website likes.
 *
 * A session that is there is replaced only with a `purpose`, and by a page that names it: `stepUp` takes the same user
 * alone, `switchUser` anybody.
 *
 * The challenge is what LibreChat takes, the hexadecimal SHA-256 of the verifier (not RFC 7636), and nothing else goes
 * along: some of its versions take any other parameter for the callback.
 */
export const openidStart: Endpoint = async (context, request) => {
  const { settings, sessions } = context
  const body = request.headers.has('content-type') ? await readJson(request) : {}
  const { returnTo, purpose } = body ?? {}
  if (!body || !(purpose === undefined || isPurpose(purpose)))
    return failure(400, 'invalid_request', {
      expected: 'a JSON object, perhaps with "returnTo" and "purpose": "stepUp" or "switchUser"',
    })
  const other = await otherLogin(context, request)
  if (other) return other
  const here = purpose === undefined ? undefined : await sessions.findFor(request)
  if (here && !isFound(here)) return noSession(context, request, here)
  const { verifier, cookies } = await attemptsOf(context).begin(request, {
    returnTo: returnToOf(context, returnTo),
    ...(here && purpose && { replaces: { login: here.record.login, purpose } }),
  })
  const location = new URL('api/admin/oauth/openid', settings.browserBaseUrl)
  location.searchParams.set('code_challenge', await sha256Hex(verifier))
  return json(200, { location: location.href }, cookies)
}

const isPurpose = (value: unknown): value is Purpose => value === 'stepUp' || value === 'switchUser'

/**
 * `GET {callbackPath}?code=`: exchanges the code for a session. Without the verifier of this browser nothing is
 * exchanged: the code may be somebody else's. The backend deletes the code before it checks anything, so the origin
 * is the configured one and never guessed from a header.
 *
 * A session that is there stays, unless an attempt was begun to replace it. Whoever comes back as the same user goes
 * home; another user's grant is refused, revoked, and told.
 */
export const openidCallback: Endpoint = async (context, request, info) => {
  const { settings, sessions } = context
  // A provider sends a window here: neither a frame, nor a script, nor an image comes back from one.
  if (!isWindow(request))
    return failure(403, 'csrf', {
      expected: 'a navigation of a window (Sec-Fetch-Dest: document)',
      came: 'another Sec-Fetch-Dest',
    })
  const { searchParams } = new URL(request.url)
  const all = attemptsOf(context)
  const { attempts, foreign } = await all.read(request)
  const here = await sessions.find(request)
  const fail = (why: string | NoLogin, session = {}, cookies: readonly string[] = []) => {
    const refusal = typeof why === 'string' ? { code: why } : why
    settings.observe({ ...loginRefused(302, refusal), ...session })
    return redirect(`${settings.paths.login}?error=${refusal.code}`, cookies)
  }
  const isMeant = attempts?.list.some(
    ({ replaces }) => isFound(here) && replaces?.login === here.record.login,
  )
  /** Whoever is in already, and has not asked for more, has lost nothing. */
  const failOrHome = (why: string | NoLogin) =>
    isFound(here) && !isMeant ? redirect(settings.publicUrl.pathname, foreign) : fail(why, {}, foreign)

  // Which session would be replaced is not known.
  if (!isFound(here) && here.isAmbiguous)
    return fail('duplicate_cookie', {}, sessions.sessionCookie.clearForeign(request))
  if (searchParams.has('error')) return failOrHome(knownError(searchParams.get('error')))
  if (!attempts) return failOrHome('login_not_started')
  const code = searchParams.get('code')
  if (!code || !/^[a-f0-9]{64}$/.test(code)) return failOrHome('invalid_code')
  const exchanged = await exchange(context, request, info, code, attempts.verifier)
  if ('code' in exchanged) return failOrHome(exchanged)
  const misfit = misfitOf(settings, exchanged)
  if (misfit) {
    sessions.refuse(exchanged)
    return failOrHome(misfit)
  }
  const verdict = judge(here, attempts, readUser(exchanged.answer.user)?.id)
  if (verdict === 'replace') {
    const { cookies } = await sessions.replace(request, exchanged)
    return redirect(all.wayBack(attempts), [...cookies, await all.done(attempts)])
  }
  sessions.refuse(exchanged)
  if (verdict === 'keep') return redirect(all.wayBack(attempts), [await all.done(attempts)])
  return fail('other_user', isFound(here) && { session: nameOf(here.key) })
}

/** What a grant for `userId` does to the session that is there. */
function judge(
  here: Found | Missing,
  { list }: Attempts,
  userId: string | undefined,
): 'replace' | 'keep' | 'refuse' {
  if (!isFound(here)) return 'replace'
  const isSame = here.session.user.id === userId
  const isMeant = list.some(
    ({ replaces }) => replaces?.login === here.record.login && (isSame || replaces.purpose === 'switchUser'),
  )
  return isMeant ? 'replace' : isSame ? 'keep' : 'refuse'
}

/** What the backend grants for a code, or why it does not. */
async function exchange(
  context: ServerContext,
  request: Request,
  info: Parameters<Endpoint>[2],
  code: string,
  verifier: string,
): Promise<Grant | NoLogin> {
  const { settings } = context
  const result = await callLogin(context, request, info, {
    path: 'api/admin/oauth/exchange',
    body: { code, code_verifier: verifier },
    headers: { origin: settings.origin },
    isLimited: true,
    refusal: exchangeRefusal,
  })
  if (result.kind === 'none') return result.why
  const { said } = result
  const subject = (said.user as { openidId?: unknown }).openidId
  return {
    // One of another type counts as none: the login is good without.
    answer: { ...said, refreshToken: textOf(said.refreshToken) } as unknown as Grant['answer'],
    provider: 'openid',
    tenantId: await settings.resolveTenant(request),
    ...(typeof subject === 'string' && subject && { subject }),
  }
}

/** The path to go to after a login; never one of this server's own endpoints, never another origin. */
export function returnToOf({ settings }: ServerContext, value: unknown): string {
  const { root, callback, login } = settings.paths
  return safeReturnTo(value, settings.publicUrl, [root, callback, login])
}

const attemptsOf = (context: ServerContext) => openidAttempts(context, context.settings.publicUrl.pathname)

const textOf = (value: unknown) => (typeof value === 'string' ? value : null)

/** What LibreChat says went wrong, if it is one of its words. */
const knownError = (error: string | null) =>
  error && ['auth_failed', 'pkce_store_failed', 'pkce_retrieval_failed'].includes(error)
    ? error
    : 'auth_failed'

async function sha256Hex(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
