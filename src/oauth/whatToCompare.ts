/** By the provider's error (RFC 6749 sections 4.1.2.1 and 5.2, RFC 9126 section 2.3). */
const COMPARE: Readonly<Record<string, string>> = {
  invalid_client:
    '`clientId` and `clientAuth` with the client that is registered there, and its secret (at Keycloak "Client authentication" must be on)',
  invalid_redirect_uri: 'the redirect URIs of the client with that of this login, to the letter',
  invalid_request: 'the redirect URIs of the client with that of this login, to the letter',
  invalid_scope: '`scope` with the scopes of the client',
  unauthorized_client:
    'the flows of the client: it needs the authorization code (at Keycloak "Standard flow")',
}

/** What the operator must compare if a provider refuses a login of this client; `undefined`: the cause is another one. */
export const whatToCompare = (error: string): string | undefined =>
  Object.hasOwn(COMPARE, error) ? COMPARE[error] : undefined
