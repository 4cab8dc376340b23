import { readUser } from '../base/readUser.ts'
import { failure, redirect } from './answers.ts'
import type { Attempts } from './attempts.ts'
import type { Endpoint } from './context.ts'
import { nameOf } from './entries.ts'
import { type Found, isFound, type Missing } from './foundSession.ts'
import { isWindow } from './isWindow.ts'
import { ENDED_BY_PROVIDER, loginRefused, misfitOf } from './loginAnswers.ts'
import { noted } from './loginNotes.ts'
import { loginRequest } from './loginRequest.ts'
import type { LoginRefusal, LoginRequest, LoginStep, RunningLogin } from './serverLogin.ts'

/**
 * `GET` of a login's callback: makes a session of the provider's answer. Without the browser's own attempt no code is
 * exchanged, because the code may be another user's.
 *
 * A present session stays, unless an attempt was begun to replace it. If the same user returns, the browser goes home.
 * The grant of another user is refused, revoked and reported.
 */
export function loginCallback(name: string, login: RunningLogin): Endpoint {
  return async (context, request, info) => {
    const { settings, sessions } = context
    // A provider sends a window here. A frame, a script or an image never returns from a provider.
    if (!isWindow(request))
      return failure(403, 'csrf', {
        expected: 'a navigation of a window (Sec-Fetch-Dest: document)',
        came: 'another Sec-Fetch-Dest',
      })
    const keeper = context.attemptsOf(name)
    const { attempts, foreign } = await keeper.read(request)
    const here = await sessions.find(request)
    const fail = (why: LoginRefusal, session = {}, cookies: readonly string[] = []) => {
      settings.observe({ ...loginRefused(302, why), ...session }, { request, via: name })
      return redirect(`${settings.paths.login}?error=${encodeURIComponent(why.code)}`, cookies)
    }
    const isMeant = attempts?.list.some(
      ({ replaces }) => isFound(here) && replaces?.login === here.record.login,
    )
    /** A user who is logged in and asked for nothing more has lost nothing. */
    const failOrHome = (why: LoginRefusal, cookies: readonly string[] = []) =>
      isFound(here) && !isMeant
        ? redirect(settings.publicUrl.pathname, [...foreign, ...cookies])
        : fail(why, {}, [...foreign, ...cookies])
    // It is unknown which session would be replaced.
    if (!isFound(here) && here.isUnknownLogin) return fail({ status: 503, code: 'login_unknown' })
    if (!isFound(here) && here.isAmbiguous)
      return fail({ status: 401, code: 'duplicate_cookie' }, {}, sessions.sessionCookie.clearForeign(request))
    const spent = login.bindsCallback && attempts ? await keeper.done(attempts) : []
    if (login.bindsCallback && !(attempts && (await keeper.take(attempts))))
      return failOrHome({ status: 401, code: 'login_not_started' }, spent)
    const askedAt = settings.clock.wall()
    const step = noted(
      context.logins,
      name,
      await stepOf(login, loginRequest(context, request, info), attempts),
    )
    if (!step || 'next' in step) return failOrHome({ status: 401, code: 'login_not_started' }, spent)
    if ('refused' in step) {
      if (step.granted) sessions.refuse(name, step.granted)
      return failOrHome(step.refused, spent)
    }
    const granted = step.done
    if (!attempts) {
      sessions.refuse(name, granted)
      throw new Error(`The login "${name}" has granted something to nobody.`)
    }
    const misfit = misfitOf(settings, name, granted)
    if (misfit) {
      sessions.refuse(name, granted)
      return failOrHome(misfit, spent)
    }
    const verdict = judge(here, attempts, name, readUser(granted.answer.user)?.id)
    if (verdict === 'replace') {
      const opening = await sessions.replace(request, name, granted, askedAt)
      if (!opening) return fail(ENDED_BY_PROVIDER, {}, spent)
      const { cookies } = opening
      return redirect(keeper.wayBack(attempts), [...(await cookies()), ...(await keeper.done(attempts))])
    }
    sessions.refuse(name, granted, verdict === 'keep' ? 'replaced' : 'late')
    if (verdict === 'keep') return redirect(keeper.wayBack(attempts), await keeper.done(attempts))
    return fail({ status: 401, code: 'other_user' }, isFound(here) && { session: nameOf(here.key) }, spent)
  }
}

/** The result of a login's callback. A window gets a page, whatever the login throws. */
async function stepOf(
  login: RunningLogin,
  asked: LoginRequest,
  attempts: Attempts | undefined,
): Promise<LoginStep | undefined> {
  try {
    return await login.callback?.(asked, attempts?.keep)
  } catch (error) {
    console.error(error)
    return { refused: { status: 503, code: 'unavailable' } }
  }
}

/** What a grant of the login `via` for `userId` does to the present session. */
function judge(
  here: Found | Missing,
  { list }: Attempts,
  via: string,
  userId: string | undefined,
): 'replace' | 'keep' | 'refuse' {
  if (!isFound(here)) return 'replace'
  // Two providers may give the same id to different people.
  const isSame = here.record.via[0] === via && here.session.user.id === userId
  const isMeant = list.some(
    ({ replaces }) => replaces?.login === here.record.login && (isSame || replaces.purpose === 'switchUser'),
  )
  return isMeant ? 'replace' : isSame ? 'keep' : 'refuse'
}
