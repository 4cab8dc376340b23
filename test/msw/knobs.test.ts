import { getResponse, type HttpHandler, HttpResponse, http } from 'msw'
import { describe, expect, test } from 'vitest'
import { createMockBackend } from '../../src/msw/createMockBackend.ts'
import { type GatewayAnswer, gatewayAnswers } from '../../src/testing/gatewayAnswers.ts'
import { fakeClock } from '../fakeClock.ts'
import { cookieOf, origin, servedBackend } from './backend.ts'

const { backend, clock, server, call, asks, openidRefresh, cookieRefresh } = servedBackend()
const ada = '6500000000000000000000a1'

describe('bearers', () => {
  const verify = (headers: Record<string, string> = {}) =>
    call('GET', '/api/admin/verify', undefined, headers)

  test('verify answers the user of the bearer', async () => {
    const { token, user } = backend.issueLogin()
    expect(await verify({ authorization: `Bearer ${token}` })).toMatchObject({
      status: 200,
      body: { user: { id: user.id } },
    })
  })

  test('401 says why: none, forged, expired, user gone', async () => {
    const { token } = backend.issueLogin()
    expect(await verify()).toMatchObject({ status: 401, body: { message: 'No auth token' } })
    expect(await verify({ authorization: 'Basic eDp5' })).toMatchObject({ status: 401 })
    expect(await verify({ authorization: `Bearer ${token}x` })).toMatchObject({
      status: 401,
      body: { message: 'invalid signature' },
    })
    backend.users.splice(1, 1)
    expect(await verify({ authorization: `Bearer ${token}` })).toMatchObject({
      status: 401,
      body: { message: 'Unauthorized' },
    })
    backend.reset()
    const next = backend.issueLogin().token
    clock.advance(900_000)
    expect(await verify({ authorization: `Bearer ${next}` })).toMatchObject({
      status: 401,
      body: { message: 'jwt expired' },
    })
  })

  test('403 for who is no admin any more', async () => {
    const { token } = backend.issueLogin()
    for (const user of backend.users) user.admin = false
    expect(await verify({ authorization: `Bearer ${token}` })).toMatchObject({
      status: 403,
      body: { message: 'Forbidden' },
    })
    expect(await asks(token)).toBe(403)
  })

  test('expireBearers ends all of them; a refresh within the same second brings a good one', async () => {
    const login = backend.issueLogin()
    backend.expireBearers()
    expect(await asks(login.token)).toBe(401)
    const { body } = await openidRefresh(login.refreshToken)
    expect(body.token).not.toBe(login.token)
    expect(await asks(body.token)).toBe(200)
  })

  test('the user list holds no secrets', async () => {
    const { token } = backend.issueLogin()
    const { body } = await call('GET', '/api/admin/users', undefined, { authorization: `Bearer ${token}` })
    expect(body).toMatchObject({
      total: 3,
      users: [{ email: 'ada@example.com' }, { email: 'olga@example.com' }, { email: 'gina@example.com' }],
    })
    expect(JSON.stringify(body)).not.toContain('"password"')
  })

  test('requireBearer protects a handler of yours', async () => {
    server.use(
      http.get<{ id: string }>(
        `${origin}/api/things/:id`,
        backend.requireBearer(({ params }) => HttpResponse.json({ thing: params.id })),
      ),
    )
    const { token } = backend.issueLogin()
    const things = (headers?: Record<string, string>) => call('GET', '/api/things/7', undefined, headers)
    expect(await things({ authorization: `Bearer ${token}` })).toMatchObject({
      status: 200,
      body: { thing: '7' },
    })
    expect((await things()).status).toBe(401)
    backend.expireBearers()
    expect((await things({ authorization: `Bearer ${token}` })).status).toBe(401)
  })
})

describe('revoke', () => {
  const both = () => ({
    local: backend.issueLogin({ provider: 'librechat' }),
    openid: backend.issueLogin({ provider: 'openid' }),
  })
  const statuses = async ({ local, openid }: ReturnType<typeof both>) => [
    (await cookieRefresh(local.refreshToken)).status,
    (await openidRefresh(openid.refreshToken)).status,
  ]

  test('ends the refresh tokens of everybody; bearers live on', async () => {
    const logins = both()
    backend.revoke()
    expect(await statuses(logins)).toEqual([401, 401])
    expect(await asks(logins.openid.token)).toBe(200)
  })

  test('or of one user', async () => {
    const logins = both()
    backend.revoke(ada)
    expect(await statuses(logins)).toEqual([401, 200])
    const next = both()
    backend.revoke('6500000000000000000000b1')
    expect(await statuses(next)).toEqual([200, 401])
  })

  test('an unknown user is an error', () => {
    expect(() => backend.revoke('nobody')).toThrow(RangeError)
    expect(() => backend.issueLogin({ userId: 'nobody' })).toThrow(RangeError)
  })
})

describe('failNext', () => {
  test('one request fails with 500, nothing is spent, the next is answered', async () => {
    const { refreshToken } = backend.issueLogin()
    backend.failNext('openidRefresh')
    expect(await openidRefresh(refreshToken)).toMatchObject({
      status: 500,
      body: { error_code: 'INTERNAL_ERROR' },
    })
    expect((await openidRefresh(refreshToken)).status).toBe(200)
  })

  test('as often as told, with your answer, on that route alone', async () => {
    const local = backend.issueLogin({ provider: 'librechat' })
    backend.failNext('cookieRefresh', { response: new Response('busy', { status: 503 }), times: 2 })
    expect(await asks(local.token)).toBe(200)
    for (const _ of [1, 2]) {
      expect(await cookieRefresh(local.refreshToken)).toMatchObject({ status: 503, body: 'busy' })
    }
    expect((await cookieRefresh(local.refreshToken)).status).toBe(200)
  })

  test('several failures come in the order they were given', async () => {
    const { refreshToken } = backend.issueLogin()
    for (const status of [502, 429]) {
      backend.failNext('openidRefresh', { response: new Response(null, { status }) })
    }
    expect((await openidRefresh(refreshToken)).status).toBe(502)
    expect((await openidRefresh(refreshToken)).status).toBe(429)
  })

  test('a network error', async () => {
    const { refreshToken } = backend.issueLogin()
    backend.failNext('openidRefresh', { response: 'networkError' })
    await expect(openidRefresh(refreshToken)).rejects.toThrow(TypeError)
    expect((await openidRefresh(refreshToken)).status).toBe(200)
  })

  test('processed: the token is spent and its successor lost', async () => {
    const { refreshToken } = backend.issueLogin()
    backend.failNext('openidRefresh', { processed: true })
    expect((await openidRefresh(refreshToken)).status).toBe(500)
    expect((await openidRefresh(refreshToken)).body).toMatchObject({ error_code: 'REFRESH_FAILED' })
  })

  test.each([
    ['login', 'POST', '/api/admin/login/local'],
    ['twoFactor', 'POST', '/api/auth/2fa/verify-temp'],
    ['verify', 'GET', '/api/admin/verify'],
    ['openidCheck', 'GET', '/api/admin/oauth/openid/check'],
    ['exchange', 'POST', '/api/admin/oauth/exchange'],
    ['logout', 'POST', '/api/auth/logout'],
    ['users', 'GET', '/api/admin/users'],
  ] as const)('the route %s', async (route, method, path) => {
    backend.failNext(route, { response: new Response(null, { status: 418 }) })
    expect((await call(method, path)).status).toBe(418)
    expect((await call(method, path)).status).not.toBe(418)
  })

  test.each([0, -1, 1.5, Number.NaN])('times %d is refused by name', (times) => {
    expect(() => backend.failNext('users', { times })).toThrow('times')
  })
})

describe('presentations', () => {
  test('list every refresh token that arrived, by fingerprint, with what was answered', async () => {
    const local = backend.issueLogin({ provider: 'librechat' }).refreshToken ?? ''
    const openid = backend.issueLogin().refreshToken ?? ''
    await cookieRefresh()
    await cookieRefresh(local)
    clock.advance(1_000)
    backend.failNext('openidRefresh', { response: 'networkError' })
    await openidRefresh(openid).catch(() => {})
    await openidRefresh(openid)
    await openidRefresh(openid)
    const [token, at] = [backend.fingerprint(openid), clock.wall()]
    expect(backend.presentations).toEqual([
      { route: 'cookieRefresh', token: backend.fingerprint(local), at: at - 1_000, status: 200 },
      { route: 'openidRefresh', token, at, status: 0 },
      { route: 'openidRefresh', token, at, status: 200 },
      { route: 'openidRefresh', token, at, status: 401 },
    ])
    const log = JSON.stringify(backend.presentations)
    expect(log).not.toContain(openid)
    expect(log).not.toContain(local)
  })

  test('fingerprints tell tokens apart', () => {
    const names = Array.from({ length: 1_000 }, (_, index) => backend.fingerprint(`token ${index}`))
    expect(new Set(names).size).toBe(1_000)
    // FNV-1a, 64 bits, of nothing and of "a".
    expect(['', 'a'].map(backend.fingerprint)).toEqual(['cbf29ce484222325', 'af63dc4c8601ec8c'])
  })
})

describe('the whole', () => {
  test('reset: nothing issued before is good, and all is as at the start', async () => {
    const openid = backend.issueLogin()
    const local = backend.issueLogin({ provider: 'librechat' })
    const code = backend.issueCode()
    backend.settings.rotate = false
    backend.users.length = 0
    backend.failNext('users')
    await openidRefresh('x')
    backend.reset()
    expect(backend.presentations).toEqual([])
    expect(backend.settings.rotate).toBe(true)
    expect(backend.users.map(({ name }) => name)).toEqual(['Ada', 'Olga', 'Gina'])
    expect(await asks(openid.token)).toBe(401)
    expect((await openidRefresh(openid.refreshToken)).status).toBe(401)
    expect((await cookieRefresh(local.refreshToken)).status).toBe(401)
    expect((await call('POST', '/api/admin/oauth/exchange', { code })).status).toBe(401)
    // Nor do new tokens repeat old ones.
    expect(backend.issueLogin().refreshToken).not.toBe(openid.refreshToken)
  })

  test('two backends with the same clock issue the same tokens, and share nothing', async () => {
    const now = fakeClock().wall
    const [one, other] = [createMockBackend({ now }), createMockBackend({ now })]
    expect(one.issueLogin()).toEqual(other.issueLogin())
    for (const user of other.users) user.admin = false
    other.users.length = 0
    expect(one.users.map(({ admin }) => admin)).toEqual([true, true, true])
    other.reset()
    expect(other.users).toEqual(one.users)
  })

  test('baseUrl confines it to one origin and path, with or without a closing slash', async () => {
    const statusAt = async (handlers: readonly HttpHandler[], base: string) =>
      (await getResponse([...handlers], new Request(`${base}/api/admin/oauth/openid/check`)))?.status
    for (const baseUrl of ['https://one.example/app', 'https://one.example/app/']) {
      const { handlers } = createMockBackend({ baseUrl })
      expect(await statusAt(handlers, 'https://one.example/app')).toBe(200)
      expect(await statusAt(handlers, 'https://one.example')).toBeUndefined()
      expect(await statusAt(handlers, 'https://two.example/app')).toBeUndefined()
    }
  })

  test.each(['bearerLifeMs', 'refreshLifeMs'])('%s out of bounds is refused by name', (name) => {
    for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => createMockBackend({ [name]: value })).toThrow(name)
    }
  })

  test('a login by request refreshes like one that was issued', async () => {
    const answer = await call('POST', '/api/admin/login/local', {
      email: 'ada@example.com',
      password: 'password',
    })
    expect((await cookieRefresh(cookieOf(answer))).status).toBe(200)
  })
})

describe('a gateway in front', () => {
  test.each(Object.keys(gatewayAnswers) as GatewayAnswer[])(
    'U60: %s answers every route, and the backend sees nothing of it',
    async (gateway) => {
      const { refreshToken = '' } = backend.issueLogin()
      backend.settings.gateway = gateway
      const expected = gatewayAnswers[gateway]()
      const answer = await openidRefresh(refreshToken)
      expect(answer.status).toBe(expected.status)
      expect(answer.headers.get('content-type')).toBe(expected.headers.get('content-type'))
      expect((await call('GET', '/api/admin/users')).status).toBe(expected.status)
      expect(backend.presentations).toEqual([])
      backend.settings.gateway = 'open'
      expect((await openidRefresh(refreshToken)).status).toBe(200)
    },
  )

  test('U60: gone is a network error, also for handlers of your own, until the reset', async () => {
    server.use(
      http.get(
        `${origin}/api/own`,
        backend.requireBearer(() => HttpResponse.json({})),
      ),
    )
    backend.settings.gateway = 'gone'
    await expect(call('GET', '/api/admin/users')).rejects.toThrow()
    await expect(call('GET', '/api/own')).rejects.toThrow()
    backend.reset()
    expect((await call('GET', '/api/own')).status).toBe(401)
  })
})
