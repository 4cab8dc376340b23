/**
 * What was wrong with the panel that this server replaces, one test for each of its 28 known weaknesses. Each test
 * is the scenario in which that panel fails.
 */
import { describe, expect, test } from 'vitest'
import { refreshTokenFromCookies } from 'xstate-session/librechat'
import { memoryServerStore, type ServerStore } from 'xstate-session/server'
import { PANEL, world } from './world.ts'

const MINUTE = 60_000
const USERS = '/api/admin/users'

test('W1: a straggler with the spent token gets the result that was remembered', async () => {
  const { serve, pass, sends } = await world()
  const { page, open } = serve({ sealedCookies: true })
  await page.navigate('/session/login/start')
  const straggler = open()
  for (const [name, value] of page.cookies) straggler.cookies.set(name, value)
  pass(20 * MINUTE)
  expect((await page.get(USERS)).status).toBe(200)
  expect((await straggler.get(USERS)).status).toBe(200)
  expect(sends()).toBe(1)
})

test('W2: an answer that comes late does not write an older session back', async () => {
  const { serve, pass, backend, sends } = await world()
  const { page } = serve()
  await page.navigate('/session/login/start')
  const slow = backend.faults.inject('data', { kind: 'hang' })
  const first = page.get(USERS)
  await expect.poll(() => slow.hits).toBe(1)
  pass(14.8 * MINUTE)
  expect((await page.get('/api/admin/settings')).headers.getSetCookie()).toEqual([])
  slow.clear()
  expect((await first).headers.getSetCookie()).toEqual([])
  expect((await page.get(USERS)).status).toBe(200)
  expect(await (await page.get('/session/')).json()).toMatchObject({ version: 2 })
  expect(sends()).toBe(1)
})

test('W3: a blip, a limiter and a revoked access are three things', async () => {
  const { serve, pass, backend } = await world()
  const { page } = serve({ patienceMs: 50 })
  await page.navigate('/session/login/start')
  pass(20 * MINUTE)
  const limited = { 'content-type': 'application/json', 'retry-after': '1' }
  backend.faults.inject('openidRefresh', {
    kind: 'respond',
    status: 429,
    headers: limited,
    body: '{"message":"x"}',
  })
  const held = await page.get(USERS)
  expect([held.status, await held.json()]).toMatchObject([503, { error: 'refresh_unavailable' }])
  expect(held.headers.get('retry-after')).toMatch(/^\d+$/)
  pass(MINUTE)
  backend.operator.revokeAdmin('openidAdmin')
  // Who comes while the answer is on its way is told to come back.
  await expect.poll(async () => (await page.get(USERS)).status).toBe(401)
})

test('W4: calls that fail do not each refresh', async () => {
  const { serve, pass, backend, sends } = await world()
  const { page } = serve({ patienceMs: 50 })
  await page.navigate('/session/login/start')
  pass(20 * MINUTE)
  backend.operator.setProviderConnection('down')
  const answers = await Promise.all(Array.from({ length: 20 }, () => page.get(USERS)))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
  for (let n = 0; n < 20; n++) await page.get(USERS)
  expect(sends()).toBe(1)
})

test('W5: a token that was rotated while the backend cannot verify is kept', async () => {
  const { serve, pass, backend } = await world()
  const { page } = serve()
  await page.navigate('/session/login/start')
  pass(20 * MINUTE)
  backend.faults.inject('verify', { kind: 'respond', status: 503, body: 'maintenance' })
  expect(await (await page.get('/session/verify')).json()).toMatchObject({
    version: 2,
    unverified: 'unavailable',
  })
  expect((await page.get(USERS)).status).toBe(200)
})

test('W6: a backend that hangs keeps nobody waiting for ever', async () => {
  const { serve, pass, backend } = await world()
  const { page } = serve({ patienceMs: 100, attemptTimeoutMs: 300 })
  await page.navigate('/session/login/start')
  pass(20 * MINUTE)
  backend.faults.inject('openidRefresh', { kind: 'hang' })
  const answers = await Promise.all([page.get(USERS), page.get(USERS)])
  expect(answers.map(({ status }) => status)).toEqual([503, 503])
})

test('W7: two processes that share a store spend a token once', async () => {
  const { serve, pass, sends } = await world()
  const store = memoryServerStore()
  const [one, two] = [serve({ store }), serve({ store })]
  await one.page.navigate('/session/login/start')
  for (const [name, value] of one.page.cookies) two.page.cookies.set(name, value)
  pass(20 * MINUTE)
  const pages = Array.from({ length: 20 }, (_, n) => (n % 2 ? one.page : two.page))
  const answers = await Promise.all(pages.map((page) => page.get(USERS)))
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
  expect(sends()).toBe(1)
})

test('W8: a body that streams is not sent twice; one that is kept is, and whole', async () => {
  const { serve, backend, calls } = await world()
  const { page } = serve()
  await page.navigate('/session/login/start')
  backend.operator.invalidateBearers()
  const kept = await page.post('/api/admin/echo', { a: 1 }, { headers: { 'content-length': '7' } })
  expect([kept.status, calls('/api/admin/echo', 401), calls('/api/admin/echo', 200)]).toEqual([200, 1, 1])
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  backend.operator.invalidateBearers()
  backend.log.reset()
  const streamed = await page.post('/api/admin/echo', { long: 'x'.repeat(400_000) })
  expect([streamed.status, calls('/api/admin/echo')]).toEqual([401, 1])
})

test('W9: the headers of a call arrive, and none is made up', async () => {
  const { serve, backend } = await world()
  const { page } = serve()
  await page.navigate('/session/login/start')
  const form = new FormData()
  form.set('file', new Blob(['x']), 'x.txt')
  const request = new Request(`${PANEL}/api/admin/echo`, { method: 'POST', body: form })
  const type = request.headers.get('content-type') ?? ''
  const answer = await page.post('/api/admin/echo', undefined, {
    body: await request.arrayBuffer(),
    headers: { 'content-type': type },
  } as RequestInit)
  expect(answer.status).not.toBe(401)
  expect(type).toContain('multipart/form-data; boundary=')
  expect(backend.log.requests.at(-1)).toMatchObject({ path: '/api/admin/echo', cookies: [] })
})

test('W10: 401s for a bearer that has been replaced cost no refresh', async () => {
  const { serve, backend, sends } = await world()
  const { page } = serve()
  await page.navigate('/session/login/start')
  backend.operator.invalidateBearers()
  let n = 0
  const late = Array.from({ length: 10 }, (_, i) =>
    backend.faults.inject(
      'data',
      { kind: 'delay', at: 'after', ms: 30 * i },
      { times: 1, when: () => n++ % 10 === 0 },
    ),
  )
  const answers = await Promise.all(late.map(() => page.get(USERS)))
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
  expect(sends()).toBe(1)
})

test('W11: the end of a local bearer is known, so no call fails for it', async () => {
  const { serve, pass, backend, calls, sends } = await world()
  const { page } = serve()
  await page.post('/session/login', backend.accounts.localAdmin)
  expect(await (await page.get('/session/')).json()).toMatchObject({ expiresAt: expect.any(Number) })
  pass(14.8 * MINUTE)
  expect((await page.get(USERS)).status).toBe(200)
  pass(14.8 * MINUTE)
  expect((await page.get(USERS)).status).toBe(200)
  expect([sends(), calls(USERS, 401)]).toEqual([2, 0])
})

test('W12: a clock of this server that is wrong does not refresh at each call', async () => {
  const { serve, clock, sends } = await world()
  const { page } = serve()
  clock.set(60 * MINUTE)
  await page.navigate('/session/login/start')
  for (let n = 0; n < 10; n++) expect((await page.get(USERS)).status).toBe(200)
  expect(sends()).toBe(0)
  clock.set(10 * MINUTE)
  clock.set(10 * MINUTE)
  for (let n = 0; n < 10; n++) expect((await page.get(USERS)).status).toBe(200)
  expect(sends()).toBe(1)
})

test('W13: where refreshing is disabled the token is dropped and the bearer lives to its end', async () => {
  const { serve, pass, backend, sends } = await world()
  const { page } = serve()
  await page.navigate('/session/login/start')
  backend.knobs.reuseTokens = false
  pass(14.8 * MINUTE)
  for (let n = 0; n < 5; n++) expect((await page.get(USERS)).status).toBe(200)
  expect(sends()).toBe(1)
  pass(MINUTE)
  expect((await page.get(USERS)).status).toBe(401)
  expect(sends()).toBe(1)
})

test('W14: a refresh that began before the logout does not bring the session back', async () => {
  const { serve, pass, backend } = await world()
  const { server, page, open } = serve()
  await page.navigate('/session/login/start')
  const copy = open()
  for (const [name, value] of page.cookies) copy.cookies.set(name, value)
  pass(20 * MINUTE)
  const hanging = backend.faults.inject('openidRefresh', { kind: 'hang', at: 'after' })
  const asked = copy.get(USERS)
  await expect.poll(() => hanging.hits).toBe(1)
  await page.post('/session/logout')
  expect((await asked).status).toBe(401)
  hanging.clear()
  await server.drain()
  expect(
    (await server.getSession(new Request(PANEL, { headers: { cookie: [...copy.cookies].join('=') } }))).user,
  ).toBeNull()
})

test('W15: logout ends its own session and no other, with an ended bearer too', async () => {
  const { serve, pass, backend } = await world()
  const { page } = serve()
  const { email, password } = backend.accounts.localAdmin
  const chat = await backend.loginLocal(email, password)
  await page.post('/session/login', { email, password })
  pass(20 * MINUTE)
  expect((await page.post('/session/logout')).status).toBe(200)
  expect(backend.log.requests.filter((r) => r.path === '/api/auth/logout').at(-1)?.status).toBe(200)
  const alive = await fetch(`${backend.url}/api/auth/refresh`, {
    method: 'POST',
    headers: { cookie: chat.cookie },
  })
  expect(refreshTokenFromCookies(alive.headers)).toBeDefined()
})

describe('a logout with an ended bearer', () => {
  async function ended() {
    const { serve, pass, backend, sends } = await world()
    const { page, server, notices } = serve()
    await page.post('/session/login', backend.accounts.localAdmin)
    pass(20 * MINUTE)
    return {
      backend,
      page,
      notices,
      async logout() {
        const before = sends()
        expect((await page.post('/session/logout')).status).toBe(200)
        await server.drain()
        return sends() - before
      },
    }
  }
  const isNotRevoked = expect.objectContaining({ type: 'warning', code: 'notRevoked' })

  test('I1: a token that its last refresh finds dead is not sent again with the next try', async () => {
    const { backend, logout } = await ended()
    backend.faults.inject('cookieRefresh', {
      kind: 'respond',
      status: 401,
      headers: { 'content-type': 'text/html' },
      body: 'Refresh token expired or not found for this user',
    })
    expect(await logout()).toBe(1)
  })

  test('I1: a token whose last refresh got no answer is not sent again with the next try', async () => {
    const { backend, logout, notices } = await ended()
    backend.faults.inject('cookieRefresh', { kind: 'reset', at: 'after' })
    expect(await logout()).toBe(1)
    expect(notices).toContainEqual(isNotRevoked)
  })

  test('I1: a logout that fails after its last refresh is tried again with what that brought', async () => {
    const { backend, logout, notices } = await ended()
    backend.faults.inject('logout', { kind: 'respond', status: 503 }, { when: isSecond() })
    expect(await logout()).toBe(1)
    expect(notices).not.toContainEqual(isNotRevoked)
    expect(backend.log.requests.filter((r) => r.path === '/api/auth/logout').at(-1)?.status).toBe(200)
  })

  test('I1: a token that may be spent already is not sent', async () => {
    const { backend, page, logout } = await ended()
    backend.faults.inject('cookieRefresh', { kind: 'reset', at: 'after' })
    expect((await page.get(USERS)).status).toBe(503)
    expect(await logout()).toBe(0)
  })
})

/** True for the second request that it is asked about. */
function isSecond() {
  let n = 0
  return () => ++n === 2
}

test('W16: a refresh that answers with somebody else ends the session', async () => {
  const { serve, pass, backend } = await world()
  const { page, notices } = serve()
  await page.navigate('/session/login/start')
  pass(20 * MINUTE)
  backend.faults.inject('openidRefresh', {
    kind: 'edit',
    edit: async (answer) => {
      const body = (await answer.json()) as { user: object }
      return Response.json({
        ...body,
        user: { ...body.user, id: '650000000000000000000fff', _id: undefined },
      })
    },
  })
  const answer = await page.get(USERS)
  expect([answer.status, await answer.json()]).toEqual([
    401,
    { error: 'no_session', reason: 'identityMismatch' },
  ])
  expect(notices).toContainEqual(expect.objectContaining({ type: 'security', code: 'identityMismatch' }))
})

test.each([
  ['a ban', { message: 'Your account has been temporarily banned due to violations of our service.' }, 200],
  ['strict tenancy', { error: 'Tenant context required in strict isolation mode' }, 200],
  ['a second factor to enrol', { message: 'Forbidden', code: 'TWO_FACTOR_REQUIRED' }, 200],
  ['access taken away', { message: 'Forbidden' }, 401],
])('W17: of all 403s only a plain one ends the session: %s', async (_, body, status) => {
  const { serve, pass, backend } = await world()
  const { page } = serve()
  await page.navigate('/session/login/start')
  pass(2 * MINUTE)
  const headers = { 'content-type': 'application/json' }
  backend.faults.inject('verify', { kind: 'respond', status: 403, headers, body: JSON.stringify(body) })
  expect((await page.get('/session/verify')).status).toBe(status)
  expect((await page.get('/session/')).status).toBe(status)
})

test('W18: an outage neither ends a session nor extends its trust', async () => {
  // Reset, never answered (I23), cut off in the middle of the answer.
  for (const kind of ['reset', 'hang', 'truncate'] as const) {
    const { serve, pass, backend, calls } = await world()
    const { page } = serve({ attemptTimeoutMs: 500 })
    await page.navigate('/session/login/start')
    const { verifiedAt } = await (await page.get('/session/verify')).json()
    expect(calls('/api/admin/verify')).toBe(0)
    pass(2 * MINUTE)
    backend.faults.inject('verify', { kind })
    const unconfirmed = await (await page.get('/session/verify')).json()
    expect(unconfirmed, kind).toMatchObject({ verifiedAt, unverified: 'unavailable' })
    const renewed = await (await page.get('/session/verify')).json()
    expect(renewed.verifiedAt).toBeGreaterThan(verifiedAt)
    expect(renewed.unverified).toBeUndefined()
  }
})

test('W19: a page that polls is idle, and a user at work is not', async () => {
  const { serve, pass } = await world()
  const polling = serve({ idleTimeoutMs: 30 * MINUTE })
  const working = serve({ idleTimeoutMs: 30 * MINUTE })
  await polling.page.navigate('/session/login/start')
  await working.page.navigate('/session/login/start')
  for (let n = 0; n < 5; n++) {
    pass(5 * MINUTE)
    await polling.page.get(USERS, { headers: { 'sec-fetch-mode': 'cors' } })
    await polling.page.post('/session/refresh')
    await working.page.get(USERS, { headers: { 'x-user-activity': '1' } })
  }
  pass(6 * MINUTE)
  const answer = await polling.page.get(USERS)
  expect([answer.status, await answer.json()]).toEqual([401, { error: 'no_session', reason: 'idle' }])
  expect((await working.page.get(USERS)).status).toBe(200)
})

test('W20: a redirect of the refresh is not followed, and a page is no session', async () => {
  const { serve, pass, backend, calls } = await world()
  const { page } = serve({ patienceMs: 50 })
  await page.post('/session/login', backend.accounts.localAdmin)
  pass(20 * MINUTE)
  backend.faults.inject('cookieRefresh', {
    kind: 'respond',
    status: 302,
    headers: { location: '/elsewhere' },
  })
  expect((await page.get(USERS)).status).toBe(503)
  expect(calls('/elsewhere')).toBe(0)
  expect((await page.get('/session/')).status).toBe(200)
})

test('W21: of several refresh cookies the last living one is kept, byte for byte', async () => {
  const { serve, pass, backend, sends } = await world()
  const { page } = serve()
  await page.post('/session/login', backend.accounts.localAdmin)
  pass(20 * MINUTE)
  backend.faults.inject('cookieRefresh', {
    kind: 'edit',
    edit: (answer) => {
      const headers = new Headers(answer.headers)
      const lines = headers.getSetCookie()
      headers.delete('set-cookie')
      for (const line of ['refreshToken=old%3D; Path=/', ...lines]) headers.append('set-cookie', line)
      return new Response(answer.body, { status: answer.status, headers })
    },
  })
  expect((await page.get(USERS)).status).toBe(200)
  await page.get(USERS, { headers: { 'x-user-activity': '1' } })
  pass(20 * MINUTE)
  expect((await page.get(USERS)).status).toBe(200)
  expect([sends(), backend.log.replays()]).toEqual([2, []])
})

test('W22: the tenant is that of the login, whatever a page says', async () => {
  const { serve, pass, backend } = await world()
  let tenant = 'acme'
  const { page } = serve({ resolveTenant: () => tenant })
  await page.post('/session/login', backend.accounts.localAdmin)
  await page.openid({ purpose: 'switchUser' }, backend.accounts.openidAdmin.sub)
  tenant = 'other'
  await page.get(USERS, { headers: { 'x-tenant-id': 'mine' } })
  pass(20 * MINUTE)
  await page.get(USERS, { headers: { 'x-tenant-id': 'mine' } })
  expect(backend.log.presentations.map((p) => p.tenant)).toEqual(['acme'])
  expect(backend.log.requests.filter((r) => r.path === USERS).map((r) => r.tenant)).toEqual([undefined])
})

test('W23: the origin of an exchange is the configured one, whatever the Referer says', async () => {
  const { serve, backend } = await world()
  const { page } = serve()
  await page.navigate('/session/login/start')
  const exchange = backend.log.requests.find((r) => r.path === '/api/admin/oauth/exchange')
  expect(exchange).toMatchObject({ origin: PANEL, status: 200 })
})

test('W24: two tabs that log in do not spoil each other', async () => {
  const { serve } = await world()
  const { page } = serve()
  const first = await page.begun({ returnTo: '/first' })
  const second = await page.begun({ returnTo: '/second' })
  // LibreChat does not say which of them comes back: neither lands where the other wanted to go.
  expect((await page.navigate(first)).url.pathname).toBe('/')
  expect((await page.get('/session/')).status).toBe(200)
  expect((await page.navigate(second)).url.pathname).toBe('/')
  expect((await page.get('/session/')).status).toBe(200)
})

test('W25: where the user wanted to go is kept, query and hash, and never leads away', async () => {
  const { serve } = await world()
  const { page, server } = serve()
  const wanted = '/users?page=2&q=a%2Fb#row-7'
  const { url } = await page.openid({ returnTo: wanted })
  expect(url.href).toBe(`${PANEL}${wanted}`)
  expect(server.returnTo(wanted)).toBe(wanted)
  expect(server.returnTo('/\\evil.example')).toBe('/')
})

test('W26: a copied cookie is worth nothing after the logout', async () => {
  const { serve } = await world()
  const { page, open } = serve()
  await page.navigate('/session/login/start')
  const copy = open()
  for (const [name, value] of page.cookies) copy.cookies.set(name, value)
  await page.post('/session/logout')
  expect((await copy.get(USERS)).status).toBe(401)
})

test('W27: no token is a key, and none is in what is kept or told', async () => {
  const { serve, pass, backend } = await world()
  const memory = memoryServerStore()
  const seen: string[] = []
  const store: ServerStore = {
    read: (key) => {
      seen.push(key)
      return memory.read(key)
    },
    compareAndSet: (key, expected, next) => {
      seen.push(key, JSON.stringify(next))
      return memory.compareAndSet(key, expected, next)
    },
    keysOf: memory.keysOf,
  }
  const { page, notices } = serve({ store })
  const { email, password } = backend.accounts.localAdmin
  const bodies: string[] = []
  backend.faults.inject(
    'any',
    {
      kind: 'edit',
      edit: async (answer) => {
        bodies.push(answer.headers.getSetCookie().join(), await answer.clone().text())
        return answer
      },
    },
    { times: 2, when: (request) => /login|refresh/.test(request.url) },
  )
  const shown = [await (await page.post('/session/login', { email, password })).text()]
  pass(20 * MINUTE)
  shown.push(await (await page.get(USERS)).text())
  const tokens = bodies.flatMap((text) => text.match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g) ?? [])
  expect(tokens.length).toBeGreaterThanOrEqual(4)
  const all = [...seen, ...shown, JSON.stringify(notices), ...page.cookies.values()].join('\n')
  for (const token of tokens) expect(all.includes(token.slice(-20))).toBe(false)
  expect(all).not.toContain(password)
})

test('W28: a login without a refresh token lives to its end, and nothing is sent', async () => {
  const { serve, pass, backend, sends } = await world()
  backend.knobs.reuseTokens = false
  const { page } = serve()
  await page.navigate('/session/login/start')
  pass(14.8 * MINUTE)
  expect((await page.get(USERS)).status).toBe(200)
  pass(MINUTE)
  const answer = await page.get(USERS)
  expect([answer.status, await answer.json()]).toEqual([
    401,
    { error: 'no_session', reason: 'notRefreshable' },
  ])
  expect(sends()).toBe(0)
})
