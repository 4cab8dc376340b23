import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { type Configuration, interactionPolicy } from 'oidc-provider'
import { listen } from '../backend/listen.ts'
import { createProviderStore } from '../backend/provider/adapter.ts'
import type { KnownToken } from './boundSubject.ts'

export interface PageProviderOptions {
  /** The page's callback, or those of several that share the client, and where a logout leads. */
  readonly redirectUri: string | readonly string[]
  readonly postLogoutRedirectUri: string
  /** Whether logins have to be pushed (RFC 9126). @default false */
  readonly isPushed?: boolean
  /** The secret of the client, for a server; absent: a page, which can keep none. */
  readonly clientSecret?: string
  /** Whether tokens have to be bound to a key, and proofs to carry a nonce (RFC 9449). @default false */
  readonly isBound?: boolean
  /** Another client, a server that is told of logouts; absent: none. */
  readonly server?: {
    readonly id: string
    readonly secret: string
    readonly redirectUri: string
    readonly postLogoutRedirectUri: string
    readonly backChannelUri: string
  }
  /** How long access tokens live; seconds. @default 600 */
  readonly accessTokenTtl?: number
  /** Whether it asks users nothing whom it knows, as it does for pages over https. @default false */
  readonly isSilent?: boolean
  /** The `Cross-Origin-Opener-Policy` of its pages. @default none */
  readonly openerPolicy?: string
  /** Where the client is told of logouts (OpenID Connect Back-Channel Logout 1.0). @default nowhere */
  readonly backchannelLogoutUri?: string
  /** Sends that. @default the platform's */
  readonly fetch?: typeof globalThis.fetch
}

export interface PageProvider {
  readonly issuer: string
  /** What has reached it. */
  readonly counts: {
    tokenRequests: number
    pushed: number
    revocations: number
    keys: number
    refreshes: number
  }
  /** How often each refresh token was sent to it. */
  readonly presented: ReadonlyMap<string, number>
  /** How often one was sent that had been spent. */
  replays(): number
  /** Whose access token this is; `undefined`: nobody's, or it has ended. */
  subjectOf(accessToken: string): Promise<string | undefined>
  /** The same, and the key that the token is bound to. */
  tokenOf(accessToken: string): Promise<KnownToken | undefined>
  close(): Promise<void>
}

const SCOPE = 'openid profile email offline_access'
const PEOPLE = ['ada', 'bob', 'olga']

/** A certified OpenID provider for a page without a server of its own: the public client `panel`. */
export async function startPageProvider(options: PageProviderOptions): Promise<PageProvider> {
  const { redirectUri, postLogoutRedirectUri, isPushed = false, isBound = false } = options
  const { accessTokenTtl = 600, clientSecret, backchannelLogoutUri } = options
  const server = await listen(0)
  const other = options.server
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const policy = interactionPolicy.base()
  // Of a native client, which a page over http has to be here, everything is asked each time.
  if (options.isSilent) policy.get('consent')?.checks.remove('native_client_prompt')
  const configuration: Configuration = {
    adapter: createProviderStore().adapter,
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(24).toString('hex')] },
    clients: [
      {
        client_id: 'panel',
        ...(clientSecret === undefined
          ? // Pages on this machine, over http.
            { token_endpoint_auth_method: 'none', application_type: 'native' }
          : { token_endpoint_auth_method: 'client_secret_basic', client_secret: clientSecret }),
        id_token_signed_response_alg: 'ES256',
        dpop_bound_access_tokens: isBound,
        redirect_uris: [redirectUri].flat(),
        post_logout_redirect_uris: [postLogoutRedirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code', 'refresh_token'],
        ...(backchannelLogoutUri !== undefined && {
          backchannel_logout_uri: backchannelLogoutUri,
          backchannel_logout_session_required: true,
        }),
      },
      ...(other
        ? [
            {
              client_id: other.id,
              client_secret: other.secret,
              token_endpoint_auth_method: 'client_secret_basic' as const,
              id_token_signed_response_alg: 'ES256' as const,
              redirect_uris: [other.redirectUri],
              post_logout_redirect_uris: [other.postLogoutRedirectUri],
              backchannel_logout_uri: other.backChannelUri,
              backchannel_logout_session_required: true,
              response_types: ['code' as const],
              grant_types: ['authorization_code', 'refresh_token'],
            },
          ]
        : []),
    ],
    claims: { openid: ['sub'], email: ['email'], profile: ['name'] },
    conformIdTokenClaims: false,
    clientBasedCORS: () => true,
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: true, ...(isBound && { nonceSecret: randomBytes(32), requireNonce: () => true }) },
      backchannelLogout: { enabled: other !== undefined || backchannelLogoutUri !== undefined },
      revocation: { enabled: true, allowedPolicy: async () => true },
      rpInitiatedLogout: {
        enabled: true,
        // The page of its own would load a font from elsewhere.
        logoutSource: async (ctx, form) => {
          const button = '<button form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>'
          ctx.body = `<!doctype html><title>Provider</title><h1>Sign out?</h1>${form}${button}`
        },
      },
      pushedAuthorizationRequests: { enabled: isPushed, requirePushedAuthorizationRequests: isPushed },
    },
    // The provider's own connection refuses to call this machine.
    fetch: (url, init) => (options.fetch ?? fetch)(url, { ...init, dispatcher: undefined } as RequestInit),
    interactions: { url: (_, { uid }) => `/interaction/${uid}`, policy },
    issueRefreshToken: async () => true,
    expiresWithSession: async () => false,
    ttl: {
      AccessToken: accessTokenTtl,
      AuthorizationCode: 60,
      Grant: 86_400,
      IdToken: 600,
      Interaction: 600,
      RefreshToken: 86_400,
      Session: 86_400,
    },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: async () => ({ sub, email: `${sub}@example.com`, name: sub[0]?.toUpperCase() + sub.slice(1) }),
    }),
    renderError: async (ctx, out) => {
      ctx.type = 'text/plain'
      ctx.body = String(out.error)
    },
  }
  const provider = new Provider(server.url, configuration)
  const counts = { tokenRequests: 0, pushed: 0, revocations: 0, keys: 0, refreshes: 0 }

  const presented = new Map<string, number>()
  const spent = new Set<string>()
  let replayed = 0
  function present(token: unknown, isGranted: boolean) {
    if (typeof token !== 'string') return
    presented.set(token, (presented.get(token) ?? 0) + 1)
    if (spent.has(token)) replayed++
    if (isGranted) spent.add(token)
  }
  provider.on('grant.success', ({ oidc }) => {
    if (oidc.params?.grant_type === 'refresh_token') counts.refreshes++
    present(oidc.params?.refresh_token, true)
  })
  provider.on('grant.error', ({ oidc }) => present(oidc.params?.refresh_token, false))

  /** Signs in the account of `login_hint` or `?account=`, and refuses `nobody`; else lists the accounts to choose from. */
  async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { params } = await provider.interactionDetails(request, response)
    const chosen = new URL(request.url ?? '/', server.url).searchParams.get('account')
    const accountId = chosen ?? (params.login_hint as string | undefined)
    if (accountId === undefined) {
      const links = [...PEOPLE, 'nobody'].map((name) => `<li><a href="?account=${name}">${name}</a></li>`)
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      response.end(`<!doctype html><title>Provider</title><h1>Sign in as</h1><ul>${links.join('')}</ul>`)
      return
    }
    if (accountId === 'nobody')
      return provider.interactionFinished(request, response, { error: 'access_denied' })
    const grant = new provider.Grant({ accountId, clientId: String(params.client_id) })
    grant.addOIDCScope(SCOPE)
    const result = { login: { accountId }, consent: { grantId: await grant.save() } }
    return provider.interactionFinished(request, response, result)
  }

  const callback = provider.callback()
  server.handle((request, response) => {
    if (options.openerPolicy) response.setHeader('cross-origin-opener-policy', options.openerPolicy)
    const { pathname } = new URL(request.url ?? '/', server.url)
    if (request.method === 'POST' && pathname === '/token') counts.tokenRequests++
    if (pathname === '/request') counts.pushed++
    if (pathname === '/jwks') counts.keys++
    if (pathname === '/token/revocation') counts.revocations++
    if (!pathname.startsWith('/interaction/')) return void callback(request, response)
    interact(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(400, { 'content-type': 'text/plain' })
      response.end('This sign-in has expired. Start again.')
    })
  })

  return {
    issuer: server.url,
    counts,
    presented,
    replays: () => replayed,
    subjectOf: async (accessToken) => (await provider.AccessToken.find(accessToken))?.accountId,
    async tokenOf(accessToken) {
      const found = await provider.AccessToken.find(accessToken)
      return found && { subject: found.accountId, jkt: found.jkt }
    },
    close: server.close,
  }
}
