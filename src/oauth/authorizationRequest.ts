import { calculatePKCECodeChallenge } from 'oauth4webapi'
import type { OauthProviderOptions } from './oauthProviderOptions.ts'

/** What a login may ask of the provider (OpenID Connect Core section 3.1.2.1). */
export interface AuthorizationInput {
  /** `login`: the user signs in anew; `select_account`, `consent`, `none`, `create`. */
  readonly prompt?: string
  /** Who is expected: an address or a name. */
  readonly loginHint?: string
  /** How long before this login the user may have signed in; seconds. It is looked at when the user comes back. */
  readonly maxAge?: number
  /** How the user is to have signed in, the best first; one of them has to hold. */
  readonly acrValues?: readonly string[]
  /** The languages of the provider's pages, the best first. */
  readonly uiLocales?: readonly string[]
  /** Parameters of the provider's own, such as `audience`. They replace none of the protocol's. */
  readonly parameters?: Readonly<Record<string, string>>
}

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
