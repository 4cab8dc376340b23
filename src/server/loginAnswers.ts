import { Misconfigured, type SessionError } from '../base/errors.ts'
import { admits } from './admits.ts'
import { failure, json } from './answers.ts'
import type { About } from './audit.ts'
import type { ServerContext } from './context.ts'
import type { LoginGrant, LoginRefusal } from './serverLogin.ts'

/** The provider ended the login before it became a session. */
export const ENDED_BY_PROVIDER: LoginRefusal = { status: 401, code: 'ended_by_provider' }

/**
 * The refusal of a login whose user may not in, does not match the schema of the option `user`, or whose schema cannot
 * work.
 */
export function misfitOf(
  settings: ServerContext['settings'],
  via: string,
  { answer }: LoginGrant,
): LoginRefusal | undefined {
  const { users } = settings
  const document = users.keep(answer.user)
  try {
    if (document) users.read(document)
    const isIn = !document || admits(settings, via, document)
    return isIn ? undefined : { status: 403, code: 'not_admitted' }
  } catch (error) {
    const isOurs = error instanceof Misconfigured
    const refusal = isOurs ? { status: 503, code: 'misconfigured' } : { status: 502, code: 'user_misfit' }
    return { ...refusal, backendStatus: 200, problem: (error as SessionError).message }
  }
}

/** Reports a failed login, and answers its page. */
export function refused(
  { settings }: ServerContext,
  about: About,
  { status, code, retryAfterMs: waitMs, backendStatus, came, expected, problem }: LoginRefusal,
  cookies: readonly string[] = [],
): Response {
  settings.observe(loginRefused(status, { code, backendStatus, came, problem }), about)
  if (status === 429) {
    const seconds = waitMs === undefined ? {} : { 'retry-after': String(Math.ceil(waitMs / 1000)) }
    return json(status, { error: code }, cookies, seconds)
  }
  return failure(status, code, came === undefined ? {} : { expected, came }, cookies)
}

/** The notice of a failed login. */
export const loginRefused = (
  status: number,
  {
    code,
    backendStatus,
    came,
    problem,
  }: Pick<LoginRefusal, 'code'> & {
    backendStatus?: number | undefined
    came?: string | undefined
    problem?: string | undefined
  },
) =>
  ({
    type: 'loginRefused',
    status,
    code,
    ...(backendStatus !== undefined && { backendStatus }),
    ...(came !== undefined && { came }),
    ...(problem !== undefined && { problem }),
  }) as const
