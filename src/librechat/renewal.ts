import type { RefreshOutcome } from '../session/strategy.ts'
import { parseHttpDate } from '../wire/headers.ts'
import type { WireAnswer } from '../wire/request.ts'
import { secondsOf } from '../wire/seconds.ts'
import { answerSchema, toUser } from './schemas.ts'

/**
 * The outcome of a refresh answer that came with 200, both LibreChat routes. The old refresh token was spent for it, so
 * whatever can be used of it is: a token of the wrong type counts as none. Tokens and hints of the bearer's life go on
 * as they came: the session judges them. An empty refresh token is none. `cookie`: where the route answers with the
 * refresh token in a cookie, what that held.
 */
export function renewalOf(
  body: unknown,
  answer: WireAnswer,
  cookie?: { refreshToken?: string | undefined },
): RefreshOutcome {
  const { data, success } = answerSchema.safeParse(body)
  const bearer = textOf(data?.token)
  const refreshToken = cookie ? cookie.refreshToken : textOf(data?.refreshToken) || undefined
  // LibreChat answers so where an administrator has made a second factor compulsory.
  if (data?.token == null && data?.twoFASetupRequired === true)
    return { kind: 'rejected', reason: 'stepUpRequired' }
  // Without a user that can be read nobody knows whose tokens these are.
  if (!success || (bearer === undefined && !refreshToken)) {
    return { kind: 'unknown', cause: 'schema', answered: false, warnings: ['schema'] }
  }
  const isOdd = [data.token, data.refreshToken].some((token) => token != null && textOf(token) === undefined)
  const user = toUser(data.user)
  const serverNow = parseHttpDate(answer.headers.get('date'))
  return {
    kind: 'ok',
    ...(bearer !== undefined && { bearer }),
    ...(refreshToken && { refreshToken }),
    ...(user && { user }),
    life: {
      expiresAt: data.expiresAt,
      expiresIn: secondsOf(data.expires_in),
      ...(serverNow && { serverNow }),
    },
    ...(isOdd && { warnings: ['schema'] }),
  }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)
