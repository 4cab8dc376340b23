import { Misconfigured, type SessionError } from '../base/errors.ts'
import { retryAfterMs } from '../wire/headers.ts'
import type { WireAnswer } from '../wire/wireAnswer.ts'
import { failure, json } from './answers.ts'
import { type BackendCall, callBackend } from './backend.ts'
import type { ServerContext } from './context.ts'
import { cameAs, EXPECTED, isGrant, type LoginRefusal } from './loginWords.ts'
import type { RequestInfo } from './options.ts'
import type { Grant } from './sessionOpening.ts'

/** A login that came to nothing: what the page is told, and what the notice says besides. */
export interface NoLogin extends LoginRefusal {
  readonly retryAfterMs?: number | undefined
  /** Absent: the backend was not asked, or did not answer. */
  readonly backendStatus?: number
  /** What came in place of LibreChat's answer. */
  readonly came?: string
  /** What to mend, for whoever runs the server. */
  readonly problem?: string
}

/** What the backend says to a login: LibreChat's answer, a yes or a step between, or why there is none. */
export type LoginResult =
  | {
      readonly kind: 'answer'
      readonly answer: WireAnswer
      readonly said: Record<string, unknown>
    }
  | { readonly kind: 'none'; readonly why: NoLogin; readonly answer?: WireAnswer }

export const UNAVAILABLE: NoLogin = { status: 503, code: 'backend_unavailable' }

/** Somebody else's answer, in LibreChat's place. */
export const unrecognized = (answer: WireAnswer): NoLogin => ({
  status: 502,
  code: 'backend_unrecognized',
  backendStatus: answer.status,
  came: cameAs(answer),
})

export interface LoginCall extends BackendCall {
  /** Whether the backend's limiter counts the route. */
  readonly isLimited: boolean
  /** What a no means; `undefined`: it is not LibreChat's. */
  readonly refusal: (
    answer: WireAnswer,
    said: Record<string, unknown> | undefined,
  ) => LoginRefusal | undefined
  /** Whether an answer without a session is LibreChat's all the same. */
  readonly isStep?: (said: Record<string, unknown>) => boolean
}

/** One call to a login route of the backend, for whoever asks: within the logins' part of its limiter, and judged. */
export async function callLogin(
  context: ServerContext,
  request: Request,
  info: RequestInfo,
  { isLimited, refusal, isStep, ...call }: LoginCall,
): Promise<LoginResult> {
  const { settings, limiter } = context
  const address = forwarded(context, request, info)
  const turn = isLimited && !address ? await limiter?.login() : undefined
  if (typeof turn === 'number')
    return { kind: 'none', why: { status: 429, code: 'rate_limited', retryAfterMs: turn } }
  const result = await callBackend(settings, { ...call, headers: { ...call.headers, ...address } })
  if (result.kind === 'unavailable') {
    turn?.unanswered()
    return { kind: 'none', why: UNAVAILABLE }
  }
  const { answer, json: said } = result
  if (answer.status === 200 && isGrant(said)) {
    turn?.succeeded(answer.headers)
    // The password of a second factor was counted before.
    if (!turn && !address) limiter?.passed()
    return { kind: 'answer', answer, said }
  }
  if (answer.status === 200 && said && isStep?.(said)) {
    turn?.answered(200, answer.headers)
    return { kind: 'answer', answer, said }
  }
  const no = answer.status === 200 ? undefined : refusal(answer, said)
  if (no && answer.status < 500) turn?.answered(answer.status, answer.headers)
  else turn?.unanswered()
  const why = no
    ? { ...no, backendStatus: answer.status, retryAfterMs: retryAfterMs(answer.headers) }
    : unrecognized(answer)
  return { kind: 'none', why, answer }
}

/** What a login comes to whose user misfits the schema of the option `user`, or whose schema cannot work. */
export function misfitOf({ users }: ServerContext['settings'], { answer }: Grant): NoLogin | undefined {
  const document = users.keep(answer.user)
  try {
    if (document) users.read(document)
    return undefined
  } catch (error) {
    const isOurs = error instanceof Misconfigured
    const refusal = isOurs ? { status: 503, code: 'misconfigured' } : { status: 502, code: 'user_misfit' }
    return { ...refusal, backendStatus: 200, problem: (error as SessionError).message }
  }
}

/** Tells of a login that came to nothing, and answers its page. */
export function refused(
  { settings }: ServerContext,
  { status, code, retryAfterMs: waitMs, backendStatus, came, problem }: NoLogin,
  cookies: readonly string[] = [],
): Response {
  settings.observe(loginRefused(status, { code, backendStatus, came, problem }))
  if (status === 429) {
    const seconds = waitMs === undefined ? {} : { 'retry-after': String(Math.ceil(waitMs / 1000)) }
    return json(status, { error: code }, cookies, seconds)
  }
  return failure(status, code, came === undefined ? {} : { expected: EXPECTED, came }, cookies)
}

/** The notice of a login that came to nothing. */
export const loginRefused = (
  status: number,
  {
    code,
    backendStatus,
    came,
    problem,
  }: Pick<NoLogin, 'code'> & {
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

/** The header that tells the backend whose call it is, if it is to know. */
export function forwarded({ settings }: ServerContext, request: Request, info: RequestInfo) {
  const ip = settings.forwardClientIp(request, info)
  return ip ? { 'x-forwarded-for': ip } : undefined
}
