import type { UserIdentity } from '../../machines/session.types.ts'
import { LoginRefused, Misconfigured } from '../base/errors.ts'
import type { LoginAnswer } from '../session/login.ts'
import type { About } from './audit.ts'
import type { ServerContext } from './context.ts'
import { isFound } from './foundSession.ts'
import { type OpenServerSession, openSessionOf } from './getSession.ts'
import { ENDED_BY_PROVIDER, loginRefused, misfitOf } from './loginAnswers.ts'
import { requireSessionRequest } from './requireSessionRequest.ts'
import type { LoginGrant, LoginRefusal } from './serverLogin.ts'
import type { SessionRequest } from './sessionRequest.ts'

/** The browser that gets a session, and the login of the session. */
export interface OpenOptions extends Omit<LoginGrant, 'answer' | 'strategy'> {
  /** The request of the browser that logs in. Its previous session ends. */
  readonly request: SessionRequest
  /** The name of the login in the option `logins`. */
  readonly via: string
  /** Which of the login's strategies renews the session. @default the only one */
  readonly strategy?: string
}

/** `open` of a server. */
export function createOpen(context: ServerContext) {
  const { settings, logins, sessions, draining } = context

  function refused(why: LoginRefusal, about: About): never {
    settings.observe(loginRefused(why.status, why), about)
    throw new LoginRefused(why.code, why.status)
  }

  async function refusalOf(
    request: SessionRequest,
    via: string,
    grant: LoginGrant,
  ): Promise<LoginRefusal | undefined> {
    if (draining.aborted) return { status: 503, code: 'draining' }
    const previous = await sessions.find(request)
    const isWaiting = !isFound(previous) && previous.isUnknownLogin
    return isWaiting ? { status: 503, code: 'login_unknown' } : misfitOf(settings, via, grant)
  }

  return async (
    answer: LoginAnswer,
    { request, via, strategy, ...rest }: OpenOptions,
  ): Promise<OpenServerSession<UserIdentity>> => {
    requireSessionRequest(request, 'open')
    const names = Object.keys(logins.get(via)?.strategies ?? {})
    const chosen = strategy ?? (names.length === 1 ? names[0] : undefined)
    if (chosen === undefined || !names.includes(chosen))
      throw new Misconfigured(
        names.length === 0
          ? `\`via\` of open must be one of the logins: ${logins.all.map(([name]) => name).join(', ')}.`
          : `\`strategy\` of open must be one of those of "${via}": ${names.join(', ')}.`,
      )
    const grant: LoginGrant = { ...rest, answer, strategy: chosen }
    const refusal = await refusalOf(request, via, grant).catch((error) => {
      sessions.refuse(via, grant)
      throw error
    })
    if (refusal) {
      sessions.refuse(via, grant)
      return refused(refusal, { request, via })
    }
    const opening = await sessions.replace(request, via, grant)
    if (!opening) return refused(ENDED_BY_PROVIDER, { request, via })
    return openSessionOf(context, opening.found, opening.cookies)
  }
}
