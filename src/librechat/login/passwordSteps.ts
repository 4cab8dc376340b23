import * as z from 'zod/mini'
import { readUser } from '../../base/readUser.ts'
import type {
  Json,
  LoginGrant,
  LoginRefusal,
  LoginRequest,
  LoginStep,
  RunningLogin,
} from '../../server/serverLogin.ts'
import { setCookieOf } from '../../wire/cookies.ts'
import { isJson } from '../../wire/mediaType.ts'
import type { WireAnswer } from '../../wire/wireAnswer.ts'
import { callBackend } from './backend.ts'
import type { LibrechatLine } from './line.ts'
import { callLogin, UNAVAILABLE, unrecognized } from './loginCall.ts'
import { isGrant, loginRefusal } from './loginWords.ts'

const textSchema = z.string().check(z.minLength(1))
const credentialsSchema = z.object({ email: textSchema, password: textSchema })

/** The name of a code at the backend is `token`. */
const secondFactorSchema = z.union([
  z.pipe(
    z.object({ code: z.string() }),
    z.transform(({ code }) => ({ token: code })),
  ),
  z.object({ backupCode: z.string() }),
])

type TenantOf = (request: Request) => string | undefined | Promise<string | undefined>

/** LibreChat's login with a password, and its second factor. */
export function passwordSteps(
  line: LibrechatLine,
  tenantOf: TenantOf,
): Required<Pick<RunningLogin, 'submit' | 'expected'>> {
  async function grantOf(
    request: Request,
    answer: WireAnswer,
    said: Record<string, unknown>,
  ): Promise<LoginGrant> {
    const refreshToken = setCookieOf(answer.headers, 'refreshToken').value ?? null
    return {
      answer: { ...said, refreshToken } as unknown as LoginGrant['answer'],
      strategy: 'librechat',
      tenantId: await tenantOf(request),
    }
  }

  /** A wrong password and an unknown user get the same answer, although the backend distinguishes them. */
  async function password({ request, clientIp }: LoginRequest, body: object): Promise<LoginStep> {
    const result = await callLogin(line, clientIp, {
      path: 'api/admin/login/local',
      body,
      isLimited: true,
      refusal: (answer, said) => loginRefusal(answer, said, 'invalid_credentials'),
      isStep: (said) => said.twoFASetupRequired === true || isPending(said),
    })
    if (result.kind === 'none') return { refused: result.why }
    const { answer, said } = result
    if (isGrant(said)) return { done: await grantOf(request, answer, said) }
    if (said.twoFASetupRequired === true || !isPending(said))
      return { refused: { status: 403, code: 'two_factor_enrolment_required', backendStatus: 200 } }
    return { next: 'twoFactor', keep: said.tempToken }
  }

  /**
   * The backend's second step does not check whether the user is an admin, so this does. Not every release of the
   * backend counts wrong codes, and the backend sees all users under one address. So the server counts them for each
   * login.
   */
  async function secondFactor(
    { request, clientIp }: LoginRequest,
    factor: object,
    tempToken: Json,
  ): Promise<LoginStep> {
    const result = await callLogin(line, clientIp, {
      path: 'api/auth/2fa/verify-temp',
      body: { tempToken, ...factor },
      // Without an Origin, like LibreChat's own panel: a guard of newer releases rejects a foreign one.
      isLimited: false,
      refusal: (answer, said) => loginRefusal(answer, said, 'invalid_code'),
    })
    if (result.kind === 'none') {
      const { answer, why } = result
      const isOver = why.code === 'invalid_code' && answer?.status === 401 && /expired/i.test(answer.text)
      return { refused: why, isJudged: answer !== undefined && isJudged(answer), isOver }
    }
    const granted = await grantOf(request, result.answer, result.said)
    const isAdmin = await adminOf(line, granted)
    return isAdmin === true ? { done: granted } : { refused: isAdmin, granted, isJudged: true }
  }

  return {
    async submit(request, input, pending) {
      if (!pending) {
        const { data } = credentialsSchema.safeParse(input)
        return data && password(request, data)
      }
      const { data } = secondFactorSchema.safeParse(input)
      return data && secondFactor(request, data, pending.keep)
    },
    expected: (next) =>
      next ? 'a JSON object with "code" or "backupCode"' : 'a JSON object with "email" and "password"',
  }
}

const isPending = (said: Record<string, unknown>): said is Record<string, unknown> & { tempToken: string } =>
  said.twoFAPending === true && typeof said.tempToken === 'string' && said.tempToken !== ''

/**
 * Whether the backend may have judged a second factor and refused it. This is wider than the known words, because an
 * uncounted try could be repeated. A page comes from a gateway.
 */
const isJudged = ({ status, headers }: WireAnswer) =>
  [400, 401, 403, 404, 422].includes(status) && isJson(headers)

/** Whether the user of a grant is an admin, as the backend's API says; else why this is unknown. */
async function adminOf(line: LibrechatLine, { answer }: LoginGrant): Promise<true | LoginRefusal> {
  const verified = await callBackend(line, {
    path: 'api/admin/verify',
    method: 'GET',
    headers: { authorization: `Bearer ${answer.token}` },
  })
  if (verified.kind === 'unavailable') return UNAVAILABLE
  const { answer: wire, json: said } = verified
  if (wire.status === 200 && isSameUser(said?.user, answer.user)) return true
  const no = wire.status === 200 ? undefined : loginRefusal(wire, said, 'forbidden')
  if (!no || no.code === 'email_not_verified') return unrecognized(wire)
  return { ...no, backendStatus: wire.status }
}

const isSameUser = (one: unknown, other: unknown) =>
  one !== undefined && readUser(one)?.id === readUser(other)?.id
