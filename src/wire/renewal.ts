import type { RefreshOutcome } from '../strategies/strategy.ts'
import { parseHttpDate } from './headers.ts'
import type { WireAnswer } from './request.ts'
import { answerSchema, toUser } from './schemas.ts'

/**
 * The outcome of a refresh answer that came with 200, both LibreChat routes. Tokens and hints of the bearer's
 * life go on as they came: the session judges them. An empty refresh token is none. `cookie`: where the route
 * answers with the refresh token in a cookie, what that held.
 */
export function renewalOf(
  body: unknown,
  answer: WireAnswer,
  cookie?: { refreshToken?: string | undefined },
): RefreshOutcome {
  const parsed = answerSchema.safeParse(body)
  const { token, user: document, expiresAt, expires_in: expiresIn, twoFASetupRequired } = parsed.data ?? {}
  const refreshToken = cookie ? cookie.refreshToken : parsed.data?.refreshToken
  // LibreChat answers so where an administrator has made a second factor compulsory.
  if (token == null && twoFASetupRequired === true) return { kind: 'rejected', reason: 'stepUpRequired' }
  if (!parsed.success || (token == null && !refreshToken)) {
    return { kind: 'unknown', cause: 'schema', answered: false, warnings: ['schema'] }
  }
  const user = toUser(document)
  const serverNow = parseHttpDate(answer.headers.get('date'))
  return {
    kind: 'ok',
    ...(token != null && { bearer: token }),
    ...(refreshToken && { refreshToken }),
    ...(user && { user }),
    life: {
      expiresAt,
      expiresIn,
      ...(serverNow && { serverNow }),
    },
  }
}
