import {
  type AuthorizationServer,
  type IDToken,
  processUserInfoResponse,
  userInfoRequest,
} from 'oauth4webapi'
import { LoginFailed } from '../base/errors.ts'
import { parseJson } from '../base/json.ts'
import type { Discovery } from './discovery.ts'
import type { Line } from './line.ts'

/** Asks a provider for claims of a user. */
export type Userinfo = (
  discovery: Discovery,
  provider: AuthorizationServer,
  claims: IDToken,
  token: string,
  line: Line,
) => Promise<IDToken | undefined>

/**
 * The value of the option `userinfo`: asks the provider's userinfo endpoint for the claims that an ID token lacks (OpenID Connect
 * Core section 5.3).
 *
 * @example
 * const keycloak = oauthProvider({
 *   server: 'https://id.example.com/realms/staff',
 *   clientId: 'panel',
 *   redirectUri: 'https://panel.example.com/callback',
 *   userinfo,
 * })
 */
export const userinfo: Userinfo = async ({ call, client }, provider, claims, token, line) => {
  const { made, result } = await call(line, async (through) =>
    // Its `sub` must be the same.
    processUserInfoResponse(
      provider,
      client,
      claims.sub,
      await userInfoRequest(provider, client, token, through),
    ),
  )
  if (made) return { ...claims, ...made }
  const isAnswer = result?.kind === 'answer' && result.status === 200 && parseJson(result.text)
  if (isAnswer) throw new LoginFailed('invalid_answer')
  // If nobody answers, the ID token must suffice.
  return undefined
}
