import { documentOf } from '../base/readUser.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import { expiresInOf } from '../wire/expiresIn.ts'
import { parseHttpDate } from '../wire/httpDate.ts'
import type { WireAnswer } from '../wire/wireAnswer.ts'

/**
 * The outcome of a refresh answer with 200, from both LibreChat routes. The answer has spent the old refresh token, so
 * everything usable in it is used; a token of the wrong type counts as none. Tokens and hints of the bearer's life stay
 * as they came, because the session judges them. An empty refresh token is none. `cookie`: the contents of the refresh
 * cookie, if the route answers with one. `refreshAnswerSchema` publishes the same form.
 */
export function renewalOf(
  body: unknown,
  answer: WireAnswer,
  cookie?: { refreshToken?: string | undefined },
): RefreshOutcome {
  const said = isObject(body) ? body : {}
  const bearer = textOf(said.token)
  const refreshToken = cookie ? cookie.refreshToken : textOf(said.refreshToken) || undefined
  // LibreChat answers so if an administrator has made a second factor compulsory.
  const isReadableUser = isReadable(said.user)
  if (isReadableUser && said.token == null && said.twoFASetupRequired === true)
    return { kind: 'rejected', reason: 'stepUpRequired' }
  // Without a readable user nobody knows whose tokens these are.
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
      expiresIn: expiresInOf(said.expires_in),
      ...(serverNow && { serverNow }),
    },
    ...(isOdd && { warnings: ['schema'] }),
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

/** There is no user, or a document whose ids are texts. */
const isReadable = (user: unknown): boolean =>
  user == null || (isObject(user) && [user.id, user._id].every((id) => id == null || typeof id === 'string'))
