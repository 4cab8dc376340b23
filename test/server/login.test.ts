import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'
import { browser } from './browser.ts'
import { type LibrechatServerOptions, librechatServer } from './librechatServer.ts'

const PANEL = 'https://admin.example'

let backend: Backend
beforeAll(async () => {
  backend = await startBackend({ panelUrl: PANEL })
})
afterAll(() => backend.close())
beforeEach(() => {
  backend.faults.clear()
  backend.log.reset()
  Object.assign(backend.knobs, { banned: false, requireTwoFactor: false, clockOffsetMs: 0 })
})

function serve(options: Partial<LibrechatServerOptions> = {}) {
  const server = librechatServer({
    baseUrl: backend.url,
    publicUrl: `${PANEL}/`,
    secrets: ['a secret that is long enough for a test of this'],
    ...options,
  })
  return { server, page: browser((request) => server.handle(request), PANEL) }
}

const { localAdmin, localUser, twoFactorAdmin } = {
  localAdmin: { email: 'ada@local.example', password: 'demo-password' },
  localUser: { email: 'uma@local.example', password: 'demo-password' },
  twoFactorAdmin: { email: 'tom@local.example', password: 'demo-password' },
}

describe('the password', () => {
  test('an unknown user and a wrong password get the same answer', async () => {
    const { page } = serve()
    const unknown = await page.post('/session/login', { email: 'nobody@local.example', password: 'x' })
    const wrong = await page.post('/session/login', { ...localAdmin, password: 'x' })
    expect([unknown.status, wrong.status]).toEqual([401, 401])
    expect(await unknown.text()).toBe(await wrong.text())
  })

  test.each([
    ['who is no admin', localUser, {}, 403, 'forbidden'],
    ['who is banned', localAdmin, { banned: true }, 403, 'banned'],
    [
      'who has to enrol a second factor',
      localAdmin,
      { requireTwoFactor: true },
      403,
      'two_factor_enrolment_required',
    ],
  ])('%s is told so', async (_, who, knobs, status, error) => {
    Object.assign(backend.knobs, knobs)
    const answer = await serve().page.post('/session/login', who)
    expect([answer.status, await answer.json()]).toEqual([status, { error }])
  })

  test.each([[undefined], [{}], [{ email: 'a', password: 1 }], [[]], ['text']])(
    '%j is no login',
    async (body) => {
      expect((await serve().page.post('/session/login', body)).status).toBe(400)
      expect(backend.log.requests.length).toBe(0)
    },
  )

  test('a body that is too long is not read to its end', async () => {
    const answer = await serve().page.post('/session/login', { ...localAdmin, more: 'x'.repeat(10_000) })
    expect(answer.status).toBe(400)
  })

  test('a backend that does not answer is said to be away', async () => {
    backend.faults.inject('loginLocal', { kind: 'reset' })
    const answer = await serve().page.post('/session/login', localAdmin)
    expect([answer.status, await answer.json()]).toEqual([503, { error: 'backend_unavailable' }])
  })

  test('the limiter of the backend is passed on', async () => {
    backend.faults.inject('loginLocal', {
      kind: 'respond',
      status: 429,
      headers: { 'retry-after': '120', 'content-type': 'application/json' },
      body: '{"message":"Too many login attempts, please try again after 5 minutes."}',
    })
    const answer = await serve().page.post('/session/login', localAdmin)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '120'])
  })

  test('a login replaces the session of the browser, under a new id', async () => {
    const { page } = serve()
    await page.post('/session/login', localAdmin)
    const before = page.cookies.get('__Host-session')
    await page.post('/session/login', localAdmin)
    const after = page.cookies.get('__Host-session')
    expect(after).not.toBe(before)
    page.cookies.set('__Host-session', before ?? '')
    expect((await page.get('/session/')).status).toBe(401)
  })
})

describe.each([[false], [true]])('the second factor (sealed cookies: %s)', (sealedCookies) => {
  test('the temporary token never reaches the browser, and is used once', async () => {
    const { page } = serve({ sealedCookies })
    const first = await page.post('/session/login', twoFactorAdmin)
    expect([first.status, await first.clone().json()]).toEqual([
      200,
      { next: 'twoFactor', attempt: expect.any(String) },
    ])
    expect(await first.text()).not.toContain('tempToken')
    expect((await page.get('/session/')).status).toBe(401)
    const wrong = await page.post('/session/login/next', { code: '000000' })
    expect([wrong.status, await wrong.json()]).toEqual([401, { error: 'invalid_code' }])
    const right = await page.post('/session/login/next', { code: '123456' })
    expect([right.status, await right.json()]).toMatchObject([200, { user: { email: twoFactorAdmin.email } }])
    expect((await page.get('/api/admin/users')).status).toBe(200)
    expect([...page.cookies.keys()].join()).not.toContain('2fa')
  })

  test('without a first half there is no second', async () => {
    const { page } = serve({ sealedCookies })
    expect((await page.post('/session/login/next', { code: '123456' })).status).toBe(401)
  })
})

test('a backup code stands in for the second factor', async () => {
  const { page } = serve()
  await page.post('/session/login', twoFactorAdmin)
  expect((await page.post('/session/login/next', { backupCode: 'backup-0001' })).status).toBe(200)
})

describe('the identity provider', () => {
  test('a callback in a browser that has not started brings no session', async () => {
    const { page } = serve()
    const { url } = await page.navigate(`/auth/openid/callback?code=${'a'.repeat(64)}`)
    expect(url.pathname + url.search).toBe('/login?error=login_not_started')
    expect(backend.log.requests.length).toBe(0)
  })

  test('the backend is sent a challenge as it takes it, and nothing else', async () => {
    const { searchParams } = new URL(await serve().page.begun({ returnTo: '/users' }))
    expect([...searchParams.keys()]).toEqual(['code_challenge'])
    expect(searchParams.get('code_challenge')).toMatch(/^[0-9a-f]{64}$/)
  })

  test.each([
    ['https://evil.example/x', '/'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['/session/logout', '/'],
    ['/login', '/'],
    ['/users?a=1#b', '/users?a=1#b'],
  ])('after a login to %s the browser goes to %s', async (returnTo, expected) => {
    const { page } = serve()
    const { url } = await page.openid({ returnTo })
    expect(url.href).toBe(new URL(expected, PANEL).href)
  })

  test.each([
    ['/users?a=1#b', '/users?a=1#b'],
    ['/login', '/login'],
    ['/', '/'],
    ['/?error=auth_failed', '/'],
    ['/?a=1&error=auth_failed', '/?a=1'],
    ['/users?error=1', '/users?error=1'],
  ])(
    'where the root shows the login, after a login to %s the browser goes to %s',
    async (returnTo, expected) => {
      const { page } = serve({ loginPath: '/' })
      const { url } = await page.openid({ returnTo })
      expect(url.href).toBe(new URL(expected, PANEL).href)
    },
  )

  test('U86: a login whose backend does not answer is refused, and the page hears why', async () => {
    backend.faults.inject('openidCheck', { kind: 'reset' })
    const { page } = serve()
    const answer = await page.post('/session/login/start', {})
    expect([answer.status, await answer.json()]).toEqual([503, { error: 'backend_unavailable' }])
    expect(page.cookies.size).toBe(0)
    const { logins } = (await (await page.get('/session/logins')).json()) as { logins: object[] }
    expect(logins).toMatchObject([{ name: 'librechat', works: false }])
  })

  test('an error of the provider leads to the login page, in our words', async () => {
    const { page } = serve()
    const { url } = await page.navigate('/auth/openid/callback?error=<script>&error_description=x')
    expect(url.pathname + url.search).toBe('/login?error=auth_failed')
  })
})
