import type { LoginAnswer } from '../session/login.ts'
import { redirect } from './answers.ts'
import { callBackend } from './backend.ts'
import type { Endpoint, ServerContext } from './context.ts'
import { forwarded } from './passwordLogin.ts'
import { randomId } from './randomId.ts'
import { safeReturnTo } from './returnTo.ts'
import { isFound } from './sessions.ts'

/** As long as LibreChat keeps a challenge. */
const ATTEMPT_MS = 300_000
const CONTEXT = 'openid login'

interface Attempt {
  readonly verifier: string
  readonly returnTo: string
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly until: number
}

/**
 * `GET openid/start?returnTo=`: sends the browser to the backend's OpenID login. The challenge is what LibreChat
 * takes, the hexadecimal SHA-256 of the verifier (not RFC 7636), and nothing else goes along: some of its versions
 * take any other parameter for the callback. Attempts of one browser share a verifier, so no tab spoils another's.
 */
export const openidStart: Endpoint = async (context, request) => {
  const { settings, cookies, keyring } = context
  const returnTo = returnToOf(context, new URL(request.url).searchParams.get('returnTo'))
  const now = settings.clock.wall()
  const verifier = (await readAttempt(context, request))?.verifier ?? randomId()
  const attempt: Attempt = { verifier, returnTo, until: now + ATTEMPT_MS }
  const url = new URL('api/admin/oauth/openid', settings.browserBaseUrl)
  url.searchParams.set('code_challenge', await sha256Hex(verifier))
  const sealed = await keyring.seal(JSON.stringify(attempt), CONTEXT)
  return redirect(url.href, [cookies.openid.set(sealed, ATTEMPT_MS)])
}

/**
 * `GET {callbackPath}?code=`: exchanges the code for a session. Without the verifier of this browser nothing is
 * exchanged: the code may be somebody else's. The backend deletes the code before it checks anything, so the origin
 * is the configured one and never guessed from a header.
 */
export const openidCallback: Endpoint = async (context, request, info) => {
  const { settings, sessions, cookies, pace } = context
  const { searchParams } = new URL(request.url)
  const fail = (error: string, more: readonly string[] = []) => {
    settings.observe({ type: 'loginRefused', status: 302, code: error })
    return redirect(`${settings.paths.login}?error=${error}`, more)
  }
  const code = searchParams.get('code')
  const attempt = await readAttempt(context, request)
  if (searchParams.has('error')) return fail(knownError(searchParams.get('error')), [cookies.openid.clear()])
  if (!attempt) return fail('login_not_started')
  if (!code || !/^[a-f0-9]{64}$/.test(code)) return fail('invalid_code')
  const address = forwarded(context, request, info)
  if (!address) pace?.login()
  const result = await callBackend(settings, {
    path: 'api/admin/oauth/exchange',
    body: { code, code_verifier: attempt.verifier },
    headers: { origin: settings.origin, ...address },
  })
  if (result.kind === 'unavailable') return fail('backend_unavailable')
  const { answer, json: found } = result
  if (answer.status === 429) return fail('rate_limited')
  if (answer.status !== 200 || typeof found?.token !== 'string')
    return fail(answer.status === 401 ? 'code_expired' : 'backend_unavailable')
  const tenantId = await settings.resolveTenant(request)
  const subject = (found.user as { openidId?: unknown } | undefined)?.openidId
  const opened = await sessions.open(found as unknown as LoginAnswer, {
    provider: 'openid',
    tenantId,
    ...(typeof subject === 'string' && subject && { subject }),
  })
  const previous = await sessions.find(request)
  if (isFound(previous)) await sessions.end(previous, 'user')
  return redirect(attempt.returnTo, [...opened.cookies, cookies.openid.clear()])
}

/** The path to go to after a login; never one of this server's own endpoints, never another origin. */
export function returnToOf({ settings }: ServerContext, value: unknown): string {
  const { root, callback, login } = settings.paths
  return safeReturnTo(value, settings.publicUrl, [root, callback, login])
}

async function readAttempt(
  { settings, cookies, keyring }: ServerContext,
  request: Request,
): Promise<Attempt | undefined> {
  const sealed = cookies.openid.read(request)
  const opened = sealed === undefined ? undefined : await keyring.unseal(sealed, CONTEXT)
  if (!opened || 'reason' in opened) return undefined
  const attempt = JSON.parse(opened.plain) as Attempt
  return settings.clock.wall() < attempt.until ? attempt : undefined
}

/** What LibreChat says went wrong, if it is one of its words. */
const knownError = (error: string | null) =>
  error && ['auth_failed', 'pkce_store_failed', 'pkce_retrieval_failed'].includes(error)
    ? error
    : 'auth_failed'

async function sha256Hex(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
