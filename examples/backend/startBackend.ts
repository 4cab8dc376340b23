import { getRequestListener } from '@hono/node-server'
import { accounts } from './accounts.ts'
import { createApp } from './app.ts'
import type { BackendContext } from './context.ts'
import { createFaultInjector, type Faults } from './faults.ts'
import { createGateway, type Gateway } from './gateway.ts'
import { createKnobs, type KnobOptions, type Knobs } from './knobs.ts'
import { createLimiter } from './limiter.ts'
import { listen } from './listen.ts'
import { createLoginFlows, type LoginFlows } from './loginFlows.ts'
import { createOpenidClient } from './openidClient.ts'
import { createOperator, type Operator } from './operator.ts'
import { createPresentationLog, type Presentation } from './presentations.ts'
import { startProvider } from './provider/startProvider.ts'
import type { RequestRecord } from './requestLog.ts'
import { createSessionStore } from './sessions.ts'
import { createSsoFlows } from './ssoFlows.ts'
import { createTokens } from './tokens.ts'
import { createUserStore } from './users.ts'

export interface BackendOptions {
  /** @default 0, any free port */
  readonly port?: number
  /** @default 0, any free port */
  readonly providerPort?: number
  /** `ADMIN_PANEL_URL`; its origin is what exchange codes are bound to. @default 'http://localhost:3000' */
  readonly panelUrl?: string
  /** Knobs to start with; `backend.knobs` changes them later. */
  readonly knobs?: KnobOptions
  /** The backend's clock. The provider keeps the real time. @default Date.now */
  readonly now?: () => number
}

export interface Backend extends LoginFlows {
  /** Base URL of the backend, without a trailing slash. */
  readonly url: string
  /** Issuer URL of the OpenID provider. */
  readonly providerUrl: string
  readonly panelUrl: string
  readonly accounts: typeof accounts
  /** Assign to change: `backend.knobs.sessionMs = 3000`. */
  readonly knobs: Knobs
  readonly faults: Faults
  /** What stands in front of the backend: open, until it is set to something else. */
  readonly gateway: Gateway
  readonly log: BackendLog
  readonly operator: Operator
  /** The backend's clock, `clockOffsetMs` included. */
  now(): number
  close(): Promise<void>
}

export interface BackendLog {
  readonly requests: readonly RequestRecord[]
  readonly presentations: readonly Presentation[]
  /** Presentations by token hash, in order of arrival. */
  presentationsPerToken(): Map<string, Presentation[]>
  /** Presentations of a token that had been rotated away or rejected before. */
  replays(): Presentation[]
  /** How often the provider found a refresh token used twice, and revoked its grant. */
  reuseDetections(): number
  reset(): void
}

/** Starts the backend and its OpenID provider on loopback ports. */
export async function startBackend(options: BackendOptions = {}): Promise<Backend> {
  const { panelUrl = 'http://localhost:3000' } = options
  const clock = options.now ?? Date.now
  const knobs = createKnobs(options.knobs)
  const now = (): number => clock() + knobs.clockOffsetMs
  const server = await listen(options.port ?? 0)
  const callbackOf = (name: string) => `${server.url}/api/admin/oauth/${name}/callback`
  const redirectUri = callbackOf('openid')
  const googleRedirectUri = callbackOf('google')
  const provider = await startProvider({
    port: options.providerPort ?? 0,
    redirectUri,
    googleRedirectUri,
    postLogoutRedirectUri: `${panelUrl}/login`,
    accounts: Object.values(accounts),
    knobs,
  }).catch(async (error: unknown) => {
    await server.close()
    throw error
  })

  const presentations = createPresentationLog()
  const requests: RequestRecord[] = []
  const faults = createFaultInjector()
  const context: BackendContext = {
    url: server.url,
    panelUrl,
    knobs,
    now,
    users: createUserStore(Object.values(accounts), provider.issuer, now),
    sessions: createSessionStore(now),
    tokens: createTokens(now),
    limiter: createLimiter(knobs, now),
    openid: await createOpenidClient({ ...provider, redirectUri }),
    google: await createOpenidClient({
      ...provider,
      clientId: provider.googleClientId,
      redirectUri: googleRedirectUri,
    }),
    flows: createSsoFlows(now),
    presentations,
  }
  const operator = createOperator(context, provider.store)
  const app = createApp(context, faults, requests)
  // The adapter would replace the global Request and Response, for its embedder's code too.
  const gateway = createGateway(server, getRequestListener(app.fetch, { overrideGlobalObjects: false }))

  return {
    url: server.url,
    providerUrl: provider.issuer,
    panelUrl,
    accounts,
    knobs,
    faults,
    gateway,
    operator,
    now,
    log: {
      requests,
      presentations: presentations.presentations,
      presentationsPerToken: presentations.presentationsPerToken,
      replays: presentations.replays,
      reuseDetections: provider.reuseDetections,
      reset() {
        requests.length = 0
        presentations.reset()
      },
    },
    ...createLoginFlows({ url: server.url, panelUrl, touch: operator.touchUser }),
    async close() {
      faults.clear()
      await Promise.all([server.close(), provider.close()])
    },
  }
}
