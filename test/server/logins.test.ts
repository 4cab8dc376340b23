import { ClientSecretBasic } from 'oauth4webapi'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { librechatLogin } from 'xstate-session/librechat-login'
import { type OauthLoginOptions, oauthLogin } from 'xstate-session/oauth-login'
import {
  createSessionServer,
  memoryServerStore,
  type ServerNotice,
  type SessionServerOptions,
} from 'xstate-session/server'
import { type PageProvider, startPageProvider } from '../../examples/embed/provider.ts'
import { browser } from './browser.ts'
import { movableClock, PANEL, SECRET } from './world.ts'

const CLIENT_SECRET = 'the secret of a confidential client'
const CALLBACK = '/session/callback/staff'

/** A provider with one confidential client, and servers that log users in there. */
async function world(providerOptions: { readonly isPushed?: boolean } = {}) {
  const provider: PageProvider = await startPageProvider({
    redirectUri: `${PANEL}${CALLBACK}`,
    postLogoutRedirectUri: `${PANEL}/login`,
    clientSecret: CLIENT_SECRET,
    ...providerOptions,
  })
  onTestFinished(() => provider.close())
  const clock = movableClock()
  /** What the API saw: the path and whose bearer came. */
  const calls: [string, string | undefined][] = []
  /** What was sent, by path. */
  const sent: string[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const url = new URL(request.url)
    sent.push(`${request.method} ${url.pathname}`)
    if (url.origin !== 'https://api.example:8080') return globalThis.fetch(request)
    const bearer = request.headers.get('authorization')?.replace('Bearer ', '') ?? ''
    calls.push([`${url.pathname}${url.search}`, await provider.subjectOf(bearer)])
    return Response.json({ ok: true })
  }
  const staff = (more: Partial<OauthLoginOptions> = {}) =>
    oauthLogin({
      server: provider.issuer,
      clientId: 'panel',
      clientAuth: ClientSecretBasic(CLIENT_SECRET),
      scope: 'openid profile email offline_access',
      postLogoutRedirectUri: `${PANEL}/login`,
      ...more,
    })
  const store = memoryServerStore({ clock })
  function serve(more: Partial<SessionServerOptions> = {}) {
    const notices: ServerNotice[] = []
    const server = createSessionServer({
      publicUrl: PANEL,
      secrets: [SECRET],
      logins: { staff: staff() },
      api: { '/api/': { target: 'https://api.example:8080/v1/' } },
      store,
      clock,
      fetch,
      observe: (notice) => notices.push(notice),
      ...more,
    })
    const open = () => browser((request) => server.handle(request), PANEL)
    return { server, notices, open, page: open() }
  }
  return { provider, clock, serve, staff, calls, sent, store }
}

const userOf = async (response: Response) => ((await response.json()) as { user: { id: string } }).user.id

describe('a server logs in at an OpenID provider', () => {
  test('a login begins a session, whose bearer goes to the API', async () => {
    const { serve, calls } = await world()
    const { page, notices } = serve()
    const { url } = await page.openid({ returnTo: '/users?q=1' }, 'ada')
    expect(url.href).toBe(`${PANEL}/users?q=1`)
    const facts = await page.get('/session/')
    expect(await facts.json()).toMatchObject({ user: { id: 'ada', name: 'Ada', email: 'ada@example.com' } })
    expect((await page.get('/api/users?q=2')).status).toBe(200)
    expect(calls).toEqual([['/v1/api/users?q=2', 'ada']])
    expect(notices).toContainEqual(
      expect.objectContaining({ type: 'login', via: 'staff', provider: 'oauth' }),
    )
    expect([...page.cookies.keys()]).toEqual(['__Host-session'])
  })

  test('a login by a pushed request (RFC 9126)', async () => {
    const { serve, provider } = await world({ isPushed: true })
    const { page } = serve()
    await page.openid({ loginHint: 'ada' })
    expect(provider.counts.pushed).toBe(1)
    expect(await userOf(await page.get('/session/'))).toBe('ada')
  })

  test('a bearer that has ended is renewed once for all who call', async () => {
    const { serve, provider, clock, calls } = await world()
    const { page } = serve()
    await page.openid({}, 'ada')
    clock.pass(590_000)
    const before = provider.counts.tokenRequests
    const answers = await Promise.all([1, 2, 3].map((n) => page.get(`/api/${n}`)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(provider.counts.tokenRequests - before).toBe(1)
    expect(calls.map(([, subject]) => subject)).toEqual(['ada', 'ada', 'ada'])
  })

  test('a logout revokes, and leads to the provider by an address of ours that works once', async () => {
    const { serve, provider } = await world()
    const { page } = serve()
    await page.openid({}, 'ada')
    const { redirect } = (await (await page.post('/session/logout')).json()) as { redirect: string }
    expect(redirect).toBe(`${PANEL}/session/logout/provider`)
    expect(provider.counts.revocations).toBe(1)
    const { url } = await page.navigate(redirect)
    expect(url.href.split('?')[0]).toBe(`${provider.issuer}/session/end`)
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${PANEL}/login`)
    expect(url.searchParams.get('id_token_hint')).toMatch(/^ey/)
    expect((await page.navigate(redirect)).url.pathname).toBe('/login')
  })
})

describe('attempts', () => {
  test('L1: ten windows begin at once, and each lands where it wanted', async () => {
    const { serve } = await world()
    const { page } = serve()
    const numbers = Array.from({ length: 10 }, (_, n) => n)
    const begun = await Promise.all(numbers.map((n) => page.begun({ returnTo: `/page/${n}` })))
    for (const [n, location] of begun.entries())
      expect((await page.navigate(location, 'ada')).url.pathname).toBe(`/page/${n}`)
    expect([...page.cookies.keys()]).toEqual(['__Host-session'])
  })

  test('L2: of logins that nobody finishes a bounded number is kept, and the next one works', async () => {
    const { serve } = await world()
    const { page } = serve()
    for (let n = 0; n < 40; n++) await page.begun({ returnTo: `/page/${n}` })
    expect(page.cookies.size).toBeGreaterThan(8)
    expect([...page.cookies].flat().join('').length).toBeLessThan(6_000)
    expect((await page.openid({ returnTo: '/last' }, 'ada')).url.pathname).toBe('/last')
  })

  test('L2: long ways back fill no header either', async () => {
    const { serve } = await world()
    const { page } = serve()
    for (let n = 0; n < 12; n++) await page.begun({ returnTo: `/page/${n}?${'x'.repeat(1_900)}` })
    expect([...page.cookies].flat().join('').length).toBeLessThan(6_000)
  })

  test('L3: a login that takes an hour but a minute works; a longer one begins anew', async () => {
    const { serve, clock } = await world()
    const { page } = serve()
    const slow = await page.begun({ returnTo: '/slow' })
    clock.pass(59 * 60_000)
    // The provider asks for nothing that has ended: its own time does not pass.
    expect((await page.navigate(slow, 'ada')).url.pathname).toBe('/slow')
    await page.post('/session/logout')
    const late = await page.begun({ returnTo: '/late' })
    clock.pass(61 * 60_000)
    expect((await page.navigate(late, 'ada')).url.search).toBe('?error=login_not_started')
  })

  test('L10, L11, L12: a callback that comes again exchanges nothing, and who is in goes home', async () => {
    const { serve, provider } = await world()
    const { page } = serve()
    const callback = await page.elsewhere(await page.begun({ returnTo: '/users' }), 'ada')
    const { cookies } = page
    const before = new Map(cookies)
    expect((await page.navigate(callback.href)).url.pathname).toBe('/users')
    expect((await page.navigate(callback.href)).url.pathname).toBe('/')
    // The cookies of the time before, too: a browser that was restored.
    for (const [name, value] of before) cookies.set(name, value)
    expect((await page.navigate(callback.href)).url.pathname).toBe('/')
    expect(provider.counts.tokenRequests).toBe(1)
    expect(await userOf(await page.get('/session/'))).toBe('ada')
  })

  test('L12: two processes get one callback at once: the code leaves once', async () => {
    const { serve, provider } = await world()
    const [one, two] = [serve(), serve()]
    const { page } = one
    const callback = await page.elsewhere(await page.begun(), 'ada')
    const cookie = [...page.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const ask = ({ server }: typeof one) => server.handle(new Request(callback, { headers: { cookie } }))
    const answers = await Promise.all([ask(one), ask(two)])
    expect(answers.map(({ headers }) => headers.get('location')).sort()).toEqual([
      '/',
      '/login?error=login_not_started',
    ])
    expect(provider.counts.tokenRequests).toBe(1)
  })

  test.each([
    ['/session/callback/staff?code=42&state=xxxxxxxxxxxxxxxxxxxx', '/login?error=login_not_started'],
    ['/session/callback/staff?error=<b>&state=xxxxxxxxxxxxxxxxxxxx', '/login?error=login_not_started'],
    ['/session/callback/staff?code=42', '/login?error=login_not_started'],
  ])('L13, L16: nobody here has begun %s: nothing is sent', async (path, ends) => {
    const { serve, sent } = await world()
    const { page } = serve()
    const { url } = await page.navigate(path)
    expect(url.pathname + url.search).toBe(ends)
    expect(sent).toEqual([])
  })

  test('L15: an error of the provider is its word, and nothing is exchanged', async () => {
    const { serve, provider } = await world()
    const { page } = serve()
    const { url } = await page.openid({}, 'nobody')
    expect(url.pathname + url.search).toBe('/login?error=access_denied')
    expect(provider.counts.tokenRequests).toBe(0)
  })

  test('L17, L18: an answer of another issuer is refused before anything is sent', async () => {
    const { serve, provider } = await world()
    const { page } = serve()
    const callback = await page.elsewhere(await page.begun(), 'ada')
    callback.searchParams.set('iss', 'https://evil.example')
    expect((await page.navigate(callback.href)).url.search).toBe('?error=other_issuer')
    expect(provider.counts.tokenRequests).toBe(0)
  })

  test('L19: a provider that is away at the exchange says so, and the next login works', async () => {
    const { serve, provider } = await world()
    let isAway = true
    const { page } = serve({
      fetch: async (input, init) => {
        if (isAway && String(input instanceof Request ? input.url : input).endsWith('/token'))
          return new Response('<h1>Bad gateway</h1>', { status: 502 })
        return fetch(input, init)
      },
    })
    expect((await page.openid({}, 'ada')).url.search).toBe('?error=provider_unavailable')
    const list = (await (await page.get('/session/logins')).json()) as object
    expect(list).toEqual({ logins: [{ name: 'staff', ways: ['redirect'], works: false }] })
    isAway = false
    await page.openid({}, 'ada')
    expect(await userOf(await page.get('/session/'))).toBe('ada')
    expect(provider.counts.tokenRequests).toBe(1)
  })

  test('L19: a provider that is away at the start says so, too', async () => {
    const { serve } = await world()
    const { page, notices } = serve({
      fetch: async () => new Response('<h1>Bad gateway</h1>', { status: 502 }),
    })
    const answer = await page.post('/session/login/start', {})
    expect([answer.status, await answer.json()]).toEqual([503, { error: 'provider_unavailable' }])
    expect(notices).toEqual([{ type: 'loginRefused', status: 503, code: 'provider_unavailable' }])
  })

  test('a link begins a login, and comes back to where it wanted', async () => {
    const { serve } = await world()
    const { page } = serve()
    const answer = await page.get('/session/login/start?returnTo=%2Fusers', {
      headers: { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'document' },
    })
    expect(answer.status).toBe(302)
    expect((await page.navigate(answer.headers.get('location') ?? '', 'ada')).url.pathname).toBe('/users')
    expect(await userOf(await page.get('/session/'))).toBe('ada')
  })

  test.each<[string, string, Record<string, string>, number, string | null]>([
    ['a prefetch', 'GET', { 'sec-purpose': 'prefetch', 'sec-fetch-dest': 'document' }, 403, null],
    ['a prerender', 'GET', { 'sec-purpose': 'prefetch;prerender' }, 403, null],
    ['an older prefetch', 'GET', { purpose: 'prefetch' }, 403, null],
    ['a prefetch of Next.js', 'GET', { 'next-router-prefetch': '1' }, 403, null],
    ['an image', 'GET', { 'sec-fetch-dest': 'image' }, 403, null],
    ['a script', 'GET', { 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' }, 403, null],
    [
      'a link of another site',
      'GET',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' },
      302,
      '/login',
    ],
    ['HEAD', 'HEAD', {}, 404, null],
  ])('L4, L5: it begins for nothing else: %s', async (_, method, headers, status, location) => {
    const { serve, sent } = await world()
    const { server } = serve()
    const answer = await server.handle(new Request(`${PANEL}/session/login/start`, { method, headers }))
    expect([answer.status, answer.headers.get('location')]).toEqual([status, location])
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(sent).toEqual([])
  })

  test('L5: with a session that is over a hundred polls get 401, and nothing is begun', async () => {
    const { serve, sent } = await world()
    const { page } = serve()
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => page.get(`/api/poll?n=${n}`)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]))
    expect(
      answers.flatMap(({ headers }) => [...headers.getSetCookie(), headers.get('location') ?? []].flat()),
    ).toEqual([])
    expect(sent).toEqual([])
  })

  test.each([
    ['a long value', { acrValues: ['x'.repeat(5_000)] }],
    ['another type', { maxAge: '5' }],
    ['parameters of the provider', { parameters: { audience: 'x' } }],
  ])('what a page asks for that no login takes is a 400: %s', async (_, input) => {
    const { serve, sent } = await world()
    const { page } = serve()
    const answer = await page.post('/session/login/start', input)
    expect([answer.status, await answer.json()]).toEqual([400, { error: 'invalid_request' }])
    expect(sent).toEqual([])
  })

  test('a `user` of the options that throws is a login that failed: the grant is revoked, and a page is shown', async () => {
    const { serve, staff, provider } = await world()
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const { page } = serve({
      logins: {
        staff: staff({
          user: () => {
            throw new Error('no')
          },
        }),
      },
    })
    expect((await page.openid({}, 'ada')).url.search).toBe('?error=invalid_answer')
    await expect.poll(() => provider.counts.revocations).toBe(1)
    expect(page.cookies.size).toBe(0)
  })

  test('a logout does not wait for a provider that hangs', async () => {
    const { serve, staff, store } = await world()
    const { page } = serve()
    await page.openid({}, 'ada')
    const hanging = serve({ logins: { staff: staff() }, store, fetch: () => new Promise(() => {}) })
    const { login } = (await (await page.get('/session/')).json()) as { login: string }
    const cookie = [...page.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const began = performance.now()
    const headers = { cookie, 'x-csrf': login, origin: PANEL }
    const answer = await hanging.server.handle(
      new Request(`${PANEL}/session/logout`, { method: 'POST', headers }),
    )
    expect([answer.status, await answer.json()]).toEqual([200, {}])
    // A second for the revocation, and one for the way to the provider's logout.
    expect(performance.now() - began).toBeLessThan(10_000)
  })

  test('L7: what a proxy passes on changes no redirect_uri', async () => {
    const { serve } = await world()
    const { server } = serve()
    const headers = {
      'content-type': 'application/json',
      'x-csrf': '1',
      origin: PANEL,
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil.example;proto=http',
    }
    const request = new Request('http://inner:8080/session/login/start', {
      method: 'POST',
      headers,
      body: '{}',
    })
    const { location } = (await (await server.handle(request)).json()) as { location: string }
    expect(new URL(location).searchParams.get('redirect_uri')).toBe(`${PANEL}${CALLBACK}`)
  })

  test('L65: another user in a living session is refused, revoked, and told', async () => {
    const { serve, provider } = await world()
    const { page, notices } = serve()
    const second = await page.begun()
    await page.openid({}, 'ada')
    expect((await page.navigate(second, 'bob')).url.search).toBe('?error=other_user')
    expect(await userOf(await page.get('/session/'))).toBe('ada')
    await expect.poll(() => provider.counts.revocations).toBe(1)
    expect(notices).toContainEqual(expect.objectContaining({ type: 'loginRefused', code: 'other_user' }))
  })
})

describe('who may in', () => {
  test('a user who is not admitted gets no session, and the grant is revoked', async () => {
    const { serve, provider } = await world()
    const { page } = serve({
      admit: (_, { login, claims }) => login === 'staff' && claims.email !== 'bob@example.com',
    })
    expect((await page.openid({}, 'bob')).url.search).toBe('?error=not_admitted')
    expect((await page.get('/session/')).status).toBe(401)
    await expect.poll(() => provider.counts.revocations).toBe(1)
    await page.openid({}, 'ada')
    expect(await userOf(await page.get('/session/'))).toBe('ada')
  })

  test.each<[string, NonNullable<SessionServerOptions['admit']>]>([
    ['false', () => false],
    [
      'a throw',
      () => {
        throw new Error('no')
      },
    ],
    ['a promise', (() => Promise.resolve(true)) as unknown as () => boolean],
  ])('a session whose user is no longer admitted ends: %s', async (_, admit) => {
    const { serve } = await world()
    const { page } = serve()
    await page.openid({}, 'ada')
    const { server } = serve({ admit })
    const cookie = [...page.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await server.handle(new Request(`${PANEL}/session/`, { headers: { cookie } }))
    expect([answer.status, await answer.json()]).toMatchObject([401, { reason: 'accessRevoked' }])
  })
})

describe('the logins of a server change', () => {
  /** A session of `staff`, and what a server of other options makes of it. */
  async function changed(more: (at: Awaited<ReturnType<typeof world>>) => Partial<SessionServerOptions>) {
    const all = await world()
    const { page } = all.serve()
    await page.openid({}, 'ada')
    const sentBefore = all.sent.length
    const { server } = all.serve(more(all))
    const cookie = [...page.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await server.handle(new Request(`${PANEL}/session/`, { headers: { cookie } }))
    const sent = all.sent.slice(sentBefore)
    return { answer, sent, still: await page.get('/session/') }
  }

  test('another client under the name: the session ends, and nothing is sent', async () => {
    const { answer, sent, still } = await changed(({ staff }) => ({
      logins: { staff: staff({ clientId: 'other' }) },
    }))
    expect([answer.status, await answer.json()]).toMatchObject([401, { reason: 'identityMismatch' }])
    expect(sent).toEqual([])
    expect(still.status).toBe(401)
  })

  test('a name that is not there: the session is left alone, as in a rolling release', async () => {
    const { answer, still } = await changed(({ staff }) => ({
      logins: { people: staff({ callbackPath: 'cb' }) },
    }))
    expect([answer.status, await answer.json()]).toMatchObject([503, { error: 'login_unknown' }])
    expect(still.status).toBe(200)
  })

  test('a session of a login that is not there is neither replaced, nor ended, nor forgotten', async () => {
    const all = await world()
    const { page, open } = all.serve()
    await page.openid({}, 'ada')
    const other = all.serve({ logins: { people: all.staff({ callbackPath: 'cb' }) } })
    const cookie = [...page.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const ask = (path: string, init: RequestInit = {}) =>
      other.server.handle(
        new Request(`${PANEL}${path}`, {
          ...init,
          headers: { cookie, 'x-csrf': '1', origin: PANEL, ...init.headers },
        }),
      )
    const json = { 'content-type': 'application/json' }
    const answers = [
      await ask('/session/logout', { method: 'POST' }),
      await ask('/session/login', { method: 'POST', headers: json, body: '{}' }),
      await ask('/session/login/start', { method: 'POST', headers: json, body: '{}' }),
      await ask('/api/x'),
    ]
    // There is no login by credentials at all.
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503])
    expect(answers.flatMap(({ headers }) => headers.getSetCookie())).toEqual([])
    const session = await other.server.getSession(new Request(PANEL, { headers: { cookie } }))
    expect((await session.commit(new Response())).headers.getSetCookie()).toEqual([])
    expect((await page.get('/session/')).status).toBe(200)
    expect(open).toBeDefined()
  })

  test('a back-channel logout after a rebinding ends the session, and sends nothing of it', async () => {
    const { serve, staff, sent } = await world()
    const { page } = serve()
    await page.openid({}, 'ada')
    sent.length = 0
    const { server } = serve({
      logins: {
        staff: staff({
          clientId: 'other',
          backChannelLogout: async () => ({ ok: true, sub: 'ada', issuedAt: Date.now() }),
        }),
      },
    })
    const answer = await server.handle(new Request(`${PANEL}/session/backchannel-logout`, { method: 'POST' }))
    expect(answer.status).toBe(200)
    expect((await page.get('/session/')).status).toBe(401)
    expect(sent).toEqual([])
  })

  test('a name that is retired: the session ends, and nothing is sent', async () => {
    const { answer, sent } = await changed(({ staff }) => ({
      logins: { people: staff({ callbackPath: 'cb' }) },
      retiredLogins: ['staff'],
    }))
    expect(answer.status).toBe(401)
    expect(sent).toEqual([])
  })
})

describe('several logins', () => {
  const librechat = librechatLogin({ baseUrl: 'https://chat.example' })
  const other = librechatLogin({ baseUrl: 'https://other.example', callbackPath: 'other/callback' })

  test('a bearer goes to the APIs of its login alone', async () => {
    const { serve, staff, calls, sent } = await world()
    const { page } = serve({
      logins: { staff: staff(), librechat },
      api: {
        '/api/admin/': { logins: ['librechat'], methods: ['GET'] },
        '/api/': { target: 'https://api.example:8080/', logins: ['staff'], strip: true },
      },
    })
    await page.openid({ via: 'staff' }, 'ada')
    sent.length = 0
    const answer = await page.get('/api/admin/users')
    expect([answer.status, await answer.json()]).toMatchObject([403, { error: 'other_login_api' }])
    expect(sent).toEqual([])
    await page.get('/api/users')
    expect(calls).toEqual([['/users', 'ada']])
  })

  test.each([
    [
      'below a path of the backend',
      { '/x/': { target: 'https://chat.example/api/', strip: true } },
      '/x/auth/refresh',
    ],
    ['under another name of it', { '/api/': { target: 'http://inner:3080/' } }, '/api/auth/refresh'],
    [
      'with a path of its own',
      { '/y/': { target: 'https://chat.example/', strip: true } },
      '/y/api/admin/oauth/refresh',
    ],
  ])('U13: no target opens a route that answers with tokens: %s', async (_, api, path) => {
    const { serve, sent } = await world()
    const { page } = serve({ logins: { librechat }, api })
    expect((await page.get(path)).status).toBe(404)
    expect((await page.get(path.replace(/(auth|oauth)\/refresh/, 'users'))).status).toBe(401)
    expect(sent).toEqual([])
  })

  test('a page says which login it wants, where there are several of a kind', async () => {
    const { serve, staff } = await world()
    const { page } = serve({
      logins: { staff: staff(), others: staff() },
      api: { '/api/': { target: 'https://api.example:8080/', logins: ['staff'] } },
    })
    const answer = await page.post('/session/login/start', {})
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { expected: '"via", one of "staff", "others"' },
    ])
    expect((await page.post('/session/login/start', { via: 'evil' })).status).toBe(400)
    expect((await page.post('/session/login/start', { via: 'others' })).status).toBe(200)
    expect((await page.post('/session/login', {})).status).toBe(400)
  })

  test.each<[string, Partial<SessionServerOptions>, string]>([
    ['none', { logins: {} }, 'must have one login at least'],
    ['no login', { logins: { staff: {} as never } }, '"staff" must be a login'],
    ['an odd name', { logins: { 'a b': librechat } }, 'a name must be'],
    ['one callback path', { logins: { one: librechat, two: librechat } }, 'have one callback path'],
    [
      'an API of nobody',
      { api: { '/api/': { target: 'https://a.example', logins: ['x'] } } },
      'names the login "x"',
    ],
    ['an API without a target', { api: { '/api/': ['GET'] } }, 'must have a "target"'],
    [
      'one target of two backends',
      { logins: { one: librechat, two: other }, api: { '/api/': { logins: ['one', 'two'] } } },
      'must have a "target"',
    ],
    [
      'a login that refreshes nowhere',
      { logins: { none: () => ({ identity: 'x', strategies: {} }) } },
      'must say where its refreshes go',
    ],
    [
      'a target that is none',
      { api: { '/api/': { target: 'api:8080' } } },
      'must be an absolute http(s) URL',
    ],
  ])('a mistake is told when the server is made: %s', async (_, more, text) => {
    const { serve } = await world()
    expect(() => serve(more)).toThrow(text)
  })

  test('two backends that offer one path need a table', () => {
    const options = { publicUrl: PANEL, secrets: [SECRET], logins: { one: librechat, two: other } }
    expect(() => createSessionServer(options)).toThrow('Option "api" must be given')
  })

  test('an API must say whose bearers it takes, as soon as there are two logins', async () => {
    const { serve, staff } = await world()
    expect(() => serve({ logins: { staff: staff(), librechat } })).toThrow(
      'must name the login whose bearers go there',
    )
  })
})

describe('what is revoked when a session ends', () => {
  /** How many revocations reach the provider, and what became of the page's own logout. */
  async function loggedIn(more: Partial<OauthLoginOptions>) {
    const all = await world()
    const served = all.serve({ logins: { staff: all.staff({ scope: 'openid profile', ...more }) } })
    await served.page.openid({}, 'ada')
    return { ...all, ...served, revoked: () => all.provider.counts.revocations }
  }

  test('L42: a logout leaves the token to the provider’s own, every other end revokes it', async () => {
    const { page, server, revoked } = await loggedIn({ revokesAtLogout: false })
    await page.post('/session/logout')
    expect(revoked()).toBe(0)
    await page.openid({}, 'ada')
    await server.sessions.endAll({ via: 'staff', userId: 'ada' }, { by: 'an administrator' })
    await expect.poll(revoked).toBe(1)
  })

  test('L42: a token of `offline_access` outlives the provider’s logout, so that it is revoked all the same', async () => {
    const { page, revoked } = await loggedIn({ revokesAtLogout: false, scope: 'openid offline_access' })
    await page.post('/session/logout')
    await expect.poll(revoked).toBe(1)
  })

  test('L42: a user who steps up goes on with newer tokens, which a revocation might end, too', async () => {
    const { page, provider, revoked } = await loggedIn({})
    await page.openid({ purpose: 'stepUp' }, 'ada')
    expect((await page.post('/session/refresh')).status).toBe(200)
    expect(provider.counts.tokenRequests).toBeGreaterThan(1)
    expect(revoked()).toBe(0)
    await page.openid({ purpose: 'switchUser', prompt: 'login' }, 'bob')
    await expect.poll(revoked).toBe(1)
    expect(await userOf(await page.get('/session/'))).toBe('bob')
  })
})
