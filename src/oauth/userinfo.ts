import {
  type AuthorizationServer,
  type IDToken,
  processUserInfoResponse,
  userInfoRequest,
} from 'oauth4webapi'
import { LoginFailed } from '../base/errors.ts'
import { parseJson } from '../base/json.ts'
import type { Discovery } from './discovery.ts'
import { type Line, wireCall } from './wireCall.ts'

/**
 * The user's claims beyond the ID token (OpenID Connect Core section 5.3). Their `sub` must be the same; `undefined`:
 * nobody answers.
 */
export async function userinfoOf(
  { through, client }: Discovery,
  provider: AuthorizationServer,
  claims: IDToken,
  token: string,
  line: Line,
): Promise<IDToken | undefined> {
  const call = wireCall(line)
  try {
    const response = await userInfoRequest(provider, client, token, through(call))
    return { ...claims, ...(await processUserInfoResponse(provider, client, claims.sub, response)) }
  } catch {
    const result = call.result()
    const isAnswer = result?.kind === 'answer' && result.status === 200 && parseJson(result.text)
    if (isAnswer) throw new LoginFailed('invalid_answer')
    return undefined
  }
}
