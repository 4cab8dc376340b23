import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { type ClientMetadata, type Configuration } from 'oidc-provider'
import type { Account } from '../accounts.ts'
import type { Knobs } from '../knobs.ts'
import { listen } from '../listen.ts'
import { createProviderStore, type ProviderStore } from './adapter.ts'

export interface ProviderOptions {
  readonly port: number
  readonly redirectUri: string
  /** Of the client through which users log in with Google, as this provider plays it: no rotation. */
  readonly googleRedirectUri: string
  readonly postLogoutRedirectUri: string
  readonly accounts: readonly Account[]
  readonly knobs: Knobs
}

export interface RunningProvider {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly googleClientId: string
  readonly store: ProviderStore
  /** How often a refresh token was used a second time, and its grant revoked for that. */
  reuseDetections(): number
  close(): Promise<void>
}

const scope = 'openid profile email offline_access'

/** A real OpenID provider on its own port; sign-in needs no person. */
export async function startProvider(options: ProviderOptions): Promise<RunningProvider> {
  const { knobs } = options
  const server = await listen(options.port)
  const store = createProviderStore({
    delayMs: () => knobs.provider.storeDelayMs,
    reuseGraceMs: () => knobs.provider.reuseGraceMs,
  })
  const people = new Map(
    options.accounts.flatMap((account) => (account.sub ? [[account.sub, account] as const] : [])),
  )
  const clientId = 'reference-backend'
  const googleClientId = 'reference-backend-google'
  const clientSecret = randomBytes(24).toString('hex')
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })

  const client = (id: string, redirectUri: string): ClientMetadata => ({
    client_id: id,
    client_secret: clientSecret,
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'ES256',
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [options.postLogoutRedirectUri],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
  })

  const configuration: Configuration = {
    adapter: store.adapter,
    // A key of our own also silences the warning about the built-in one.
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(24).toString('hex')] },
    clients: [client(clientId, options.redirectUri), client(googleClientId, options.googleRedirectUri)],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      introspection: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: async () => false,
    rotateRefreshToken: ({ oidc }) => oidc.client?.clientId === clientId && knobs.provider.rotate,
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 60,
      Grant: 30 * 24 * 3600,
      IdToken: 3600,
      Interaction: 600,
      RefreshToken: () => knobs.provider.refreshTtlSeconds,
      Session: 14 * 24 * 3600,
    },
    findAccount: async (_, sub) => {
      const person = people.get(sub)
      return (
        person && {
          accountId: sub,
          claims: async () => ({ sub, email: person.email, email_verified: true, name: person.name }),
        }
      )
    },
    renderError: async (ctx, out) => {
      ctx.type = 'text/plain'
      ctx.body = `${out.error}: ${out.error_description ?? ''}`
    },
  }
  const provider = new Provider(server.url, configuration)
  let reuses = 0
  provider.on('grant.revoked', (ctx) => {
    if (ctx.oidc.params?.grant_type === 'refresh_token') reuses += 1
  })

  /** Signs in the account of `login_hint` or `?account=`; without either, lists the accounts to choose from. */
  async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const details = await provider.interactionDetails(request, response)
    const chosen = new URL(request.url ?? '/', server.url).searchParams.get('account')
    const accountId = String(chosen ?? details.params.login_hint ?? details.session?.accountId ?? '')
    if (!people.has(accountId)) {
      const links = [...people].map(
        ([sub, person]) => `<li><a href="?account=${sub}">${person.name} (${sub})</a></li>`,
      )
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      response.end(`<!doctype html><title>Demo provider</title><h1>Sign in as</h1><ul>${links.join('')}</ul>`)
      return
    }
    const grant = new provider.Grant({ accountId, clientId: String(details.params.client_id) })
    grant.addOIDCScope(scope)
    const result = { login: { accountId }, consent: { grantId: await grant.save() } }
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
  }

  const callback = provider.callback()
  server.handle((request, response) => {
    if (!request.url?.startsWith('/interaction/')) return void callback(request, response)
    interact(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(400, { 'content-type': 'text/plain' })
      response.end('This sign-in has expired. Start again.')
    })
  })

  return {
    issuer: server.url,
    clientId,
    clientSecret,
    googleClientId,
    store,
    reuseDetections: () => reuses,
    close: server.close,
  }
}
