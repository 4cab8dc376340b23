import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createSession, memoryStore, type Session, sessionOf } from 'xstate-session'
import { openidStrategy } from 'xstate-session/librechat'
import type { Logins } from 'xstate-session/oauth'
import type { SessionServer } from 'xstate-session/server'
import { accounts } from '../../examples/backend/accounts.ts'
import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'
import { startPageProvider } from '../../examples/embed/provider.ts'
import type { ConformanceCase } from '../../src/testing/conformanceCase.ts'
import { browser } from '../server/browser.ts'
import { onPort } from '../server/onPort.ts'
import { SECRET } from '../server/world.ts'
import { wayBack } from '../signin/wayBack.ts'
import { type Replacements, runSample } from './samples.ts'

const PANEL = 'https://admin.example.com'
const USERS = '/api/admin/users'

/** A part of each sample of each page, by which it is found. */
const SAMPLES = {
  'README.md': {
    page: 'createOpenidLogins(',
    oauth: 'oauthProvider',
    librechatServer: 'librechatLogin(',
    behindServer: 'createBffSession',
    oauthServer: 'oauthLogin(',
  },
  'docs/browser.md': { behindServer: 'browserPage()', sharedVault: "vault: 'shared'" },
  'docs/guide.md': {
    logins: 'refreshTokenFromCookies',
    users: 'z.infer<typeof user>',
    browserOptions: 'browserOptions',
    ownMachine: 'createSessionLogic',
    coordinator: 'inProcessCoordinator',
    oauth: 'oauthProfiles',
    conformance: 'strategyConformance',
    mock: 'backend.expireBearers()',
    mockKnobs: 'backend.failNext',
    schemas: 'loginAnswerSchema',
  },
} as const

type Page = keyof typeof SAMPLES

async function backendFor(): Promise<Backend> {
  const backend = await startBackend({ panelUrl: PANEL })
  onTestFinished(async () => {
    vi.unstubAllGlobals()
    vi.unstubAllEnvs()
    await backend.close()
  })
  return backend
}

const at = (backend: Backend): Replacements => ({ 'https://chat.example.com': backend.url })

const VERIFIER = 'v'.repeat(43)

/** The page to which the backend has sent a browser, with a code in its address; it names its origin, as browsers do. */
async function onCallbackPage(backend: Backend, verifier: string | null = VERIFIER): Promise<void> {
  const start = new URL('/api/admin/oauth/openid', backend.url)
  if (verifier) start.searchParams.set('code_challenge', createHash('sha256').update(verifier).digest('hex'))
  const url = await browser(async () => new Response(), PANEL).elsewhere(start, accounts.openidAdmin.sub)
  vi.stubGlobal('location', url)
  vi.stubGlobal('sessionStorage', { getItem: (name: string) => (name === 'verifier' ? verifier : null) })
  const { fetch } = globalThis
  vi.stubGlobal('fetch', (input: RequestInfo, init?: RequestInit) =>
    fetch(input, { ...init, headers: { ...(init?.headers as object), origin: PANEL } }),
  )
}

const disposed = (session: Session) => onTestFinished(() => session.dispose())

/** A page of the panel at `url`, which may leave, be called otherwise, and keep something for its tab. */
function inPage(url: string, kept = new Map<string, string>()) {
  const page = {
    href: url,
    origin: PANEL,
    assign(to: string) {
      page.href = to
    },
  }
  vi.stubGlobal('location', page)
  vi.stubGlobal('history', {
    state: null,
    replaceState(_: unknown, __: string, to: string) {
      page.href = PANEL + to
    },
  })
  vi.stubGlobal('sessionStorage', {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  })
  return page
}

test('U63: README.md: an OpenID login in a page, and a call', async () => {
  const backend = await backendFor()
  const page = inPage(`${PANEL}/orders`)
  const said: unknown[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((word) => void said.push(word))
  onTestFinished(() => log.mockRestore())
  const visit = () =>
    runSample<{ readonly session: Session }>('README.md', SAMPLES['README.md'].page, at(backend), ['session'])
  disposed((await visit()).session)
  page.href = (
    await browser(async () => new Response(), PANEL).elsewhere(page.href, accounts.openidAdmin.sub)
  ).href
  const { session } = await visit()
  disposed(session)
  expect(page.href).toBe(`${PANEL}/orders`)
  expect(said).toEqual([expect.objectContaining({ status: 200 })])
  expect(session.getSnapshot()).toMatchObject({ state: 'active', provider: 'openid' })
})

test('U1: README.md: a code that somebody else has obtained logs nobody in', async () => {
  const backend = await backendFor()
  inPage(`${PANEL}/auth/openid/callback?code=${'a'.repeat(64)}`)
  const sample = runSample('README.md', SAMPLES['README.md'].page, at(backend))
  await expect(sample).rejects.toMatchObject({ reason: 'unknown_attempt' })
  expect(backend.log.requests).toEqual([])
})

test('U63: README.md: a login at any provider', async () => {
  const provider = await startPageProvider({
    redirectUri: `${PANEL}/callback`,
    postLogoutRedirectUri: `${PANEL}/`,
  })
  onTestFinished(async () => {
    vi.unstubAllGlobals()
    await provider.close()
  })
  const page = inPage(`${PANEL}/orders`)
  const { logins, session } = await runSample<{
    readonly logins: Logins<'keycloak'>
    readonly session: Session
  }>('README.md', SAMPLES['README.md'].oauth, { 'https://id.example.com/realms/staff': provider.issuer }, [
    'logins',
    'session',
  ])
  disposed(session)
  const asked = new URL(page.href)
  asked.searchParams.set('login_hint', 'ada')
  page.href = await wayBack(asked.href, undefined, `${PANEL}/callback`)
  expect(await logins.handleCallback()).toEqual({ returnTo: '/orders' })
  expect(page.href).toBe(`${PANEL}/callback`)
  expect(session.getSnapshot()).toMatchObject({ state: 'active', user: { id: 'ada' } })
})

type ServerModule = { readonly default: { fetch: SessionServer['handle'] } }

test('U63: README.md: a server at LibreChat', async () => {
  const backend = await backendFor()
  vi.stubEnv('SESSION_SECRET', SECRET)
  const { default: module } = await runSample<ServerModule>(
    'README.md',
    SAMPLES['README.md'].librechatServer,
    { 'http://librechat:3080': backend.url },
  )
  const page = browser((request) => module.fetch(request), PANEL)
  expect((await page.post('/session/login', backend.accounts.localAdmin)).status).toBe(200)
  expect((await page.get(USERS)).status).toBe(200)
})

test('U63: README.md: a page behind its server', async () => {
  const asked: string[] = []
  vi.stubGlobal('location', new URL(PANEL))
  vi.stubGlobal('fetch', async (input: RequestInfo) => {
    asked.push(input instanceof Request ? input.url : String(input))
    return Response.json({ error: { code: 'no_session' } }, { status: 401 })
  })
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  onTestFinished(() => {
    log.mockRestore()
    vi.unstubAllGlobals()
  })
  const { session } = await runSample<{ readonly session: Session }>(
    'README.md',
    SAMPLES['README.md'].behindServer,
    {},
    ['session'],
  )
  disposed(session)
  await expect.poll(() => asked.length).toBe(1)
  expect(new URL(asked[0] ?? '', PANEL).pathname).toMatch(/^\/session\/?$/)
})

test('U63: README.md: a server at any provider', async () => {
  const provider = await startPageProvider({
    clientSecret: SECRET,
    redirectUri: `${PANEL}/session/callback/staff`,
    postLogoutRedirectUri: `${PANEL}/`,
  })
  onTestFinished(async () => {
    vi.unstubAllEnvs()
    await provider.close()
  })
  const api = await onPort(async (request, response) => {
    response.end(await provider.subjectOf(`${request.headers.authorization?.slice('Bearer '.length)}`))
  })
  vi.stubEnv('SESSION_SECRET', SECRET)
  vi.stubEnv('CLIENT_SECRET', SECRET)
  const { default: module } = await runSample<ServerModule>('README.md', SAMPLES['README.md'].oauthServer, {
    'https://id.example.com/realms/staff': provider.issuer,
    'http://api:8080': api.url,
  })
  const page = browser((request) => module.fetch(request), PANEL)
  await page.openid({}, 'ada')
  expect(await (await page.get('/api/orders')).text()).toBe('ada')
})

test('U63: docs/browser.md: a page behind its server, and one with a vault for all tabs', async () => {
  const backend = await backendFor()
  vi.stubGlobal('location', new URL(backend.url))
  const behind = await runSample<{ readonly session: Session }>(
    'docs/browser.md',
    SAMPLES['docs/browser.md'].behindServer,
    {},
    ['session'],
  )
  disposed(behind.session)
  expect(behind.session.getSnapshot().isPending).toBe(true)
  const { session } = await runSample<{ readonly session: Session }>(
    'docs/browser.md',
    SAMPLES['docs/browser.md'].sharedVault,
    at(backend),
    ['session'],
  )
  disposed(session)
  await session.login(await backend.loginOpenid('openidAdmin'), { provider: 'openid' })
  expect((await session.fetch(USERS)).status).toBe(200)
})

test('U63: docs/guide.md: logins by OpenID and by password', async () => {
  const backend = await backendFor()
  const { session, onCallback, onPassword } = await runSample<{
    readonly session: Session
    onCallback(codeVerifier: string | null): Promise<void>
    onPassword(email: string, password: string): Promise<void>
  }>('docs/guide.md', SAMPLES['docs/guide.md'].logins, at(backend), ['session', 'onCallback', 'onPassword'])
  disposed(session)
  const { email, password } = backend.accounts.localAdmin
  await onPassword(email, password)
  expect(session.getSnapshot()).toMatchObject({ provider: 'librechat', user: { email } })
  backend.operator.invalidateBearers()
  expect((await session.fetch(USERS)).status).toBe(200)
  await onCallbackPage(backend)
  // U1: whatever any website has brought here.
  await expect(onCallback(null)).rejects.toThrow('No login began in this tab.')
  expect(session.getSnapshot().provider).toBe('librechat')
  await onCallback(VERIFIER)
  expect(session.getSnapshot().provider).toBe('openid')
  expect((await session.fetch(USERS)).status).toBe(200)
})

test('U63 and U50: docs/guide.md: users by a schema', async () => {
  const backend = await backendFor()
  const said: unknown[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((word) => void said.push(word))
  onTestFinished(() => log.mockRestore())
  const { session } = await runSample<{ readonly session: Session }>(
    'docs/guide.md',
    SAMPLES['docs/guide.md'].users,
    at(backend),
    ['session'],
  )
  disposed(session)
  await session.login(await backend.loginOpenid('openidAdmin'), { provider: 'openid' })
  await session.logout()
  expect(said).toEqual([
    expect.stringMatching(/^\S+@\S+ has logged in by openid$/),
    'Nobody is logged in: user',
  ])
})

test('U63: docs/guide.md: options for a page', async () => {
  const backend = await backendFor()
  const types: unknown[] = []
  const info = vi.spyOn(console, 'info').mockImplementation((type) => void types.push(type))
  onTestFinished(() => info.mockRestore())
  const { session } = await runSample<{ readonly session: Session }>(
    'docs/guide.md',
    SAMPLES['docs/guide.md'].browserOptions,
    at(backend),
    ['session'],
  )
  disposed(session)
  await session.login(await backend.loginOpenid('openidAdmin'), { provider: 'openid' })
  await session.refresh()
  expect(types).toContain('refreshed')
})

test('U63: docs/guide.md: inside a machine of one’s own', async () => {
  const backend = await backendFor()
  vi.stubGlobal('loginAnswer', await backend.loginOpenid('openidAdmin'))
  const { ref } = await runSample<{ readonly ref: Parameters<typeof sessionOf>[0] }>(
    'docs/guide.md',
    SAMPLES['docs/guide.md'].ownMachine,
    {
      ...at(backend),
      'if (ref) await sessionOf(ref).fetch':
        "if (ref) await sessionOf(ref).login((globalThis as any).loginAnswer, { provider: 'openid' })\nif (ref) await sessionOf(ref).fetch",
    },
    ['ref'],
  )
  expect(sessionOf(ref).getSnapshot().isAuthenticated).toBe(true)
  sessionOf(ref).dispose()
})

test('U63: docs/guide.md: several sessions over one store', async () => {
  const backend = await backendFor()
  const store = memoryStore()
  const first = createSession({ baseUrl: backend.url, strategies: { openid: openidStrategy() }, store })
  disposed(first)
  await first.login(await backend.loginOpenid('openidAdmin'), { provider: 'openid' })
  vi.stubGlobal('filledStore', store)
  const { session } = await runSample<{ readonly session: Session }>(
    'docs/guide.md',
    SAMPLES['docs/guide.md'].coordinator,
    {
      ...at(backend),
      'memoryStore() //': '(globalThis as any).filledStore as ReturnType<typeof memoryStore> //',
    },
    ['session'],
  )
  disposed(session)
  expect((await session.fetch(USERS)).status).toBe(200)
})

test('U63: docs/guide.md: another provider', async () => {
  const { session } = await runSample<{ readonly session: Session }>(
    'docs/guide.md',
    SAMPLES['docs/guide.md'].oauth,
    {},
    ['session'],
  )
  disposed(session)
  expect(session.getSnapshot().state).toBe('loggedOut')
})

test('U63: docs/guide.md: the suite for a strategy of one’s own', async () => {
  const { suite } = await runSample<{ readonly suite: readonly ConformanceCase[] }>(
    'docs/guide.md',
    SAMPLES['docs/guide.md'].conformance,
    { 'for (const { name, run } of suite) test(name, run)': '' },
    ['suite'],
  )
  expect(suite.length).toBeGreaterThan(10)
  for (const { run } of suite) await run()
})

test('U63: docs/guide.md: a fake backend, and its knobs', async () => {
  type Mock = { readonly server: { close(): void }; readonly session: Session; readonly users: Response }
  const mock = await runSample<Mock>('docs/guide.md', SAMPLES['docs/guide.md'].mock, {}, [
    'server',
    'session',
    'users',
  ])
  mock.server.close()
  mock.session.dispose()
  expect(mock.users.status).toBe(200)
  const knobs = await runSample<{ readonly server: { close(): void }; readonly sends: readonly string[] }>(
    'docs/guide.md',
    SAMPLES['docs/guide.md'].mockKnobs,
    {},
    ['server', 'sends'],
  )
  knobs.server.close()
  expect(knobs.sends).toEqual([])
})

test('U63: docs/guide.md: the schema of a login', async () => {
  const backend = await backendFor()
  const said: unknown[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((...words) => void said.push(words))
  onTestFinished(() => log.mockRestore())
  const logIn = (account: { readonly email: string; readonly password: string }) =>
    runSample('docs/guide.md', SAMPLES['docs/guide.md'].schemas, {
      'http://localhost:3080': backend.url,
      'ada@example.com': account.email,
      'correct horse': account.password,
    })
  const { email, password } = accounts.localAdmin
  await logIn({ email, password })
  await logIn({ email, password: 'wrong' })
  expect(said).toEqual([
    ['Logged in:', email],
    ['No answer of a login:', expect.arrayContaining([expect.objectContaining({ path: ['token'] })])],
  ])
})

test.each(Object.keys(SAMPLES) as Page[])('U63: no sample of %s is left out', async (page) => {
  const text = await readFile(new URL(`../../${page}`, import.meta.url), 'utf8')
  const samples = [...text.matchAll(/^```tsx?\n(.*?)^```$/gms)].map(([, code = '']) => code)
  const parts = Object.values<string>(SAMPLES[page])
  expect(samples).toHaveLength(parts.length)
  expect(samples.filter((sample) => !parts.some((part) => sample.includes(part)))).toEqual([])
})
