import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ClientSecretBasic } from 'oauth4webapi'
import { toNodeListener } from 'xstate-session/node'
import { oauthProfiles } from 'xstate-session/oauth'
import { oauthLogin } from 'xstate-session/oauth-login'
import { type PageProvider, startPageProvider } from '../../embed/provider.ts'
import { type Panel, type PanelSettings, servePanel } from './servePanel.ts'

const USERS = ['ada', 'bob', 'olga'].map((id) => ({
  id,
  name: id[0]?.toUpperCase() + id.slice(1),
  email: `${id}@example.com`,
  role: 'ADMIN',
}))

export interface ProviderPanelOptions extends PanelSettings {
  /** How long bearers live; seconds. */
  readonly bearerSeconds: number
}

/** The admin panel and its server, at an OpenID provider and an API that know nothing of each other's panel. */
export async function startProviderPanel(
  options: ProviderPanelOptions,
): Promise<Panel & { readonly issuer: string }> {
  const { bearerSeconds, ...settings } = options
  const url = `http://localhost:${settings.port}`
  const clientSecret = crypto.randomUUID()
  const provider = await startPageProvider({
    redirectUri: `${url}/session/callback/staff`,
    postLogoutRedirectUri: `${url}/`,
    accessTokenTtl: bearerSeconds,
    clientSecret,
  })
  const api = await startApi(provider)
  const panel = await servePanel({
    ...settings,
    login: 'provider',
    logins: {
      staff: oauthLogin({
        ...oauthProfiles.oidcProvider,
        server: provider.issuer,
        clientId: 'panel',
        clientAuth: ClientSecretBasic(clientSecret),
        scope: 'openid profile email offline_access',
        postLogoutRedirectUri: `${url}/`,
      }),
    },
    api: { '/api/': { target: api.url, methods: ['GET', 'PUT'] } },
    breakable: {
      state: () => ({
        provider: 'up',
        backend: 'up',
        revoked: false,
        requests: api.requests(),
        refreshes: provider.counts.refreshes,
        mostPresented: Math.max(0, ...provider.presented.values()),
        replays: provider.replays(),
      }),
      doings: { expire: api.expire },
    },
  })
  return {
    ...panel,
    issuer: provider.issuer,
    async close() {
      await panel.close()
      await api.close()
      await provider.close()
    },
  }
}

/** An API that asks the provider whose each bearer is. */
async function startApi(provider: PageProvider) {
  const settings: Record<string, unknown> = { registration: 'closed', theme: 'system' }
  const seen = new Set<string>()
  const ended = new Set<string>()
  let requests = 0

  async function handle(request: Request): Promise<Response> {
    requests++
    const token = /^Bearer (\S+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
    if (!token || ended.has(token) || !(await provider.subjectOf(token)))
      return new Response(null, { status: 401 })
    seen.add(token)
    const { pathname } = new URL(request.url)
    if (pathname === '/api/admin/users') return Response.json({ users: USERS })
    if (pathname !== '/api/admin/settings') return new Response(null, { status: 404 })
    if (request.method === 'PUT') Object.assign(settings, await request.json())
    return Response.json(settings)
  }

  const http = createServer(toNodeListener(handle, { origin: 'http://localhost' }))
  await new Promise<void>((resolve) => http.listen(0, 'localhost', resolve))
  return {
    url: `http://localhost:${(http.address() as AddressInfo).port}/`,
    requests: () => requests,
    /** Every bearer ends now. */
    expire() {
      for (const token of seen) ended.add(token)
    },
    async close() {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}
