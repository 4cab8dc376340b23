import type { LoginRefusal } from '../../server/serverLogin.ts'
import { isWhole } from '../../wire/outcome.ts'
import { retryAfterMs } from '../../wire/retryAfter.ts'
import type { WireAnswer } from '../../wire/wireAnswer.ts'
import { type BackendCall, callBackend } from './backend.ts'
import type { LibrechatLine } from './line.ts'
import { cameAs, EXPECTED, isGrant } from './loginWords.ts'

/** The backend's answer to a login: LibreChat's success or next step, or why there is none. */
export type LoginResult =
  | {
      readonly kind: 'answer'
      readonly answer: WireAnswer
      readonly said: Record<string, unknown>
    }
  | { readonly kind: 'none'; readonly why: LoginRefusal; readonly answer?: WireAnswer }

export const UNAVAILABLE: LoginRefusal = { status: 503, code: 'backend_unavailable' }

/** An answer of a gateway in LibreChat's place. */
export const unrecognized = (answer: WireAnswer): LoginRefusal => ({
  status: 502,
  code: 'backend_unrecognized',
  backendStatus: answer.status,
  came: cameAs(answer),
  expected: EXPECTED,
})

export interface LoginCall extends BackendCall {
  /** Whether the backend's limiter counts the route. */
  readonly isLimited: boolean
  /** The meaning of a refusal; `undefined`: it is not LibreChat's. */
  readonly refusal: (
    answer: WireAnswer,
    said: Record<string, unknown> | undefined,
  ) => LoginRefusal | undefined
  /** Whether an answer without a session is LibreChat's all the same. */
  readonly isStep?: (said: Record<string, unknown>) => boolean
}

/**
 * One call to a login route of the backend, for the client at `clientIp` if it is sent. It stays within the logins'
 * part of the limiter, and the answer is judged.
 */
export async function callLogin(
  line: LibrechatLine,
  clientIp: string | undefined,
  { isLimited, refusal, isStep, ...call }: LoginCall,
): Promise<LoginResult> {
  const { limiter } = line
  const address = clientIp ? { 'x-forwarded-for': clientIp } : undefined
  const turn = isLimited && !address ? await limiter?.login() : undefined
  if (typeof turn === 'number')
    return { kind: 'none', why: { status: 429, code: 'rate_limited', retryAfterMs: turn } }
  const result = await callBackend(line, { ...call, headers: { ...call.headers, ...address } })
  if (result.kind === 'unavailable') {
    turn?.unanswered()
    return { kind: 'none', why: UNAVAILABLE }
  }
  const { answer, json: said } = result
  if (isWhole(answer.status) && isGrant(said)) {
    turn?.succeeded(answer.headers)
    // The password of this second factor was counted before.
    if (!turn && !address) limiter?.passed()
    return { kind: 'answer', answer, said }
  }
  if (isWhole(answer.status) && said && isStep?.(said)) {
    turn?.answered(200, answer.headers)
    return { kind: 'answer', answer, said }
  }
  const no = isWhole(answer.status) ? undefined : refusal(answer, said)
  if (no && answer.status < 500) turn?.answered(answer.status, answer.headers)
  else turn?.unanswered()
  const why = no
    ? { ...no, backendStatus: answer.status, retryAfterMs: retryAfterMs(answer.headers) }
    : unrecognized(answer)
  return { kind: 'none', why, answer }
}
