import {
  type AuthorizationServer,
  authorizationCodeGrantRequest,
  calculatePKCECodeChallenge,
  generateRandomCodeVerifier,
  generateRandomNonce,
  generateRandomState,
  type IDToken,
  None,
  processPushedAuthorizationResponse,
  processUserInfoResponse,
  pushedAuthorizationRequest,
  userInfoRequest,
  validateAuthResponse,
} from 'oauth4webapi'
import type { UserDocument } from '../../machines/session.types.ts'
import { LoginFailed, Misconfigured } from '../base/errors.ts'
import { parseJson } from '../base/json.ts'
import type { WireResult } from '../wire/request.ts'
import type { Discovery } from './discovery.ts'
import { claimsOf, isHashOf, userOf } from './idToken.ts'
import { errorOf } from './oauthErrors.ts'
import type { OauthProviderOptions } from './oauthProviderOptions.ts'
import { tokenAnswerOf } from './tokenAnswer.ts'
import { type Line, wireCall } from './wireCall.ts'

/** What a login may ask of the provider (OpenID Connect Core section 3.1.2.1). */
export interface AuthorizationInput {
  /** `login`: the user signs in anew; `select_account`, `consent`, `none`, `create`. */
  readonly prompt?: string
  /** Who is expected: an address or a name. */
  readonly loginHint?: string
  /** The user has to have signed in within so many seconds. */
  readonly maxAge?: number
  /** How the user is to have signed in, the best first; one of them has to hold. */
  readonly acrValues?: readonly string[]
  /** The languages of the provider's pages, the best first. */
  readonly uiLocales?: readonly string[]
  /** Parameters of the provider's own, such as `audience`. They replace none of the protocol's. */
  readonly parameters?: Readonly<Record<string, string>>
}

/** What is kept of a login from its begin to its callback. */
export interface CodeAttempt {
  /** Names the attempt: the provider gives it back (RFC 6749 section 4.1.1). */
  readonly state: string
  /** Whose hash the provider was told: the code is worth nothing without it (RFC 7636). */
  readonly verifier: string
  /** Binds the ID token to the attempt (OpenID Connect Core section 3.1.2.1). */
  readonly nonce: string
  /** As it was asked for; seconds. */
  readonly maxAge?: number
  /** As they were asked for. */
  readonly acrValues?: readonly string[]
}

/** What a provider grants to a login. */
export interface ProviderGrant {
  /** The bearer. */
  readonly token: string
  /** Absent: the provider gave none, and the session ends with its bearer. */
  readonly refreshToken?: string
  /** How long the bearer lives from now on; seconds. */
  readonly expiresIn?: number
  /** Who has logged in. */
  readonly user: UserDocument
  /** All that the provider says of them. */
  readonly claims: IDToken
  /** What the provider's logout asks for. */
  readonly idToken: string
}

/** The authorization code flow with PKCE (RFC 6749 section 4.1, RFC 7636, OpenID Connect Core section 3.1). */
export interface CodeFlow {
  /** The provider's page for one login, and what its callback needs. */
  begin(input: AuthorizationInput, line: Line): Promise<{ location: URL; attempt: CodeAttempt }>
  /**
   * Exchanges the code of a callback. The code leaves once, whatever comes of it: a second use makes providers take
   * back what they gave for the first (RFC 6749 section 4.1.2).
   *
   * @throws LoginFailed
   */
  finish(attempt: CodeAttempt, parameters: URLSearchParams, line: Line): Promise<ProviderGrant>
  /**
   * The provider's page that ends the user's session there (OpenID Connect RP-Initiated Logout 1.0 section 2);
   * `undefined`: it has none. `idToken`: of the login, if it is known; without one providers ask the user once more. It is
   * in the address, as the protocol has it: a form would come without the provider's cookies, which are `SameSite=Lax`.
   */
  endSession(idToken: string | undefined, line: Line): Promise<URL | undefined>
}

export function createCodeFlow(
  options: OauthProviderOptions,
  { discover, through, client }: Discovery,
): CodeFlow {
  const { redirectUri, clientAuth = None(), scope = 'openid', user = userOf } = options

  async function found(line: Line): Promise<AuthorizationServer> {
    const { provider, ...rest } = await discover(line)
    if (provider) return provider
    const outcome = 'outcome' in rest ? rest.outcome : undefined
    if (outcome?.kind === 'refused' && outcome.cause === 'misconfigured')
      throw new Misconfigured(
        outcome.problem ?? 'oauthProvider: the metadata of the provider cannot be used.',
      )
    throw new LoginFailed('provider_unavailable')
  }

  /** A pushed request: what the provider says that the page's address is to carry (RFC 9126). */
  async function pushed(provider: AuthorizationServer, parameters: URLSearchParams, line: Line) {
    const call = wireCall(line)
    try {
      const response = await pushedAuthorizationRequest(
        provider,
        client,
        clientAuth,
        parameters,
        through(call),
      )
      const { request_uri } = await processPushedAuthorizationResponse(provider, client, response)
      return new URLSearchParams({ client_id: options.clientId, request_uri })
    } catch {
      throw failureOf(call.result())
    }
  }

  /** The claims of the user beyond the ID token's (OpenID Connect Core section 5.3), whose `sub` must be the same. */
  async function withUserinfo(provider: AuthorizationServer, claims: IDToken, token: string, line: Line) {
    const call = wireCall(line)
    try {
      const response = await userInfoRequest(provider, client, token, through(call))
      return { ...claims, ...(await processUserInfoResponse(provider, client, claims.sub, response)) }
    } catch {
      throw failureOf(call.result())
    }
  }

  return {
    async begin(input, line) {
      const provider = await found(line)
      if (!provider.authorization_endpoint)
        throw new Misconfigured(
          'oauthProvider: the metadata of the provider name no `authorization_endpoint`.',
        )
      const { prompt, loginHint, maxAge, acrValues, uiLocales, parameters: own } = input
      const attempt: CodeAttempt = {
        state: generateRandomState(),
        verifier: generateRandomCodeVerifier(),
        nonce: generateRandomNonce(),
        ...(maxAge !== undefined && { maxAge }),
        ...(acrValues && { acrValues }),
      }
      const asked = {
        ...own,
        client_id: options.clientId,
        redirect_uri: redirectUri,
        response_type: 'code',
        scope,
        state: attempt.state,
        nonce: attempt.nonce,
        code_challenge: await calculatePKCECodeChallenge(attempt.verifier),
        code_challenge_method: 'S256',
        ...(prompt !== undefined && { prompt }),
        ...(loginHint !== undefined && { login_hint: loginHint }),
        ...(maxAge !== undefined && { max_age: String(maxAge) }),
        ...(acrValues && { acr_values: acrValues.join(' ') }),
        ...(uiLocales && { ui_locales: uiLocales.join(' ') }),
      }
      const parameters = new URLSearchParams(asked)
      const isPushed = provider.pushed_authorization_request_endpoint !== undefined
      const location = new URL(provider.authorization_endpoint)
      for (const [name, value] of isPushed ? await pushed(provider, parameters, line) : parameters)
        location.searchParams.set(name, value)
      return { location, attempt }
    },

    async finish(attempt, parameters, line) {
      const provider = await found(line)
      const issuer = parameters.get('iss')
      // RFC 9207 section 2.4, before anything is sent to anybody.
      if (issuer !== null && issuer !== provider.issuer) throw new LoginFailed('other_issuer')
      // An error is one even where its `iss` is missing: nothing is sent for it.
      const error = parameters.get('error')
      if (error !== null) throw new LoginFailed(wordOf(error))
      const call = wireCall(line)
      try {
        const checked = validateAuthResponse(provider, client, parameters, attempt.state)
        await authorizationCodeGrantRequest(
          provider,
          client,
          clientAuth,
          checked,
          redirectUri,
          attempt.verifier,
          through(call),
        )
      } catch {
        // Why is in the result of the call; there is none if nothing was sent.
      }
      const result = call.result()
      if (result?.kind !== 'answer' || result.status !== 200) throw failureOf(result)
      const { isOdd: _, ...answer } = tokenAnswerOf(parseJson(result.text)?.value)
      const { access_token: token, refresh_token: refreshToken, id_token: idToken } = answer
      const claims =
        token && idToken ? await claimsOf(provider, client, attempt, answer, result.headers) : undefined
      if (!token || !idToken || !claims) throw failureOf(result)
      const hash = claims.at_hash
      if (typeof hash === 'string' && !(await isHashOf(hash, token, idToken)))
        throw new LoginFailed('invalid_answer')
      if (attempt.acrValues && !attempt.acrValues.includes(String(claims.acr)))
        throw new LoginFailed('step_up_failed')
      const all = options.userinfo ? await withUserinfo(provider, claims, token, line) : claims
      const known = user(all)
      if (!known?.id) throw new LoginFailed('invalid_answer')
      return {
        token,
        ...(refreshToken && { refreshToken }),
        ...(answer.expires_in !== undefined && { expiresIn: answer.expires_in }),
        user: known,
        claims: all,
        idToken,
      }
    },

    async endSession(idToken, line) {
      const { end_session_endpoint: page } = await found(line)
      if (!page) return undefined
      const { clientId, postLogoutRedirectUri } = options
      const url = new URL(page)
      url.searchParams.set('client_id', clientId)
      if (idToken) url.searchParams.set('id_token_hint', idToken)
      if (postLogoutRedirectUri) url.searchParams.set('post_logout_redirect_uri', postLogoutRedirectUri)
      return url
    },
  }
}

/** The provider's own word, bounded: anybody can write an address (RFC 6749 section 4.1.2.1). */
const wordOf = (error: string) => (/^[a-z_]{1,60}$/.test(error) ? error : 'invalid_answer')

/** What came in place of an answer that can be used. */
function failureOf(result: WireResult | undefined): LoginFailed {
  if (result?.kind !== 'answer') return new LoginFailed(result ? 'provider_unavailable' : 'invalid_answer')
  const error = errorOf(parseJson(result.text)?.value)
  if (typeof error === 'string') return new LoginFailed(wordOf(error))
  const isOwn = result.status < 500 && parseJson(result.text) !== undefined
  return new LoginFailed(isOwn ? 'invalid_answer' : 'provider_unavailable')
}
