import { documentOf } from '../base/readUser.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import { parseHttpDate } from '../wire/headers.ts'
import { secondsOf } from '../wire/seconds.ts'
import type { WireAnswer } from '../wire/wireAnswer.ts'

/**
 * The outcome of a refresh answer that came with 200, from both LibreChat routes. The old refresh token was spent for the
 * answer, so whatever can be used of it is: a token of the wrong type counts as none. Tokens and hints of the bearer's life
 * go on as they came: the session judges them. An empty refresh token is none. `cookie`: where the route answers with the
 * refresh token in a cookie, what the cookie held. `refreshAnswerSchema` publishes the same form.
 */
export function renewalOf(
  body: unknown,
  answer: WireAnswer,
  cookie?: { refreshToken?: string | undefined },
): RefreshOutcome {
  const said = isObject(body) ? body : {}
  const bearer = textOf(said.token)
  const refreshToken = cookie ? cookie.refreshToken : textOf(said.refreshToken) || undefined
  // LibreChat answers so where an administrator has made a second factor compulsory.
  const isReadableUser = isReadable(said.user)
  if (isReadableUser && said.token == null && said.twoFASetupRequired === true)
    return { kind: 'rejected', reason: 'stepUpRequired' }
  // Without a user that can be read nobody knows whose tokens these are.
  if (!isObject(body) || !isReadableUser || (bearer === undefined && !refreshToken))
    return { kind: 'unknown', cause: 'schema', answered: false, warnings: ['schema'] }
  const isOdd = [said.token, said.refreshToken].some((token) => token != null && textOf(token) === undefined)
  const user = documentOf(said.user)
  const serverNow = parseHttpDate(answer.headers.get('date'))
  return {
    kind: 'ok',
    ...(bearer !== undefined && { bearer }),
    ...(refreshToken && { refreshToken }),
    ...(user && { user }),
    life: {
      expiresAt: said.expiresAt,
      expiresIn: secondsOf(said.expires_in),
      ...(serverNow && { serverNow }),
    },
    ...(isOdd && { warnings: ['schema'] }),
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

/** No user, or a document whose ids are texts. */
const isReadable = (user: unknown): boolean =>
  user == null || (isObject(user) && [user.id, user._id].every((id) => id == null || typeof id === 'string'))
