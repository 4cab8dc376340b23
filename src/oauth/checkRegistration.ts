import {
  generateRandomCodeVerifier,
  generateRandomNonce,
  generateRandomState,
  pushedAuthorizationRequest,
} from 'oauth4webapi'
import { type Finding, findingsOf } from '../base/finding.ts'
import { parseJson } from '../base/json.ts'
import { authorizationRequest } from './authorizationRequest.ts'
import type { Discovery } from './discovery.ts'
import type { Line } from './line.ts'
import type { OauthProviderOptions } from './oauthProviderOptions.ts'
import { whatToCompare } from './whatToCompare.ts'

const MAX_SAID = 160

/**
 * Whether the provider accepts a login of this client. It sends a pushed request (RFC 9126), and no login follows; the
 * provider forgets the request after a minute. A provider without pushed requests cannot be asked before a user logs in.
 */
export async function checkRegistration(
  options: OauthProviderOptions,
  discovery: Discovery,
  line: Line,
  name: string,
): Promise<readonly Finding[]> {
  const { discover, call, client, clientAuth } = discovery
  const { provider } = await discover(line)
  if (provider?.pushed_authorization_request_endpoint === undefined) return []
  const attempt = {
    state: generateRandomState(),
    nonce: generateRandomNonce(),
    verifier: generateRandomCodeVerifier(),
  }
  const parameters = await authorizationRequest(options, {}, attempt)
  const { result } = await call(line, (through) =>
    pushedAuthorizationRequest(provider, client, clientAuth, parameters, through),
  )
  if (result?.kind !== 'answer') return []
  const { ok, wrong } = findingsOf('callback')
  const where = `with the callback ${options.redirectUri}`
  if (result.status === 201)
    return [ok(`The provider of the login "${name}" takes a login of this client, ${where}.`)]
  const said = (parseJson(result.text)?.value ?? {}) as Readonly<Record<string, unknown>>
  const error = String(said.error)
  const compare = whatToCompare(error)
  if (!compare) return []
  const words = typeof said.error_description === 'string' ? `: ${printable(said.error_description)}` : ''
  return [
    wrong(
      `The provider of the login "${name}" refuses a login of this client, ${where} (${error}${words}). Compare ${compare}.`,
    ),
  ]
}

const printable = (text: string) => text.replace(/[^\x20-\x7e]/g, '').slice(0, MAX_SAID)
