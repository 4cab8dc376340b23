import { calculatePKCECodeChallenge } from 'oauth4webapi'
import type { AuthorizationInput } from './codeGrant.ts'
import type { OauthProviderOptions } from './oauthProviderOptions.ts'

/** The parameters of an authorization request (RFC 6749 section 4.1.1, RFC 7636, OpenID Connect Core section 3.1.2.1). */
export async function authorizationRequest(
  { clientId, redirectUri, scope = 'openid', parameters: always = {} }: OauthProviderOptions,
  { prompt, loginHint, maxAge, acrValues, uiLocales, parameters }: AuthorizationInput,
  { state, nonce, verifier }: { readonly state: string; readonly nonce: string; readonly verifier: string },
): Promise<URLSearchParams> {
  return new URLSearchParams({
    ...always,
    ...parameters,
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope,
    state,
    nonce,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(prompt !== undefined && { prompt: promptOf(always.prompt, prompt) }),
    ...(loginHint !== undefined && { login_hint: loginHint }),
    ...(maxAge !== undefined && { max_age: String(maxAge) }),
    ...(acrValues && { acr_values: acrValues.join(' ') }),
    ...(uiLocales && { ui_locales: uiLocales.join(' ') }),
  })
}

/** `none` stands alone (OpenID Connect Core section 3.1.2.1). */
function promptOf(always: string | undefined, asked: string): string {
  if (asked === 'none' || always === undefined) return asked
  return [...new Set(`${always} ${asked}`.split(' '))].join(' ')
}
