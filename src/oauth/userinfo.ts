import { type AuthorizationServer, type IDToken, processUserInfoResponse } from 'oauth4webapi'
import { LoginFailed } from '../base/errors.ts'
import { parseJson } from '../base/json.ts'
import { request } from '../wire/request.ts'
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
export const userinfo: Userinfo = async (
  { client, callable },
  provider,
  claims,
  token,
  { signal, fetch },
) => {
  const { userinfo_endpoint: endpoint } = provider
  // The ID token must suffice.
  if (endpoint === undefined) return undefined
  const result = await request({
    url: callable('userinfo_endpoint', endpoint).href,
    method: 'GET',
    headers: { accept: 'application/json, application/jwt', authorization: `Bearer ${token}` },
    signal,
    fetch,
  })
  if (result.kind !== 'answer' || result.status !== 200) return undefined
  const { text, headers } = result
  const isAnswer = parseJson(text) !== undefined
  const type = isAnswer ? 'application/json' : (headers.get('content-type') ?? '')
  try {
    // Its `sub` must be the same.
    const response = new Response(text, { headers: { 'content-type': type } })
    return { ...claims, ...(await processUserInfoResponse(provider, client, claims.sub, response)) }
  } catch {
    if (isAnswer) throw new LoginFailed('invalid_answer')
    return undefined
  }
}
