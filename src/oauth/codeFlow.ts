import {
  type AuthorizationServer,
  authorizationCodeGrantRequest,
  generateRandomCodeVerifier,
  generateRandomNonce,
  generateRandomState,
  type IDToken,
  processPushedAuthorizationResponse,
  pushedAuthorizationRequest,
  validateAuthResponse,
} from 'oauth4webapi'
import { isDevelopment } from '#development'
import type { UserDocument } from '../../machines/session.types.ts'
import { systemClock } from '../base/clock.ts'
import { LoginFailed, Misconfigured } from '../base/errors.ts'
import { parseJson } from '../base/json.ts'
import { isWhole } from '../wire/outcome.ts'
import { isAdmitted } from './admission.ts'
import { authorizationRequest } from './authorizationRequest.ts'
import type { CodeAttempt, CodeFlow, GrantedTokens } from './codeGrant.ts'
import type { Discovery } from './discovery.ts'
import { claimsOf, isHashOf, isStepped, providerNow, userOf } from './idToken.ts'
import type { Line } from './line.ts'
import { failureOf, wordOf } from './loginFailure.ts'
import type { OauthProviderOptions } from './oauthProviderOptions.ts'
import { tokenAnswerOf } from './tokenAnswer.ts'

export function createCodeFlow(options: OauthProviderOptions, discovery: Discovery): CodeFlow {
  const { of, discover, call, client, clientAuth, tenants, callable } = discovery
  const { redirectUri, scope, user = userOf } = options
  if (isDevelopment && scope !== undefined && !/(^| )openid( |$)/.test(scope))
    throw new Misconfigured(
      `${of}: \`scope\` must contain "openid": without it the provider does not say who logged in.`,
    )

  async function found(line: Line): Promise<AuthorizationServer> {
    const { provider, ...rest } = await discover(line)
    if (provider) return provider
    const outcome = 'outcome' in rest ? rest.outcome : undefined
    if (outcome?.kind === 'refused' && outcome.cause === 'misconfigured')
      throw new Misconfigured(outcome.problem ?? `${of}: the metadata of the provider cannot be used.`)
    throw new LoginFailed('provider_unavailable')
  }

  /** A pushed request: the parameters that the provider returns for the address (RFC 9126). */
  async function pushed(provider: AuthorizationServer, parameters: URLSearchParams, line: Line) {
    const { made, result } = await call(line, async (through) =>
      processPushedAuthorizationResponse(
        provider,
        client,
        await pushedAuthorizationRequest(provider, client, clientAuth, parameters, through),
      ),
    )
    if (made) return new URLSearchParams({ client_id: options.clientId, request_uri: made.request_uri })
    const failure = failureOf(result)
    // The exchange would authenticate the client in the same way, after the user's password.
    const isUnproven =
      options.clientAuth && failure instanceof LoginFailed && failure.reason === 'invalid_client'
    if (isUnproven || provider.require_pushed_authorization_requests) throw failure
    // If the provider offers this to other clients only, or to no page, the parameters go into the address.
    return parameters
  }

  /**
   * The provider that an answer in an address is from (RFC 9207 section 2.4). The library would refuse an error without
   * its `iss`, too, and would not say which of the two it is. An error counts without, because nothing is sent for it.
   */
  function senderOf(known: AuthorizationServer, parameters: URLSearchParams): AuthorizationServer {
    const issuer = parameters.get('iss')
    const provider = tenants?.named(known, issuer) ?? known
    if (issuer !== null && issuer !== provider.issuer) throw new LoginFailed('other_issuer')
    const error = parameters.get('error')
    if (error !== null) throw new LoginFailed(wordOf(error))
    return provider
  }

  /** The claims of a good answer. `who` gets the user as soon as it is known. */
  async function judged(
    provider: AuthorizationServer,
    attempt: CodeAttempt,
    answer: ReturnType<typeof tokenAnswerOf> & { readonly access_token: string },
    headers: Headers,
    who: (id: string) => void,
    line: Line,
  ): Promise<{ readonly user: UserDocument; readonly claims: IDToken }> {
    const { access_token: token, id_token: idToken } = answer
    const serverNow = providerNow(headers, idToken)
    const issuer = tenants?.ofToken(provider, idToken) ?? provider
    const claims = idToken ? await claimsOf(issuer, client, idToken, serverNow, attempt.nonce) : undefined
    if (!idToken || !claims) throw new LoginFailed('invalid_answer')
    const known = user(claims)
    if (!known?.id) throw new LoginFailed('invalid_answer')
    who(known.id)
    if (tenants?.allows(claims) === false) throw new LoginFailed('not_admitted')
    const hash = claims.at_hash
    if (typeof hash === 'string' && !(await isHashOf(hash, token, idToken)))
      throw new LoginFailed('invalid_answer')
    const asked = { ...attempt, maxAge: attempt.maxAge ?? client.default_max_age }
    if (!isStepped(claims, asked, serverNow)) throw new LoginFailed('step_up_failed')
    // If nobody answers, the ID token must suffice.
    const all = (await options.userinfo?.(discovery, provider, claims, token, line)) ?? claims
    const found = { user: user(all), claims: all }
    if (!isAdmitted(options.admit, found.user, all)) throw new LoginFailed('not_admitted')
    return found
  }

  return {
    async begin(input, line, mark = '') {
      const provider = await found(line)
      const location = callable('authorization_endpoint', provider.authorization_endpoint)
      const { maxAge, acrValues } = input
      const attempt: CodeAttempt = {
        state: mark + generateRandomState(),
        verifier: generateRandomCodeVerifier(),
        nonce: generateRandomNonce(),
        beganAt: systemClock.wall(),
        ...(maxAge !== undefined && { maxAge }),
        ...(acrValues && { acrValues }),
      }
      const parameters = await authorizationRequest(options, input, attempt)
      const isPushed = provider.pushed_authorization_request_endpoint !== undefined
      for (const [name, value] of isPushed ? await pushed(provider, parameters, line) : parameters)
        location.searchParams.set(name, value)
      return { location, attempt }
    },

    async finish(attempt, parameters, line, refused) {
      const { state, verifier } = attempt
      const provider = senderOf(await found(line), parameters)
      const { result } = await call(line, async (through) => {
        const code = validateAuthResponse(provider, client, parameters, state)
        return authorizationCodeGrantRequest(
          provider,
          client,
          clientAuth,
          code,
          redirectUri,
          verifier,
          through,
        )
      })
      if (result?.kind !== 'answer' || !isWhole(result.status)) throw failureOf(result)
      const answer = tokenAnswerOf(parseJson(result.text)?.value)
      const { access_token: token, refresh_token: refreshToken, id_token: idToken } = answer
      if (!token) throw failureOf(result)
      const tokens: GrantedTokens = { token, ...(refreshToken && { refreshToken }) }
      let userId: string | undefined
      const who = (id: string) => {
        userId = id
      }
      try {
        const granted = { ...answer, access_token: token }
        const found = await judged(provider, attempt, granted, result.headers, who, line)
        const { expires_in: expiresIn } = answer
        return { ...tokens, ...found, idToken: `${idToken}`, ...(expiresIn !== undefined && { expiresIn }) }
      } catch (error) {
        refused(tokens, userId)
        throw error
      }
    },

    async endSession(idToken, line) {
      const { clientId, logoutUrl, logoutParameters, postLogoutRedirectUri } = options
      const page = logoutUrl ?? (await found(line)).end_session_endpoint
      if (page === undefined) return undefined
      const url = callable('end_session_endpoint', page)
      const parameters = {
        client_id: clientId,
        id_token_hint: idToken || undefined,
        post_logout_redirect_uri: postLogoutRedirectUri,
        ...logoutParameters,
      }
      for (const [name, value] of Object.entries(parameters))
        if (value !== undefined) url.searchParams.set(name, value)
      return url
    },
  }
}
