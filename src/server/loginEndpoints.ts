import { factsOf, failure, json, redirect } from './answers.ts'
import type { Purpose } from './attempts.ts'
import { chosenLogin } from './chosenLogin.ts'
import type { Endpoint, ServerContext } from './context.ts'
import { noSession } from './currentSession.ts'
import { isFound } from './foundSession.ts'
import { isWindow } from './isWindow.ts'
import { ENDED_BY_PROVIDER, loginRefused, misfitOf, refused } from './loginAnswers.ts'
import { noted, unbegun } from './loginNotes.ts'
import { loginRequest } from './loginRequest.ts'
import { loginsNamedBy, NOBODY } from './namedLogin.ts'
import { pendingSteps } from './pendingSteps.ts'
import { readJson } from './readJson.ts'
import { returnToOf } from './returnToOf.ts'
import type { LoginGrant } from './serverLogin.ts'

/**
 * `POST login`, the credentials of a login: 200 with the facts of the new session, or `{ next, attempt }`, which names
 * the next input of the user. The data of the login for that step stays here.
 */
export const submitLogin: Endpoint = async (context, request, info) => {
  const other = await otherLogin(context, request)
  if (other) return other
  const body = (await readJson(request)) ?? {}
  const chosen = await chosenLogin(context, { request, input: body, way: 'credentials' })
  if (chosen instanceof Response) return chosen
  // The answer reveals no more about a login that does not exist than about one that does.
  const unknown = () => refused(context, { request }, { status: 401, code: 'invalid_credentials' })
  if (!chosen) return unknown()
  const { via: _, ...input } = body
  const [name, login] = chosen
  const askedAt = context.settings.clock.wall()
  const step = noted(context.logins, name, await login.submit?.(loginRequest(context, request, info), input))
  if (!step && context.settings.chooseLogin) return unknown()
  if (!step) return failure(400, 'invalid_request', { expected: login.expected?.() })
  if ('done' in step) return opened(context, request, { via: name, grant: step.done, askedAt })
  if ('refused' in step) {
    if (step.granted) context.sessions.refuse(name, step.granted)
    return refused(context, { request, via: name }, step.refused)
  }
  const { attempt, cookies } = await pendingSteps(context).put(request, { via: name, ...step })
  return json(200, { next: step.next, attempt }, cookies)
}

/**
 * `POST login/next`, the requested input and the `attempt` of the step before. Tries are counted for each login,
 * because not every backend counts them, and a backend sees all users under one address.
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
  const askedAt = context.settings.clock.wall()
  const asked = loginRequest(context, request, info)
  const step = noted(context.logins, pending.via, await login.submit(asked, input, pending))
  if (!step) {
    await pending.uncount()
    return failure(400, 'invalid_request', { expected: login.expected?.(pending.next) })
  }
  if ('refused' in step) {
    const about = { request, via: pending.via }
    if (step.granted) sessions.refuse(pending.via, step.granted)
    if (step.isOver) return failure(401, 'login_expired', {}, [pending.forget()])
    if (!step.isJudged) await pending.uncount()
    else if (!step.granted && (await pending.isOver()))
      return refused(context, about, { status: 401, code: 'too_many_attempts' }, [pending.forget()])
    return refused(context, about, step.refused)
  }
  // The first request gets it.
  if (!(await pending.use())) {
    if ('done' in step) sessions.refuse(pending.via, step.done)
    return failure(401, 'login_expired', {}, [pending.forget()])
  }
  if ('done' in step)
    return opened(context, request, { via: pending.via, grant: step.done, askedAt }, [pending.forget()])
  const after = await pendings.put(request, { via: pending.via, ...step })
  return json(200, { next: step.next, attempt: after.attempt }, after.cookies)
}

/**
 * `POST login/start`, `{ via?, returnTo?, purpose? }` and the input of the login: answers `{ location }`, the
 * provider's page, and the page goes there.
 *
 * A present session is replaced only with a `purpose`, and by a page that names the session: `stepUp` accepts only the
 * same user, `switchUser` any user.
 */
export const startLogin: Endpoint = async (context, request, info) => {
  const { sessions, attemptsOf } = context
  const body = request.headers.has('content-type') ? await readJson(request) : {}
  const { via: _, returnTo, purpose, ...input } = body ?? {}
  if (!body || !(purpose === undefined || isPurpose(purpose)))
    return failure(400, 'invalid_request', {
      expected: 'a JSON object, perhaps with "returnTo" and "purpose": "stepUp" or "switchUser"',
    })
  const chosen = await chosenLogin(context, { request, input: body, way: 'redirect' })
  if (chosen instanceof Response) return chosen
  if (!chosen) return refused(context, { request }, UNAVAILABLE)
  const [name, login] = chosen
  const other = await otherLogin(context, request)
  if (other) return other
  const here = purpose === undefined ? undefined : await sessions.findFor(request)
  if (here && !isFound(here)) return noSession(context, request, here)
  const attempt = {
    returnTo: returnToOf(context, returnTo),
    ...(here && purpose && { replaces: { login: here.record.login, purpose } }),
  }
  try {
    const { location, cookies } = await attemptsOf(name).begin(request, attempt, (kept) => {
      const begin = { ...loginRequest(context, request, info), input, ...(kept !== undefined && { kept }) }
      return (login.begin as NonNullable<typeof login.begin>)(begin)
    })
    return json(200, { location: location.href }, cookies)
  } catch (error) {
    return refused(context, { request, via: name }, unbegun(context.logins, name, error))
  }
}

/**
 * `GET login/start`, a link to the provider, for logins whose callback returns our `state`. A begun login cannot be
 * undone. So only a real navigation counts: no prefetch, no image, no script, and no link of another site.
 */
export const followLogin: Endpoint = async (context, request, info) => {
  const { settings, logins, attemptsOf } = context
  const { searchParams } = new URL(request.url)
  const returnTo = searchParams.get('returnTo') ?? undefined
  const ahead =
    isPrefetch(request) || !isWindow(request)
      ? failure(403, 'csrf', {
          expected: 'a navigation of a window',
          came: 'a prefetch, or no navigation',
        })
      : undefined
  if (settings.chooseLogin && ahead) return ahead
  if (!logins.all.some(([, login]) => login.begin && login.bindsCallback)) return postOnly()
  const input = Object.fromEntries(searchParams)
  const chosen = await chosenLogin(context, { request, input, way: 'redirect' })
  if (chosen instanceof Response) return chosen
  if (!chosen || (settings.chooseLogin && !chosen[1].bindsCallback)) {
    settings.observe(loginRefused(302, UNAVAILABLE), { request })
    return redirect(`${settings.paths.login}?error=${UNAVAILABLE.code}`)
  }
  const [name, login] = chosen
  if (!login.bindsCallback) return postOnly()
  if (ahead) return ahead
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
    const { code } = unbegun(logins, name, error)
    settings.observe(loginRefused(302, { code }), { request, via: name })
    return redirect(`${settings.paths.login}?error=${encodeURIComponent(code)}`)
  }
}

/** The option `chooseLogin` has no login, or none of this kind. */
const UNAVAILABLE = { status: 401, code: 'login_unavailable' } as const

/** A link begins no login if the provider returns no `state`: any website could make a browser follow it. */
const postOnly = () =>
  failure(405, 'method_not_allowed', { expected: 'a POST; then go to "location" of its answer' }, [], {
    allow: 'POST',
  })

/** Whether a browser, or a router of the page, only prefetches. */
const isPrefetch = ({ headers }: Request): boolean =>
  ['sec-purpose', 'purpose', 'x-moz', 'next-router-prefetch', 'x-middleware-prefetch'].some((name) =>
    /prefetch|prerender|1/i.test(headers.get(name) ?? ''),
  )

const isPurpose = (value: unknown): value is Purpose => value === 'stepUp' || value === 'switchUser'

/** A page that shows another login than the present one begins no login over it, nor over a waiting one. */
async function otherLogin(context: ServerContext, request: Request): Promise<Response | undefined> {
  const isNamed = loginsNamedBy(request).some((named) => named !== NOBODY)
  const { sessions } = context
  const found = await (isNamed ? sessions.findFor(request) : sessions.find(request))
  const isKept = !isFound(found) && (found.isOther || found.isUnknownLogin)
  return isKept ? noSession(context, request, found) : undefined
}

/** Begins the session, and ends the browser's previous one. */
async function opened(
  context: ServerContext,
  request: Request,
  { via, grant, askedAt }: { readonly via: string; readonly grant: LoginGrant; readonly askedAt: number },
  more: readonly string[] = [],
): Promise<Response> {
  const { settings, sessions } = context
  const no = misfitOf(settings, via, grant)
  if (no) {
    sessions.refuse(via, grant)
    return refused(context, { request, via }, no, more)
  }
  const opening = await sessions.replace(request, via, grant, askedAt)
  if (!opening) return refused(context, { request, via }, ENDED_BY_PROVIDER, more)
  const { found, cookies } = opening
  return json(200, factsOf(found, settings, settings.clock.wall()), [...(await cookies()), ...more])
}
