import { describe, expect, test } from 'vitest'
import type { RefreshOutcome } from 'xstate-session'
import {
  createSessionServer,
  type ForwardAuthOptions,
  memoryServerStore,
  type ServerNotice,
  type SessionServerOptions,
} from 'xstate-session/server'
import { browser } from './browser.ts'
import { movableClock, PANEL, SECRET } from './world.ts'

const MINUTE = 60_000
const PROXY_SECRET = 'a secret of the proxy, which no page knows'
const user = { id: 'u1', name: 'Zoë, 100%', roles: ['a', 'b,c'], level: 3, nested: { secret: 'x' } }

async function world(forwardAuth?: ForwardAuthOptions, more: Partial<SessionServerOptions> = {}) {
  const clock = movableClock()
  const notices: ServerNotice[] = []
  let refreshes = 0
  const outcome = (): RefreshOutcome => ({
    kind: 'ok',
    bearer: `bearer-${++refreshes + 1}`,
    refreshToken: `r${refreshes}`,
    user,
    life: { expiresIn: 600 },
  })
  const logins: SessionServerOptions['logins'] = {
    staff: () => ({
      identity: 'here',
      apiUrl: 'https://api.example/',
      strategies: { own: { needsRefreshToken: true, refresh: async () => outcome() } },
      submit: async () => ({
        done: {
          answer: { token: 'bearer-1', refreshToken: 'r0', user, expiresIn: 600 },
          strategy: 'own',
        },
      }),
    }),
  }
  const server = createSessionServer({
    publicUrl: PANEL,
    secrets: [SECRET],
    logins,
    user: {
      '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: value as typeof user }) },
    },
    api: { '/api/': { target: 'https://api.example/', logins: ['staff'] } },
    clock,
    fetch: async () => Response.json({}),
    observe: (notice) => notices.push(notice),
    ...(forwardAuth && { forwardAuth }),
    ...more,
  })
  const page = browser((request) => server.handle(request), PANEL)
  await page.post('/session/login', {})
  /** As nginx asks for a request of a page. */
  const ask = (method = 'GET', headers: Record<string, string> = {}, path = '/reports/1') =>
    page.get('/session/auth', {
      headers: { 'x-original-method': method, 'x-original-uri': path, ...headers },
    })
  return { server, logins, clock, notices, page, ask, refreshes: () => refreshes }
}

const own = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }

describe('GET session/auth', () => {
  test('answers 204 with nothing but that, 401 without a session, and is kept by no cache', async () => {
    const { server, ask } = await world()
    const answer = await ask()
    expect(answer.status).toBe(204)
    expect([...answer.headers.keys()].sort()).toEqual([
      'cache-control',
      'content-security-policy',
      'cross-origin-opener-policy',
      'vary',
      'x-content-type-options',
    ])
    const stranger = new Request(`${PANEL}/session/auth`, {
      headers: { 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/reports/1' },
    })
    expect((await server.handle(stranger)).status).toBe(401)
  })

  test('tells what the option lists, and each of that, so that a client’s own header is replaced', async () => {
    const headers = {
      'X-User-Id': 'id',
      'Remote-Name': 'name',
      'X-Roles': 'roles',
      'X-Level': 'level',
      'X-None': 'email',
      'X-Nested': 'nested',
    }
    const { ask } = await world({ headers })
    const answer = await ask('GET', { 'x-user-id': 'somebody else' })
    expect(Object.keys(headers).map((name) => answer.headers.get(name))).toEqual([
      'u1',
      'Zo%C3%AB, 100%25',
      'a,b%2Cc',
      '3',
      '',
      '',
    ])
    expect(answer.headers.has('authorization')).toBe(false)
  })

  test.each([
    ['a page reads', 'GET', own, 204],
    [
      'somebody follows a link of another site',
      'GET',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
      204,
    ],
    [
      'a script of another site reads',
      'GET',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' },
      403,
    ],
    ['a page of ours writes', 'POST', own, 204],
    ['a page of ours writes in an old browser', 'POST', { origin: PANEL }, 204],
    [
      'a form of another site writes',
      'POST',
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
      403,
    ],
    [
      'a sibling domain writes',
      'DELETE',
      { origin: 'https://evil.example', 'sec-fetch-site': 'same-site' },
      403,
    ],
    ['nobody says from where it is written', 'POST', {}, 403],
    [
      'a WebSocket of another site opens',
      'GET',
      { origin: 'https://evil.example', 'sec-fetch-mode': 'websocket' },
      403,
    ],
    ['a page of ours opens a WebSocket', 'GET', { origin: PANEL, upgrade: 'websocket' }, 204],
    [
      'another site opens one that the proxy passes on as such',
      'GET',
      { origin: 'https://evil.example', upgrade: 'websocket' },
      403,
    ],
    ['the methods differ', 'GET', { 'x-forwarded-method': 'POST' }, 403],
    ['there is no such method', 'G T', {}, 403],
  ])('where %s', async (_, method, headers, status) => {
    const { ask, notices } = await world()
    expect((await ask(method, headers as unknown as Record<string, string>)).status).toBe(status)
    const told = notices.some((notice) => notice.type === 'turnedAway')
    expect(told).toBe(status === 403 && method !== 'G T' && !('x-forwarded-method' in headers))
  })

  test('is for nobody where the proxy does not say what is asked for', async () => {
    const { page } = await world()
    const answer = await page.get('/session/auth')
    expect(answer.status).toBe(403)
    expect(await answer.json()).toMatchObject({ error: 'unknown_request' })
    const absolute = await page.get('/session/auth', {
      headers: { 'x-original-method': 'GET', 'x-original-uri': 'https://evil.example/' },
    })
    expect(absolute.status).toBe(403)
  })

  test('is for the login that the page shows, and for no other', async () => {
    const { ask, page } = await world()
    const login = await page.login()
    expect((await ask('GET', own, `/reports/1?session-login=${login}`)).status).toBe(204)
    const other = await ask('GET', own, `/reports/1?session-login=${'x'.repeat(22)}`)
    expect([other.status, await other.json()]).toEqual([401, { error: 'other_login' }])
  })

  test('refreshes nothing; polling keeps no session, and a navigation does', async () => {
    const { ask, clock, refreshes } = await world()
    const visit = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' }
    clock.pass(20 * MINUTE)
    for (const method of ['GET', 'POST', 'GET']) expect((await ask(method, own)).status).toBe(204)
    expect((await ask('GET', visit)).status).toBe(204)
    clock.pass(20 * MINUTE)
    expect((await ask('POST', own)).status).toBe(204)
    clock.pass(11 * MINUTE)
    expect((await ask('POST', own)).status).toBe(401)
    expect(refreshes()).toBe(0)
  })

  test('gives a bearer to a proxy that shows the secret, and to no page; fifty at once are one refresh', async () => {
    const { ask, clock, refreshes } = await world({ bearerSecret: PROXY_SECRET })
    const shown = { ...own, 'x-forward-auth-secret': PROXY_SECRET }
    expect((await ask('GET', own)).headers.has('authorization')).toBe(false)
    const wrong = { ...own, 'x-forward-auth-secret': `${PROXY_SECRET}x` }
    expect((await ask('GET', wrong)).headers.has('authorization')).toBe(false)
    expect((await ask('GET', shown)).headers.get('authorization')).toBe('Bearer bearer-1')
    clock.pass(11 * MINUTE)
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask('GET', shown)))
    expect(new Set(answers.map(({ headers }) => headers.get('authorization')))).toEqual(
      new Set(['Bearer bearer-2']),
    )
    expect(refreshes()).toBe(1)
    const without = await world()
    expect((await without.ask('GET', shown)).headers.has('authorization')).toBe(false)
  })

  test('is for users of the logins that are listed: an id may be somebody else’s at another login', async () => {
    const { logins } = await world()
    const guests: SessionServerOptions['logins'][string] = () => ({
      ...{ identity: 'there', apiUrl: 'https://other.example/' },
      strategies: {
        own: { needsRefreshToken: true, refresh: async () => ({ kind: 'unsupported', forGood: true }) },
      },
    })
    const more = { logins: { ...logins, guests } }
    const headers = { 'X-Id': 'id' }
    await expect(world({ headers }, more)).rejects.toThrow(/"forwardAuth".*there are several.*"staff"/)
    await expect(world({ headers, logins: ['nobody'] }, more)).rejects.toThrow(/"nobody"/)
    const listed = await world({ headers, logins: ['staff'] }, more)
    expect((await listed.ask()).headers.get('x-id')).toBe('u1')
    const other = await world({ headers, logins: ['guests'], bearerSecret: PROXY_SECRET }, more)
    const answer = await other.ask('GET', { ...own, 'x-forward-auth-secret': PROXY_SECRET })
    expect([answer.status, await answer.json()]).toEqual([403, { error: 'other_login_api' }])
    expect(answer.headers.has('x-id')).toBe(false)
  })

  test('takes only headers and secrets that can be meant', async () => {
    await expect(world({ headers: { Authorization: 'id' } })).rejects.toThrow(
      /must begin with "X-" or "Remote-"/,
    )
    await expect(world({ bearerSecret: 'short' })).rejects.toThrow(/at least 32 characters/)
    const sealed = world({ bearerSecret: PROXY_SECRET }, { sealedCookies: true })
    await expect(sealed).rejects.toThrow(/"sealedCookies" and "forwardAuth.bearerSecret"/)
  })
})

describe('GET session/health', () => {
  const ask = (server: Awaited<ReturnType<typeof world>>['server']) =>
    server.handle(new Request(`${PANEL}/session/health`))

  test('says ready, then draining, and nothing of any session', async () => {
    const { server } = await world()
    const ready = await ask(server)
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }])
    expect(ready.headers.get('cache-control')).toBe('no-store')
    expect(ready.headers.has('set-cookie')).toBe(false)
    await server.drain()
    const draining = await ask(server)
    expect([draining.status, await draining.json()]).toEqual([503, { error: 'draining' }])
    expect(draining.headers.get('connection')).toBe('close')
  })

  test('U91: answers a monitor that asks by HEAD, and nothing else does', async () => {
    const { server } = await world()
    const head = (path: string) => server.handle(new Request(`${PANEL}${path}`, { method: 'HEAD' }))
    expect((await head('/session/health')).status).toBe(200)
    for (const path of ['/session/', '/session/login/start', '/session/auth', '/auth/openid/callback'])
      expect((await head(path)).status).toBe(404)
    await server.drain()
    expect((await head('/session/health')).status).toBe(503)
  })

  test('says that the store is away, and asks it once a second, however many ask', async () => {
    let isAway = false
    let reads = 0
    const memory = memoryServerStore()
    const store = {
      ...memory,
      async read(key: string) {
        if (key === 'health') reads++
        if (isAway) throw new Error('away')
        return memory.read(key)
      },
    }
    const { server, clock, notices } = await world(undefined, { store })
    await Promise.all(Array.from({ length: 100 }, () => ask(server)))
    expect(reads).toBe(1)
    isAway = true
    expect((await ask(server)).status).toBe(200)
    clock.pass(1_000)
    const away = await ask(server)
    expect([away.status, await away.json()]).toEqual([503, { error: 'store_away' }])
    isAway = false
    clock.pass(1_000)
    expect((await ask(server)).status).toBe(200)
    expect(notices.filter(({ type }) => type === 'storeFailed')).toEqual([])
  })

  test('does not wait for a store that hangs', async () => {
    const timers: (() => void)[] = []
    const own = {
      needsRefreshToken: true,
      refresh: async (): Promise<RefreshOutcome> => ({ kind: 'refused', cause: 'unavailable' }),
    }
    const server = createSessionServer({
      publicUrl: PANEL,
      secrets: [SECRET],
      logins: { staff: () => ({ identity: 'here', apiUrl: 'https://api.example/', strategies: { own } }) },
      store: { ...memoryServerStore(), read: () => new Promise<never>(() => {}) },
      clock: {
        wall: () => 1_000,
        monotonic: () => 1_000,
        setTimer(fire) {
          timers.push(fire)
          return () => {}
        },
      },
    })
    const asking = ask(server as never)
    await expect.poll(() => timers.length).toBeGreaterThan(0)
    for (const fire of timers) fire()
    expect((await asking).status).toBe(503)
  })
})
