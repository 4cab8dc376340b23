import { getRequestListener } from '@hono/node-server'
import { expect, onTestFinished, test } from 'vitest'
import { cookieStrategy, openidStrategy } from 'xstate-session/librechat'
import type { AccountName } from '../../examples/backend/accounts.ts'
import { listen } from '../../examples/backend/listen.ts'
import type { BackendOptions } from '../../examples/backend/startBackend.ts'
import { createPanel } from '../../examples/panel-refresh/panel.ts'
import type { SessionData } from '../../examples/panel-refresh/sealedCookie.ts'
import { testBackend } from '../backend/harness.ts'
import { fakeClock } from '../fakeClock.ts'

const MINUTE = 60_000

/** The panel and the backend, each behind a socket of its own; their clocks stand still until both are moved. */
async function world(knobs: BackendOptions['knobs'] = {}) {
  const backend = await testBackend(knobs)
  const clock = fakeClock(backend.now())
  let session: SessionData = {}
  const panel = createPanel({
    baseUrl: backend.url,
    strategies: { openid: openidStrategy(), librechat: cookieStrategy() },
    secret: 'a secret of at least thirty-two characters',
    clock,
    random: () => 0.5,
    wall: clock.wall,
    login: async () => session,
  })
  const server = await listen(0)
  onTestFinished(() => server.close())
  server.handle(getRequestListener(panel, { overrideGlobalObjects: false }))

  /** A browser: it keeps the last cookie that it was sent. */
  async function browser(of: SessionData) {
    session = of
    const take = (response: Response) => response.headers.getSetCookie()[0]?.split(';')[0]
    let cookie = take(await fetch(`${server.url}/login`, { method: 'POST' })) ?? ''
    return {
      async get(path = '/api/admin/users', headers: Record<string, string> = {}) {
        const response = await fetch(server.url + path, { headers: { ...headers, cookie } })
        cookie = take(response) ?? cookie
        return response.status
      },
      /** What this browser holds, in another one. */
      copy: () => cookie,
    }
  }

  async function openid(account: AccountName = 'openidAdmin'): Promise<SessionData> {
    const { token: bearer, user, ...rest } = await backend.loginOpenid(account)
    return { provider: 'openid', user, bearer, ...rest }
  }

  return {
    backend,
    browser,
    openid,
    presented: () => backend.log.presentations,
    pass(ms: number) {
      clock.advance(ms)
      backend.advance(ms)
    },
  }
}

const DUE = 15 * MINUTE - 20_000

test('a bearer that ends soon is renewed first, and each renewal spends the token of the one before', async () => {
  const { browser, openid, pass, presented } = await world()
  const { get } = await browser(await openid())
  expect(await get()).toBe(200)
  expect(presented()).toEqual([])
  for (let round = 0; round < 3; round++) {
    pass(DUE)
    expect(await get()).toBe(200)
  }
  expect(presented().map(({ outcome }) => outcome)).toEqual(['ok-rotated', 'ok-rotated', 'ok-rotated'])
  expect(new Set(presented().map((one) => one.tokenHash)).size).toBe(3)
})

test('a session of the cookie route is renewed after a 401, once', async () => {
  const { browser, backend, pass, presented } = await world()
  const { email, password } = backend.accounts.localAdmin
  const { token: bearer, user, refreshToken } = await backend.loginLocal(email, password)
  const { get } = await browser({ provider: 'librechat', user, bearer, refreshToken })
  pass(16 * MINUTE)
  backend.log.reset()
  expect(await get()).toBe(200)
  expect(presented()).toHaveLength(1)
  expect(backend.log.requests.map(({ path }) => path)).toEqual([
    '/api/admin/users',
    '/api/auth/refresh',
    '/api/admin/users',
  ])
})

test('the tenant of the request goes with the refresh', async () => {
  const { browser, openid, pass, presented } = await world()
  const { get } = await browser(await openid('openidAcme'))
  pass(DUE)
  expect(await get('/api/admin/users', { 'x-tenant-id': ' acme ' })).toBe(200)
  expect(presented().map(({ tenant }) => tenant)).toEqual(['acme'])
})

test('a 401 costs one refresh and one retry; where that does not help, it is the answer', async () => {
  const { backend, browser, openid, pass, presented } = await world()
  const { get } = await browser(await openid())
  backend.operator.invalidateBearers()
  pass(1_000)
  backend.log.reset()
  expect(await get()).toBe(200)
  expect(backend.log.requests.map(({ path, status }) => [path, status])).toEqual([
    ['/api/admin/users', 401],
    ['/api/admin/oauth/refresh', 200],
    ['/api/admin/users', 200],
  ])
  backend.operator.setProviderConnection('down')
  backend.operator.invalidateBearers()
  pass(MINUTE)
  backend.log.reset()
  expect(await get()).toBe(401)
  expect(presented()).toHaveLength(1)
  expect(backend.log.requests.filter(({ path }) => path === '/api/admin/users')).toHaveLength(1)
})

test('U36: a blip of the provider does not lock the user out', async () => {
  const { backend, browser, openid, pass, presented } = await world()
  const { get } = await browser(await openid())
  pass(16 * MINUTE)
  backend.operator.setProviderConnection('down')
  expect(await get()).toBe(401)
  backend.operator.setProviderConnection('up')
  expect(await get()).toBe(401)
  expect(presented()).toHaveLength(1)
  pass(15_000)
  expect(await get()).toBe(200)
  expect(presented().map(({ outcome }) => outcome)).toEqual(['unknown-to-client', 'ok-rotated'])
})

test('calls at once spend one token, and who comes later with the old cookie gets what it brought', async () => {
  const { browser, openid, pass, presented } = await world()
  const { get, copy } = await browser(await openid())
  const old = copy()
  pass(DUE)
  expect(await Promise.all(Array.from({ length: 10 }, () => get()))).toEqual(Array(10).fill(200))
  expect(copy()).not.toBe(old)
  expect(await get('/api/admin/users', {})).toBe(200)
  expect(presented()).toHaveLength(1)
})

test.each<[string, Partial<SessionData>, Record<string, string>, number]>([
  ['provider', { provider: 'librechat' }, {}, 2],
  ['user', { user: { id: 'somebody-else' } }, {}, 2],
  ['tenant', {}, { 'x-tenant-id': 'tenant-b' }, 2],
  ['refresh token', { refreshToken: 'another' }, {}, 2],
  // The bearer is what is replaced: two of them do not make one token worth two sends.
  ['bearer', { bearer: 'another' }, {}, 1],
])(
  'two sessions that differ in their %s make as many sends as they have tokens to spend',
  async (_, difference, headers, sends) => {
    const { backend, browser, openid, pass } = await world()
    const one = await openid()
    const first = await browser(one)
    const second = await browser({ ...one, ...difference })
    pass(DUE)
    backend.log.reset()
    await Promise.all([first.get(), second.get('/api/admin/users', headers)])
    const spent = backend.log.requests.filter(({ path }) => path.endsWith('/refresh'))
    expect(spent).toHaveLength(sends)
  },
)

test('what is over leaves nothing in the cookie', async () => {
  const { backend, browser, openid, pass, presented } = await world()
  const { get } = await browser(await openid())
  backend.operator.deleteUser('openidAdmin')
  pass(16 * MINUTE)
  expect(await get()).toBe(401)
  expect(await get()).toBe(401)
  expect(presented()).toHaveLength(1)
})
