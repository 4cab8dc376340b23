import type { ClientAuth } from 'oauth4webapi'

/** What to change if a provider does not know this client by its secret. */
const HINT =
  'the provider answers `invalid_client`. Its secret or its id has characters that HTTP Basic sends encoded (RFC 6749 section 2.3.1), which some providers forget to decode: give `ClientSecretPost(secret)` as `clientAuth`, or a secret of letters and digits.'

/** How the client authenticates, and what may be wrong with it. */
export function withBasicHint(clientAuth: ClientAuth) {
  let isEncoded = false
  const auth: ClientAuth = async (server, client, body, headers) => {
    await clientAuth(server, client, body, headers)
    const [scheme, credentials = ''] = (headers.get('authorization') ?? '').split(' ')
    isEncoded = scheme?.toLowerCase() === 'basic' && /[%+]/.test(atob(credentials))
  }
  return {
    auth,
    /** `undefined`: this is not the cause. */
    hint: () => (isEncoded ? HINT : undefined),
  }
}
