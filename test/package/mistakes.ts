import { createElement, type FunctionComponent } from 'react'
import { renderToString } from 'react-dom/server'

/** The package as an application has it. */
export interface Parts {
  readonly backchannel: typeof import('xstate-session/backchannel')
  readonly bff: typeof import('xstate-session/bff')
  readonly browser: typeof import('xstate-session/browser')
  readonly dpop: typeof import('xstate-session/dpop')
  readonly index: typeof import('xstate-session')
  readonly inspect: typeof import('xstate-session/inspect')
  readonly librechat: typeof import('xstate-session/librechat')
  readonly librechatLogin: typeof import('xstate-session/librechat-login')
  readonly node: typeof import('xstate-session/node')
  readonly oauth: typeof import('xstate-session/oauth')
  readonly oauthLogin: typeof import('xstate-session/oauth-login')
  readonly opentelemetry: typeof import('xstate-session/opentelemetry')
  readonly postgres: typeof import('xstate-session/postgres')
  readonly react: typeof import('xstate-session/react')
  readonly reactAdmin: typeof import('xstate-session/react-admin')
  readonly reactLogins: typeof import('xstate-session/react-logins')
  readonly recorder: typeof import('xstate-session/recorder')
  readonly redis: typeof import('xstate-session/redis')
  readonly refine: typeof import('xstate-session/refine')
  readonly server: typeof import('xstate-session/server')
  readonly sqlite: typeof import('xstate-session/sqlite')
  readonly tanstackQuery: typeof import('xstate-session/tanstack-query')
  readonly tanstackRouter: typeof import('xstate-session/tanstack-router')
}

/** What somebody does who begins, and what must not stay a riddle. By name; each does it once. */
export type Mistakes = Readonly<Record<string, () => unknown>>

/** What `process.env.NAME` is where nobody has set it. */
const unset = undefined as never
const SECRET = 's'.repeat(32)
const SELF = 'http://localhost:3000'

/** In the order of "When it does not work". */
export function mistakesOf(the: Parts): Mistakes {
  const { createSession, inProcessCoordinator, memoryStore } = the.index
  const { createBffSession } = the.bff
  const { createSessionServer, memoryServerStore } = the.server
  const { librechatLogin } = the.librechatLogin
  const { oauthProvider, oauthStrategy, createLogins } = the.oauth
  const strategies = { openid: the.librechat.openidStrategy() }
  const baseUrl = 'https://chat.example.com/'
  const session = () => createBffSession({ baseUrl, facts: null })
  const right = {
    publicUrl: SELF,
    secrets: [SECRET],
    logins: { librechat: librechatLogin({ baseUrl: 'http://localhost:3080' }) },
  }
  const atProvider = {
    server: 'https://id.example.com/',
    clientId: 'panel',
    redirectUri: 'https://admin.example.com/callback',
  }
  const never = (value: unknown) => value as never

  /** A page at `origin` whose server answers as `answer` says, or as `publicUrl` makes it. */
  function page(origin: string, answer: (request: Request) => Response | Promise<Response>) {
    const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
      const request = new Request(input, init)
      request.headers.set('origin', origin)
      return answer(request)
    }
    return createBffSession({ baseUrl: origin, fetch })
  }
  const html = (status: number) =>
    new Response('<!doctype html>', { status, headers: { 'content-type': 'text/html' } })
  /** It asks by itself who is logged in. */
  const asks = (answer: () => Response | Promise<Response>) => page(SELF, answer)
  const logsInFrom = async (origin: string, publicUrl: string) => {
    const server = createSessionServer({ ...right, publicUrl })
    const asking = page(origin, (request) => server.handle(request))
    await asking.login({ email: 'ada@example.com', password: 'wrong' }).finally(() => asking.dispose())
  }
  const rendered = (use: () => unknown) => {
    const Component: FunctionComponent = () => void use() as never
    return renderToString(createElement(Component))
  }

  return {
    'createSession without options': () => createSession(unset),
    'createSessionLogic without options': () => the.index.createSessionLogic(unset),
    'createSessionServer without options': () => createSessionServer(unset),
    'browserOptions without options': () => the.browser.browserOptions(unset),
    'librechatLogin without options': () => librechatLogin(unset),
    'oauthLogin without options': () => the.oauthLogin.oauthLogin(unset),
    'oauthProvider without options': () => oauthProvider(unset),
    'oauthStrategy without options': () => oauthStrategy(unset),
    'backChannelLogout without options': () => the.backchannel.backChannelLogout(unset),
    'redisServerStore without options': () => the.redis.redisServerStore(unset),
    'postgresServerStore without options': () => the.postgres.postgresServerStore(unset),
    'sqliteServerStore without options': () => the.sqlite.sqliteServerStore(unset),
    'reactAdminAuthProvider without options': () => the.reactAdmin.reactAdminAuthProvider(session(), unset),
    'refineAuthProvider without options': () => the.refine.refineAuthProvider(session(), unset),
    'requireSession without options': () => the.tanstackRouter.requireSession(session(), unset),
    'connectQueryClient without options': () => the.tanstackQuery.connectQueryClient(session(), unset),

    'no baseUrl of a session': () => createSession({ baseUrl: unset, strategies }),
    'no publicUrl': () => createSessionServer({ ...right, publicUrl: '' }),
    'no address of the backend': () =>
      createSessionServer({ ...right, logins: { librechat: librechatLogin({ baseUrl: unset }) } }),
    'no issuer': () => oauthProvider({ ...atProvider, server: unset }),
    'no issuer, but an empty text': () => oauthProvider({ ...atProvider, server: '' }),
    'no client': () => oauthProvider({ ...atProvider, clientId: unset }),
    'no redirectUri': () => oauthProvider({ ...atProvider, redirectUri: unset }),
    'no secret of a server': () => createSessionServer({ ...right, secrets: [''] }),
    'no secrets at all': () => createSessionServer({ ...right, secrets: unset }),
    'no secret of a coordinator': () => the.redis.redisCoordinator({ client: unset, secret: unset }),
    'a time without its unit': () =>
      createSessionServer({ ...right, ...(never({ idleTimeout: 60 }) as object) }),
    'a time out of the environment': () => createSessionServer({ ...right, idleTimeoutMs: never('60000') }),
    'no issuer of logouts': () =>
      the.backchannel.backChannelLogout({ issuer: unset, clientId: 'panel', jwks: { keys: [] } }),
    'no keys of logouts': () =>
      the.backchannel.backChannelLogout({
        issuer: 'https://id.example.com/',
        clientId: 'panel',
        jwks: unset,
      }),
    'no file of sqlite': () => the.sqlite.sqliteServerStore({ path: unset }),
    'no client of Redis': () => the.redis.redisServerStore({ client: unset }),
    'no client of PostgreSQL': () => the.postgres.postgresServerStore({ client: unset }),

    'an address without a scheme': () => createSession({ baseUrl: 'chat.example.com', strategies }),
    'a path for an address': () => createSession({ baseUrl: '/api', strategies }),
    'plain http in public': () => createSessionServer({ ...right, publicUrl: 'http://admin.example.com/' }),
    'a login page outside of the panel': () =>
      createSessionServer({ ...right, publicUrl: `${SELF}/panel/`, loginPath: '/' }),
    'a provider over plain http': () => oauthProvider({ ...atProvider, server: 'http://id.example.com/' }),
    'a listener that does not know its origin': () =>
      the.node.toNodeListener(createSessionServer(right).handle, never({})),

    'a strategy that nobody called': () =>
      createSession({ baseUrl, strategies: { openid: never(the.librechat.openidStrategy) } }),
    'no strategies': () => createSession({ baseUrl, strategies: {} }),
    'a store that nobody called': () => createSession({ baseUrl, strategies, store: never(memoryStore) }),
    'a coordinator that nobody called': () =>
      createSession({ baseUrl, strategies, coordinator: never(inProcessCoordinator) }),
    'a recorder that nobody called': () =>
      createSession({ baseUrl, strategies, recorder: never(the.recorder.createRecorder) }),
    'signals that nobody called': () =>
      createBffSession({ baseUrl, facts: null, signals: never(the.browser.browserSignals) }),
    'a page that nobody called': () => createBffSession({ baseUrl, page: never(the.browser.browserPage) }),
    'a login that nobody called': () =>
      createSessionServer({ ...right, logins: { librechat: never(librechatLogin) } }),
    'options for a login': () =>
      createSessionServer({ ...right, logins: { librechat: never({ baseUrl: 'http://localhost:3080' }) } }),
    'no logins': () => createSessionServer({ ...right, logins: unset }),
    "a server's store that nobody called": () =>
      createSessionServer({ ...right, store: never(memoryServerStore) }),
    "a server's coordinator that nobody called": () =>
      createSessionServer({ ...right, coordinator: never(inProcessCoordinator) }),
    "a server's recorder that nobody called": () =>
      createSessionServer({ ...right, recorder: never(the.recorder.createRecorder) }),
    'telemetry that nobody called': () =>
      createSessionServer({ ...right, telemetry: never(the.opentelemetry.openTelemetry) }),
    'a key that nobody called': () => oauthProvider({ ...atProvider, dpop: never(the.dpop.dpopKey) }),
    'a provider that nobody called': () => createLogins(never(session()), { keycloak: never(oauthProvider) }),
    'the server where its handle belongs': () =>
      the.node.toNodeListener(never(createSessionServer(right)), { origin: SELF }),
    'a factory where its session belongs': () =>
      the.tanstackRouter.requireSession(never(createBffSession), { toLogin: () => 'login' }),
    'no session for react-admin': () => the.reactAdmin.reactAdminDataProvider(unset, {}),
    'no session for logins': () => createLogins(unset, { keycloak: oauthProvider(atProvider) }),
    'no session for an inspector': () => the.inspect.inspectSession(unset, {} as never),

    'a hook outside of its provider': () => rendered(() => the.react.useUser()),
    'a provider without a session': () =>
      renderToString(createElement(the.react.SessionProvider, { session: unset })),
    'a hook without logins': () => rendered(() => the.reactLogins.useLoginCallback(unset)),
    'a call of a page that is only rendered': () => createBffSession().fetch('/api/admin/users'),

    "Vite's page in place of the server": () =>
      asks(() => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } })),
    'no server there': () => asks(() => new Response('Not found', { status: 404 })),
    'the route folder of Next.js with single brackets': () => asks(() => html(404)),
    'a target of Vite’s proxy that is away': () =>
      asks(() => new Response(null, { status: 500, headers: { 'content-type': 'text/plain' } })),
    'a proxy in front of nobody': () => asks(() => html(502)),
    'a variable that a framework’s server lacks': () => asks(() => html(500)),
    'a guard that turns strangers away from the session, too': () => asks(() => Response.error()),
    'a 401 that nginx puts its own page in the place of': () => asks(() => html(401)),
    'a Caddy without a route': () => asks(() => new Response(null)),
    'nobody there at all': () =>
      asks(() => {
        throw new TypeError('fetch failed')
      }),
    'a page over http, a server that believes in https': () =>
      logsInFrom('http://localhost:3000', 'https://localhost:3000'),
    'a page at 127.0.0.1, a server that believes in localhost': () =>
      logsInFrom('http://127.0.0.1:3000', 'http://localhost:3000'),
  }
}
