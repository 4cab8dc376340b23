import { randomBytes } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { type Configuration } from 'oidc-provider'
import { listen } from '../../examples/backend/listen.ts'

export const CALLBACK = 'http://localhost:5173/callback'
export const SIGNED_OUT = 'http://localhost:5173/signed-out'
const SCOPE = 'openid profile email offline_access'

/** A certified OpenID provider with one public client, a page; whoever is named in `login_hint` is signed in. */
export async function startRealProvider({ isPushed = false, more = {} as Configuration } = {}) {
  const server = await listen(0)
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const provider = new Provider(server.url, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(24).toString('hex')] },
    clients: [
      {
        client_id: 'panel',
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        id_token_signed_response_alg: 'ES256',
        redirect_uris: [CALLBACK],
        post_logout_redirect_uris: [SIGNED_OUT],
        response_types: ['code'],
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ],
    claims: { openid: ['sub'], email: ['email'], profile: ['name'] },
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      pushedAuthorizationRequests: { enabled: isPushed, requirePushedAuthorizationRequests: isPushed },
    },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    issueRefreshToken: async () => true,
    expiresWithSession: async () => false,
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      Grant: 86_400,
      IdToken: 600,
      Interaction: 600,
      RefreshToken: 86_400,
      Session: 86_400,
    },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: async () => ({ sub, email: `${sub}@example.com`, name: sub.toUpperCase() }),
    }),
    renderError: async (ctx, out) => {
      ctx.body = String(out.error)
    },
    ...more,
  })
  const counts = { tokenRequests: 0, pushed: 0, revocations: 0 }
  const callback = provider.callback()
  server.handle(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', server.url)
    if (pathname === '/token') counts.tokenRequests++
    if (pathname === '/request') counts.pushed++
    if (pathname === '/token/revocation') counts.revocations++
    if (!pathname.startsWith('/interaction/')) return callback(request, response)
    const { params, prompt } = await provider.interactionDetails(request, response)
    const accountId = String(params.login_hint)
    if (accountId === 'nobody')
      return provider.interactionFinished(request, response, { error: 'access_denied' })
    const grant = new provider.Grant({ accountId, clientId: 'panel' })
    grant.addOIDCScope(SCOPE)
    const login = { accountId, ...(prompt.details.acr_values ? { acr: 'mfa' } : {}) }
    return provider.interactionFinished(request, response, {
      login,
      consent: { grantId: await grant.save() },
    })
  })
  return { issuer: server.url, counts, close: server.close }
}

/** A browser that follows the provider's pages from `url`, until it is sent back to the application: that address. */
export async function wayBack(url: string, jar = new Map<string, string>()): Promise<string> {
  let at = new URL(url)
  for (let step = 0; step < 15; step++) {
    if (at.href.startsWith(CALLBACK)) return at.href
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(at, { redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      jar.set(name, value)
    }
    const next = response.headers.get('location')
    if (next === null) throw new Error(`${at.pathname} answered ${response.status}: ${await response.text()}`)
    await response.body?.cancel()
    at = new URL(next, at)
  }
  throw new Error('The login went in circles.')
}
