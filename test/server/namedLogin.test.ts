import { once } from 'node:events'
import { get, type IncomingMessage, type ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { LoggedOut } from 'xstate-session'
import { memoryServerStore, type SessionServerOptions } from 'xstate-session/server'
import { withoutNamedLogin } from '../../src/server/namedLogin.ts'
import { fakeClock } from '../fakeClock.ts'
import { panelBefore } from './onPort.ts'
import { PANEL, world } from './world.ts'

const MINUTE = 60_000
const USERS = '/api/admin/users'
const OTHER = { error: 'other_login' }

/** A page that shows Ada, in a browser in which Tess has logged in since. */
async function switched(more: Partial<SessionServerOptions> = {}) {
  const all = await world()
  const { page, server, notices, open } = all.serve(more)
  await page.post('/session/login', all.backend.accounts.localAdmin)
  const adas = await page.login()
  const adasCookies = new Map(page.cookies)
  await page.post('/session/login', all.backend.accounts.tenantAdmin)
  const tess = await page.login()
  all.backend.log.reset()
  const asAda = { 'x-csrf': adas }
  /** A call of Ada's page: what comes back, and what has reached the backend. */
  const ask = async (
    method: string,
    path: string,
    headers: Record<string, string> = asAda,
    body?: string,
  ) => {
    const cookie = [...page.cookies].map((pair) => pair.join('=')).join('; ')
    const answer = await server.handle(
      new Request(new URL(path, PANEL), {
        method,
        headers: { cookie, origin: PANEL, ...headers },
        ...(body !== undefined && { body }),
      }),
    )
    return [answer.status, await answer.json().catch(() => undefined)]
  }
  return { ...all, page, server, notices, open, ask, adas, tess, adasCookies }
}

describe.each([[{}], [{ sealedCookies: true }]])('a page of A in the browser of B (%j)', (more) => {
  test.each([
    ['GET', USERS],
    ['POST', USERS],
    ['PUT', '/api/admin/settings'],
    ['DELETE', '/api/admin/users/1'],
    ['HEAD', USERS],
    ['POST', '/session/refresh'],
    ['GET', '/session/verify'],
    ['POST', '/session/logout'],
    ['POST', '/session/login'],
    ['POST', '/session/login/next'],
    ['POST', '/session/login/start'],
  ])('U3: %s %s is not done for B', async (method, path) => {
    const { ask, backend, page, notices, pass } = await switched(more)
    // A refresh is due, and a verification.
    pass(14.8 * MINUTE)
    const [status, body] = await ask(method, path)
    expect([status, body]).toEqual([409, OTHER])
    expect(backend.log.requests).toEqual([])
    expect(notices).toContainEqual({
      type: 'turnedAway',
      code: 'otherLogin',
      session: expect.any(String),
    })
    // B's session has noticed nothing.
    expect(await (await page.get('/session/')).json()).toMatchObject({ user: { name: 'Tess Tenant' } })
  })
})

describe('which login a request is for', () => {
  test('U3: whatever changes something must say so: that of nobody is not enough', async () => {
    const { ask, backend, tess } = await switched()
    for (const path of [USERS, '/session/refresh', '/session/logout'])
      expect(await ask('POST', path, { 'x-csrf': '1' }), path).toEqual([409, OTHER])
    expect(await ask('POST', USERS, {})).toMatchObject([403, { error: 'csrf' }])
    expect(backend.log.requests).toEqual([])
    const [status] = await ask('POST', '/session/refresh', { 'x-csrf': tess })
    expect(status).toBe(200)
  })

  test('U3: a page that believes in nobody gets no data of somebody, and may look', async () => {
    const { ask } = await switched()
    expect(await ask('GET', USERS, { 'x-csrf': '1' })).toEqual([409, OTHER])
    expect(await ask('GET', '/session/', { 'x-csrf': '1' })).toMatchObject([
      200,
      { user: { name: 'Tess Tenant' } },
    ])
  })

  test('U3: a look is for nobody: it tells who is there, and keeps nobody from going idle', async () => {
    const { ask, pass, tess } = await switched({ idleTimeoutMs: 30 * MINUTE })
    const active = { 'x-user-activity': '1' }
    for (let n = 0; n < 4; n++) {
      const [status, facts] = await ask('GET', '/session/')
      expect([status, facts]).toMatchObject([200, { login: tess }])
      pass(7 * MINUTE)
      await ask('GET', '/session/', { 'x-csrf': '1', ...active })
      if (n < 3) await ask('GET', '/session/', { 'x-csrf': 'A'.repeat(22), ...active })
    }
    pass(5 * MINUTE)
    expect(await ask('GET', '/session/', {})).toEqual([401, { error: 'no_session', reason: 'idle' }])
    expect(await ask('GET', '/session/')).toEqual([401, { error: 'no_session' }])
  })

  test('U3: what can set no header says it in the query, which the backend does not see', async () => {
    const { ask, backend, adas, tess, page } = await switched()
    const path = (login: string) => `${USERS}?q=a%20b&session-login=${login}&q=c+d&x`
    expect(await ask('GET', path(adas), {})).toEqual([409, OTHER])
    expect(await ask('GET', path('1'), {})).toEqual([409, OTHER])
    expect(await ask('GET', `${path(tess)}&session-login=${adas}`, {})).toEqual([409, OTHER])
    expect(await ask('GET', path(tess), { 'x-csrf': adas })).toEqual([409, OTHER])
    const seen: string[] = []
    backend.faults.inject(
      'data',
      { kind: 'edit', edit: async (answer) => answer },
      {
        times: 9,
        when: (request) => seen.push(request.url) > 0,
      },
    )
    expect((await ask('GET', path(tess), {}))[0]).toBe(200)
    expect((await page.get(USERS)).status).toBe(200)
    expect(seen.map((url) => url.slice(url.indexOf(USERS)))).toEqual([`${USERS}?q=a%20b&q=c+d&x`, USERS])
  })

  test.each([
    ['', ''],
    ['?', ''],
    ['?a=b', '?a=b'],
    ['?session-login=x', ''],
    ['?session%2Dlogin=x&a=%20', '?a=%20'],
    ['?a=session-login&session-login', '?a=session-login'],
    ['?Session-Login=x', '?Session-Login=x'],
  ])('U3: of %j the backend gets %j', (search, rest) => {
    expect(withoutNamedLogin(new URL(`http://x/${search}`).search)).toBe(rest)
  })

  test('U3: why a session ended is told to its own page, not to that of another login', async () => {
    const { ask, pass, tess } = await switched({ idleTimeoutMs: 30 * MINUTE })
    pass(31 * MINUTE)
    expect(await ask('POST', USERS, { 'x-csrf': tess })).toEqual([
      401,
      { error: 'no_session', reason: 'idle' },
    ])
    expect(await ask('POST', USERS)).toEqual([401, { error: 'no_session' }])
  })

  test('U3: a logout of a page whose login is over already is one', async () => {
    const { page } = (await world()).serve()
    const answer = await page.post('/session/logout', {}, { headers: { 'x-csrf': 'A'.repeat(22) } })
    expect([answer.status, await answer.json()]).toEqual([200, {}])
  })
})

describe('forms and server actions', () => {
  const requestOf = (page: { cookies: Map<string, string> }, headers = {}, query = '') =>
    new Request(`${PANEL}/action${query}`, {
      method: 'POST',
      headers: { cookie: [...page.cookies].map((pair) => pair.join('=')).join('; '), ...headers },
    })

  test('U3: what a form of A brings is not done for B', async () => {
    const { server, page, adas, tess, calls } = await switched()
    const mine = await server.getSession(requestOf(page), { login: tess })
    expect([mine.user?.name, mine.login]).toEqual(['Tess Tenant', tess])
    // A form that lacks the field has none of its own, either.
    for (const login of [adas, '', '1', undefined as never]) {
      const session = await server.getSession(requestOf(page), { login })
      expect([session.user, session.login]).toEqual([null, null])
      await expect(session.fetch(USERS)).rejects.toThrow(LoggedOut)
      await expect(session.getToken()).rejects.toMatchObject({ reason: 'elsewhere' })
      expect((await session.commit(new Response())).headers.getSetCookie()).toEqual([])
    }
    expect(calls(USERS)).toBe(0)
  })

  test('U3: nor what a call of its page brings, by header or query', async () => {
    const { server, page, adas, tess } = await switched()
    const userOf = async (request: Request) => (await server.getSession(request)).user?.name
    expect(await userOf(requestOf(page, { 'x-csrf': adas }))).toBeUndefined()
    expect(await userOf(requestOf(page, {}, `?session-login=${adas}`))).toBeUndefined()
    expect(await userOf(requestOf(page, { 'x-csrf': tess }))).toBe('Tess Tenant')
    // Whoever renders a page asks for nobody in particular.
    const looking = (headers = {}) => new Request(requestOf(page, headers), { method: 'GET' })
    expect(await userOf(looking())).toBe('Tess Tenant')
    expect(await userOf(looking({ 'x-csrf': '1' }))).toBe('Tess Tenant')
  })

  test('U3: what may change something, and says of no login that it is for it, has no session', async () => {
    const { server, page, notices, calls } = await switched()
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      for (const headers of [{}, { 'x-csrf': '1' }]) {
        const request = new Request(requestOf(page, headers), { method })
        const session = await server.getSession(request)
        expect([session.user, session.login], method).toEqual([null, null])
        await expect(session.fetch(USERS)).rejects.toThrow(LoggedOut)
        // What such a request is answered with may be rendered for whoever is there.
        const shown = await server.getSession(request, { readOnly: true })
        expect(shown.user?.name, method).toBe('Tess Tenant')
      }
    expect(calls(USERS)).toBe(0)
    expect(notices).toContainEqual({ type: 'turnedAway', code: 'otherLogin', session: expect.any(String) })
  })
})

describe('streams', () => {
  /** A panel whose backend opens a stream and says one word in it. */
  async function streaming(more: Partial<SessionServerOptions> = {}) {
    const clock = fakeClock(Date.now())
    const streams: ServerResponse[] = []
    let closed = 0
    const store = memoryServerStore({ clock })
    const panel = await panelBefore(
      (incoming, outgoing) => {
        if (!incoming.url?.startsWith('/api/admin/events')) return void outgoing.end('{}')
        outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
        outgoing.write('data: a\n\n')
        outgoing.on('close', () => closed++)
        streams.push(outgoing)
      },
      { clock, store, ...more },
    )
    const request = get(`${panel.url}/api/admin/events?session-login=${panel.csrf}`, {
      headers: { cookie: panel.cookie },
    })
    const [answer] = (await once(request, 'response')) as [IncomingMessage]
    const parts = answer.setEncoding('utf8')[Symbol.asyncIterator]()
    const next = async (): Promise<string | undefined> => (await parts.next()).value
    expect(await next()).toBe('data: a\n\n')
    const post = (path: string, csrf: string, body = '{}', url = panel.url) =>
      fetch(url + path, {
        method: 'POST',
        headers: { cookie: panel.cookie, 'content-type': 'application/json', 'x-csrf': csrf },
        body,
      })
    return { ...panel, clock, store, next, post, streams, closed: () => closed }
  }

  test.each([
    ['its user logs out', '/session/logout'],
    ['another login replaces its session', '/session/login'],
  ])('U3: a stream breaks off when %s, here and at the backend', async (_, path) => {
    const { next, post, csrf, closed } = await streaming()
    const isLogin = path.endsWith('login')
    const answer = await post(path, isLogin ? '1' : csrf, '{"email":"b","password":"p"}')
    expect(answer.status).toBe(200)
    // It does not look as if it were complete.
    await expect(next()).rejects.toThrow()
    await expect.poll(closed).toBe(1)
  })

  test('U3: a stream breaks off soon after its session ended by time, or in another process', async () => {
    for (const how of ['idle', 'elsewhere']) {
      const { next, clock, closed, store, cookie, csrf, backend, streams } = await streaming({
        idleTimeoutMs: 30 * MINUTE,
      })
      if (how === 'elsewhere') {
        const { serve } = await world()
        const other = serve({ store, clock, baseUrl: backend, publicUrl: 'http://localhost/' }).server
        const logout = await other.handle(
          new Request('http://localhost/session/logout', {
            method: 'POST',
            headers: { cookie, 'x-csrf': csrf },
          }),
        )
        expect(logout.status).toBe(200)
        streams[0]?.write('data: b\n\n')
        expect(await next()).toBe('data: b\n\n')
      }
      const over = expect(next()).rejects.toThrow()
      for (let ms = 0; ms < (how === 'idle' ? 31 * MINUTE : 15_000); ms += 15_000) {
        clock.advance(15_000)
        await new Promise(setImmediate)
      }
      await over
      await expect.poll(closed).toBe(1)
      expect(clock.pending().filter(({ inMs }) => inMs === 15_000)).toEqual([])
    }
  })

  test('U3: a store that hears of ends elsewhere ends it at once, and is asked no more when nothing flows', async () => {
    const inner = memoryServerStore()
    const watched = new Map<string, () => void>()
    const { next, clock, closed } = await streaming({
      store: {
        ...inner,
        watch(key, onChange, awaitedMs) {
          expect(awaitedMs).toBeUndefined()
          watched.set(key, onChange)
          return () => void watched.delete(key)
        },
      },
    })
    const [[key = '', hint = () => {}] = []] = watched
    // Of one that lives nothing is said.
    hint()
    const found = await inner.read(key)
    await inner.compareAndSet(key, found?.revision ?? 0, { value: '', expiresAt: 0 })
    const over = expect(next()).rejects.toThrow()
    hint()
    await over
    await expect.poll(closed).toBe(1)
    expect([watched.size, clock.pending()]).toEqual([0, []])
  })

  test('U3: a store that is away ends no stream', async () => {
    const inner = memoryServerStore()
    let isAway = false
    const { next, clock, streams } = await streaming({
      store: { ...inner, read: (key) => (isAway ? Promise.reject(new Error('away')) : inner.read(key)) },
    })
    isAway = true
    clock.advance(15_000)
    await new Promise(setImmediate)
    streams[0]?.end('data: z\n\n')
    expect([await next(), await next()]).toEqual(['data: z\n\n', undefined])
  })
})
