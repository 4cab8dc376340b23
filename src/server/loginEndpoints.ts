import { LoginFailed } from '../base/errors.ts'
import { readUser } from '../base/readUser.ts'
import { factsOf, failure, json, redirect } from './answers.ts'
import type { Attempts, Purpose } from './attempts.ts'
import type { Endpoint, ServerContext } from './context.ts'
import { noSession } from './currentSession.ts'
import { nameOf } from './entries.ts'
import { type Found, isFound, type Missing } from './foundSession.ts'
import { isWindow } from './isWindow.ts'
import { loginRefused, misfitOf, refused } from './loginAnswers.ts'
import { loginsNamedBy, NOBODY } from './namedLogin.ts'
import type { RequestInfo } from './options.ts'
import { pendingSteps } from './pendingSteps.ts'
import { readJson } from './readJson.ts'
import { safeReturnTo } from './returnTo.ts'
import type { LoginGrant, LoginRefusal, LoginRequest, LoginStep, RunningLogin } from './serverLogin.ts'

type Chosen = readonly [name: string, login: RunningLogin]

/** Whether a login came to nothing because of what is behind it. */
const isBroken = ({ refused }: { readonly refused: LoginRefusal }) =>
  refused.status >= 500 || refused.code === 'provider_unavailable'

/** Remembers whether a login works. */
function noted(logins: ServerContext['logins'], name: string, step: LoginStep | undefined) {
  if (step) logins.note(name, !('refused' in step && isBroken(step)))
  return step
}

/**
 * `POST login`, the credentials of a login: 200 with the facts of the new session, or `{ next, attempt }`, what the user is
 * asked for next. What the login keeps for that stays here.
 */
export const submitLogin: Endpoint = async (context, request, info) => {
  const other = await otherLogin(context, request)
  if (other) return other
  const { via, ...input } = (await readJson(request)) ?? {}
  const chosen = choose(context, via, 'submit')
  if (chosen instanceof Response) return chosen
  const [name, login] = chosen
  const step = noted(context.logins, name, await login.submit?.(loginRequest(context, request, info), input))
  if (!step) return failure(400, 'invalid_request', { expected: login.expected?.() })
  if ('done' in step) return opened(context, request, name, step.done)
  if ('refused' in step) {
    if (step.granted) context.sessions.refuse(name, step.granted)
    return refused(context, step.refused)
  }
  const { attempt, cookies } = await pendingSteps(context).put(request, { via: name, ...step })
  return json(200, { next: step.next, attempt }, cookies)
}

/**
 * `POST login/next`, what the user was asked for, and the `attempt` that the step before answered. Tries are counted for each
 * login: not every backend counts them, and all of them see one address.
 */
export const nextStep: Endpoint = async (context, request, info) => {
  const { sessions } = context
  const other = await otherLogin(context, request)
  if (other) return other
  const { attempt, ...input } = (await readJson(request)) ?? {}
  const pendings = pendingSteps(context)
  const pending = await pendings.find(request, typeof attempt === 'string' ? attempt : undefined)
  const login = pending && context.logins.get(pending.via)
  if (!pending || !login?.submit) return failure(401, 'login_expired', {}, await pendings.stale(request))
  if (!(await pending.count())) return failure(401, 'login_expired', {}, [pending.forget()])
  const asked = loginRequest(context, request, info)
  const step = noted(context.logins, pending.via, await login.submit(asked, input, pending))
  if (!step) {
    await pending.uncount()
    return failure(400, 'invalid_request', { expected: login.expected?.(pending.next) })
  }
  if ('refused' in step) {
    if (step.granted) sessions.refuse(pending.via, step.granted)
    if (step.isOver) return failure(401, 'login_expired', {}, [pending.forget()])
    if (!step.isJudged) await pending.uncount()
    else if (!step.granted && (await pending.isOver()))
      return refused(context, { status: 401, code: 'too_many_attempts' }, [pending.forget()])
    return refused(context, step.refused)
  }
  // Whoever comes first has it.
  if (!(await pending.use())) {
    if ('done' in step) sessions.refuse(pending.via, step.done)
    return failure(401, 'login_expired', {}, [pending.forget()])
  }
  if ('done' in step) return opened(context, request, pending.via, step.done, [pending.forget()])
  const after = await pendings.put(request, { via: pending.via, ...step })
  return json(200, { next: step.next, attempt: after.attempt }, after.cookies)
}

/**
 * `POST login/start`, `{ via?, returnTo?, purpose? }` and what the login takes: answers `{ location }`, the provider's
 * page, for the page to go to.
 *
 * A session that is there is replaced only with a `purpose`, and by a page that names it: `stepUp` takes the same user
 * alone, `switchUser` anybody.
 */
export const startLogin: Endpoint = async (context, request, info) => {
  const { sessions, attemptsOf } = context
  const body = request.headers.has('content-type') ? await readJson(request) : {}
  const { via, returnTo, purpose, ...input } = body ?? {}
  if (!body || !(purpose === undefined || isPurpose(purpose)))
    return failure(400, 'invalid_request', {
      expected: 'a JSON object, perhaps with "returnTo" and "purpose": "stepUp" or "switchUser"',
    })
  const chosen = choose(context, via, 'begin')
  if (chosen instanceof Response) return chosen
  const [name, login] = chosen
  const other = await otherLogin(context, request)
  if (other) return other
  const here = purpose === undefined ? undefined : await sessions.findFor(request)
  if (here && !isFound(here)) return noSession(context, request, here)
  const attempt = {
    returnTo: returnToOf(context, returnTo),
    ...(here && purpose && { replaces: { login: here.record.login, purpose } }),
  }
  const { location, cookies } = await attemptsOf(name).begin(request, attempt, (kept) => {
    const begin = { ...loginRequest(context, request, info), input, ...(kept !== undefined && { kept }) }
    return (login.begin as NonNullable<typeof login.begin>)(begin)
  })
  return json(200, { location: location.href }, cookies)
}

/**
 * `GET login/start`, a link: on to the provider, for logins whose callback brings our `state` back. A begun login cannot be
 * undone, so that only a window that is on its way counts: no prefetch, no image, no script, and no link of another site.
 */
export const followLogin: Endpoint = async (context, request, info) => {
  const { settings, logins, attemptsOf } = context
  const { searchParams } = new URL(request.url)
  const [via, returnTo] = ['via', 'returnTo'].map((name) => searchParams.get(name) ?? undefined)
  if (!logins.all.some(([, login]) => login.begin && login.bindsCallback)) return postOnly()
  const chosen = choose(context, via, 'begin')
  if (chosen instanceof Response) return chosen
  const [name, login] = chosen
  if (!login.bindsCallback) return postOnly()
  if (isPrefetch(request) || !isWindow(request))
    return failure(403, 'csrf', {
      expected: 'a navigation of a window',
      came: 'a prefetch, or no navigation',
    })
  const site = request.headers.get('sec-fetch-site') ?? 'none'
  if (site !== 'none' && site !== 'same-origin') return redirect(settings.paths.login)
  const attempt = { returnTo: returnToOf(context, returnTo) }
  try {
    const { location, cookies } = await attemptsOf(name).begin(request, attempt, () =>
      (login.begin as NonNullable<typeof login.begin>)({
        ...loginRequest(context, request, info),
        input: {},
      }),
    )
    return redirect(location.href, cookies)
  } catch (error) {
    if (!(error instanceof LoginFailed)) throw error
    settings.observe(loginRefused(302, { code: error.reason }))
    return redirect(`${settings.paths.login}?error=${error.reason}`)
  }
}

/** A link begins no login where the provider gives no `state` back: any website could make a browser follow it. */
const postOnly = () =>
  failure(405, 'method_not_allowed', { expected: 'a POST; then go to "location" of its answer' }, [], {
    allow: 'POST',
  })

/** Whether a browser, or a router of the page, only looks ahead. */
const isPrefetch = ({ headers }: Request): boolean =>
  ['sec-purpose', 'purpose', 'x-moz', 'next-router-prefetch', 'x-middleware-prefetch'].some((name) =>
    /prefetch|prerender|1/i.test(headers.get(name) ?? ''),
  )

const isPurpose = (value: unknown): value is Purpose => value === 'stepUp' || value === 'switchUser'

/**
 * `GET` of a login's callback: what the provider brings becomes a session. Without what this browser has kept nothing is
 * exchanged: the code may be somebody else's.
 *
 * A session that is there stays, unless an attempt was begun to replace it. Whoever comes back as the same user goes
 * home; another user's grant is refused, revoked, and told.
 */
export function loginCallback(name: string, login: RunningLogin): Endpoint {
  return async (context, request, info) => {
    const { settings, sessions } = context
    // A provider sends a window here: neither a frame, nor a script, nor an image comes back from one.
    if (!isWindow(request))
      return failure(403, 'csrf', {
        expected: 'a navigation of a window (Sec-Fetch-Dest: document)',
        came: 'another Sec-Fetch-Dest',
      })
    const keeper = context.attemptsOf(name)
    const { attempts, foreign } = await keeper.read(request)
    const here = await sessions.find(request)
    const fail = (why: LoginRefusal, session = {}, cookies: readonly string[] = []) => {
      settings.observe({ ...loginRefused(302, why), ...session })
      return redirect(`${settings.paths.login}?error=${why.code}`, cookies)
    }
    const isMeant = attempts?.list.some(
      ({ replaces }) => isFound(here) && replaces?.login === here.record.login,
    )
    /** Whoever is in already, and has not asked for more, has lost nothing. */
    const failOrHome = (why: LoginRefusal, cookies: readonly string[] = []) =>
      isFound(here) && !isMeant
        ? redirect(settings.publicUrl.pathname, [...foreign, ...cookies])
        : fail(why, {}, [...foreign, ...cookies])
    // Which session would be replaced is not known.
    if (!isFound(here) && here.isAmbiguous)
      return fail({ status: 401, code: 'duplicate_cookie' }, {}, sessions.sessionCookie.clearForeign(request))
    const spent = login.bindsCallback && attempts ? await keeper.done(attempts) : []
    if (login.bindsCallback && !(attempts && (await keeper.take(attempts))))
      return failOrHome({ status: 401, code: 'login_not_started' }, spent)
    const step = noted(
      context.logins,
      name,
      await login.callback?.(loginRequest(context, request, info), attempts?.keep),
    )
    if (!step || 'next' in step) return failOrHome({ status: 401, code: 'login_not_started' }, spent)
    if ('refused' in step) {
      if (step.granted) sessions.refuse(name, step.granted)
      return failOrHome(step.refused, spent)
    }
    const granted = step.done
    if (!attempts) throw new Error(`The login "${name}" has granted something to nobody.`)
    const misfit = misfitOf(settings, name, granted)
    if (misfit) {
      sessions.refuse(name, granted)
      return failOrHome(misfit, spent)
    }
    const verdict = judge(here, attempts, name, readUser(granted.answer.user)?.id)
    if (verdict === 'replace') {
      const { cookies } = await sessions.replace(request, name, granted)
      return redirect(keeper.wayBack(attempts), [...cookies, ...(await keeper.done(attempts))])
    }
    sessions.refuse(name, granted)
    if (verdict === 'keep') return redirect(keeper.wayBack(attempts), await keeper.done(attempts))
    return fail({ status: 401, code: 'other_user' }, isFound(here) && { session: nameOf(here.key) }, spent)
  }
}

/** What a grant of the login `via` for `userId` does to the session that is there. */
function judge(
  here: Found | Missing,
  { list }: Attempts,
  via: string,
  userId: string | undefined,
): 'replace' | 'keep' | 'refuse' {
  if (!isFound(here)) return 'replace'
  // Two providers may call two people the same.
  const isSame = here.record.via[0] === via && here.session.user.id === userId
  const isMeant = list.some(
    ({ replaces }) => replaces?.login === here.record.login && (isSame || replaces.purpose === 'switchUser'),
  )
  return isMeant ? 'replace' : isSame ? 'keep' : 'refuse'
}

/** The login that a request names by `via`; without a name the one that can do what is asked for. */
function choose({ logins }: ServerContext, via: unknown, can: 'submit' | 'begin'): Chosen | Response {
  const able = logins.all.filter(([, login]) => login[can])
  const named = via === undefined ? able : able.filter(([name]) => name === via)
  const [one] = named
  if (one && named.length === 1) return one
  const names = able.map(([name]) => `"${name}"`).join(', ')
  return failure(400, 'invalid_request', {
    expected:
      able.length > 0 ? `"via", one of ${names}` : 'another way to log in: there is none of this kind',
  })
}

function loginRequest({ settings }: ServerContext, request: Request, info: RequestInfo): LoginRequest {
  return { request, clientIp: settings.forwardClientIp(request, info) }
}

/** A page that believes in another login than the one that is here begins no login over it. */
async function otherLogin(context: ServerContext, request: Request): Promise<Response | undefined> {
  if (loginsNamedBy(request).every((named) => named === NOBODY)) return undefined
  const found = await context.sessions.findFor(request)
  return !isFound(found) && found.isOther ? noSession(context, request, found) : undefined
}

/** The session begins; the one that this browser had before ends. */
async function opened(
  context: ServerContext,
  request: Request,
  via: string,
  grant: LoginGrant,
  more: readonly string[] = [],
): Promise<Response> {
  const { settings, sessions } = context
  const no = misfitOf(settings, via, grant)
  if (no) {
    sessions.refuse(via, grant)
    return refused(context, no, more)
  }
  const { found, cookies } = await sessions.replace(request, via, grant)
  return json(200, factsOf(found, settings, settings.clock.wall()), [...cookies, ...more])
}

/** The path to go to after a login; never one of this server's own endpoints, never another origin. */
export function returnToOf({ settings, logins }: ServerContext, value: unknown): string {
  const { root, login } = settings.paths
  const callbacks = logins.all.flatMap(([, { callbackPath }]) => callbackPath ?? [])
  return safeReturnTo(value, settings.publicUrl, [root, login, ...callbacks])
}
