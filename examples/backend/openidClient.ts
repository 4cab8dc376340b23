import * as oauth from 'oauth4webapi'
import type { ProviderConnection } from './operator.ts'

export interface Grant {
  readonly accessToken: string | undefined
  readonly refreshToken: string | undefined
  readonly claims: { readonly sub?: string | undefined; readonly iss: string } | undefined
}

/** The grant brought nothing. */
export class GrantFailed extends Error {
  override readonly name = 'GrantFailed'
  /** `refused`: never sent. `rejected`: the provider said no. `unknown`: it may have done its work. */
  readonly verdict: 'refused' | 'rejected' | 'unknown'

  constructor(verdict: GrantFailed['verdict']) {
    super(`grant ${verdict}`)
    this.verdict = verdict
  }
}

export interface OpenidClientOptions {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri: string
}

/** The backend as a client of the provider, over HTTP. Both keep the real time. */
export interface OpenidClient {
  readonly issuer: string
  connection: ProviderConnection
  authorizationUrl(login: { state: string; nonce: string; codeVerifier: string }): Promise<string>
  codeGrant(callback: URL, expected: { state: string; nonce: string; codeVerifier: string }): Promise<Grant>
  refreshGrant(refreshToken: string): Promise<Grant>
  endSessionUrl(postLogoutRedirectUri: string): string
}

export async function createOpenidClient(options: OpenidClientOptions): Promise<OpenidClient> {
  const issuer = new URL(options.issuer)
  const insecure = { [oauth.allowInsecureRequests]: true }
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))
  const client: oauth.Client = { client_id: options.clientId, id_token_signed_response_alg: 'ES256' }
  const authentication = oauth.ClientSecretBasic(options.clientSecret)
  let connection: ProviderConnection = 'up'

  const requestOptions = {
    ...insecure,
    [oauth.customFetch]: async (url: string, init: RequestInit) => {
      if (connection === 'down') throw new GrantFailed('refused')
      const response = await fetch(url, init)
      if (connection !== 'lost') return response
      await response.body?.cancel()
      throw new GrantFailed('unknown')
    },
  }

  /** Errors of the client library can quote requests; only a verdict leaves this file. */
  async function perform(grant: () => Promise<oauth.TokenEndpointResponse>): Promise<Grant> {
    try {
      const answer = await grant()
      const claims = oauth.getValidatedIdTokenClaims(answer)
      return {
        accessToken: connection === 'withoutAccessToken' ? undefined : answer.access_token,
        refreshToken: connection === 'withoutRefreshToken' ? undefined : answer.refresh_token,
        claims:
          connection === 'withoutClaims' || !claims
            ? undefined
            : {
                sub: claims.sub,
                iss: connection === 'foreignIssuer' ? 'https://foreign.example' : claims.iss,
              },
      }
    } catch (error) {
      if (error instanceof GrantFailed) throw error
      throw new GrantFailed(
        error instanceof oauth.ResponseBodyError && error.status < 500 ? 'rejected' : 'unknown',
      )
    }
  }

  return {
    issuer: options.issuer,
    get connection() {
      return connection
    },
    set connection(next) {
      connection = next
    },
    async authorizationUrl({ state, nonce, codeVerifier }) {
      const url = new URL(server.authorization_endpoint ?? '')
      url.search = new URLSearchParams({
        client_id: options.clientId,
        redirect_uri: options.redirectUri,
        response_type: 'code',
        scope: 'openid profile email offline_access',
        code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      }).toString()
      return url.href
    },
    codeGrant: (callback, { state, nonce, codeVerifier }) =>
      perform(async () => {
        const parameters = oauth.validateAuthResponse(server, client, callback, state)
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          authentication,
          parameters,
          options.redirectUri,
          codeVerifier,
          requestOptions,
        )
        return oauth.processAuthorizationCodeResponse(server, client, response, { expectedNonce: nonce })
      }),
    refreshGrant: (refreshToken) =>
      perform(async () => {
        const response = await oauth.refreshTokenGrantRequest(
          server,
          client,
          authentication,
          refreshToken,
          requestOptions,
        )
        return oauth.processRefreshTokenResponse(server, client, response)
      }),
    endSessionUrl(postLogoutRedirectUri) {
      const url = new URL(server.end_session_endpoint ?? '')
      url.searchParams.set('post_logout_redirect_uri', postLogoutRedirectUri)
      url.searchParams.set('client_id', options.clientId)
      return url.href
    },
  }
}
