import { describe, expect, onTestFinished, test } from 'vitest'
import {
  createSession,
  inProcessCoordinator,
  memoryStore,
  type Session,
  type SessionNotice,
  type SessionOptions,
} from 'xstate-session'
import { cookieStrategy, openidStrategy } from 'xstate-session/librechat'
import { accounts } from '../../examples/backend/accounts.ts'
import { password, type TestBackend, testBackend } from '../backend/harness.ts'
import { fakeClock } from '../fakeClock.ts'
import { error, flush, LEAD, MINUTE, SECOND, until } from './fixture.ts'

const LIFE = 15 * MINUTE

/** The reference backend with its real provider, and sessions that share its time. */
async function world(knobs: Parameters<typeof testBackend>[0] = {}) {
  const backend = await testBackend(knobs)
  const clock = fakeClock(backend.now())
  const notices: SessionNotice[] = []
  function open(options: Partial<SessionOptions> = {}): Session {
    const session = createSession({
      baseUrl: backend.url,
      strategies: { openid: openidStrategy(), librechat: cookieStrategy() },
      clock,
      refresh: 'onDemand',
      observe: (notice) => notices.push(notice),
      ...options,
    })
    onTestFinished(() => session.dispose())
    return session
  }
  return {
    backend,
    clock,
    notices,
    open,
    /** An OpenID admin, logged in by the way of a browser. */
    async openid(
      account: Parameters<TestBackend['loginOpenid']>[0] = 'openidAdmin',
      tenantId = '',
      options: Partial<SessionOptions> = {},
    ) {
      const session = open(options)
      await session.login(await backend.loginOpenid(account), { provider: 'openid', tenantId })
      return session
    },
    async local(options: Partial<SessionOptions> = {}) {
      const session = open(options)
      const answer = await backend.loginLocal(accounts.localAdmin.email, password)
      // The cookie route tells no expiry: the bearer’s own claims do.
      await session.login(answer, { provider: 'librechat' })
      return session
    },
    pass(ms: number) {
      backend.advance(ms)
      clock.advance(ms)
    },
    presented: () => backend.log.presentations.map(({ route, outcome }) => `${route} ${outcome}`),
    /** What a correct client never does. */
    expectNoTokenTwice() {
      expect(backend.log.replays()).toEqual([])
      for (const uses of backend.log.presentationsPerToken().values()) expect(uses).toHaveLength(1)
    },
    calls: (path: string) =>
      backend.log.requests.filter((request) => request.path === path).map(({ status }) => status),
  }
}

const USERS = '/api/admin/users'

describe('both providers', () => {
  test('an OpenID session is renewed at its route, again and again, and no token is presented twice', async () => {
    const w = await world()
    const session = await w.openid()
    for (let round = 0; round < 4; round++) {
      w.pass(LIFE - LEAD)
      expect((await session.fetch(USERS)).status).toBe(200)
    }
    expect(session.getSnapshot()).toMatchObject({ state: 'active', version: 5 })
    expect(w.presented()).toEqual(Array(4).fill('openidRefresh ok-rotated'))
    w.expectNoTokenTwice()
  })

  test('a local session is renewed by its cookie, and the rotated one is kept', async () => {
    const w = await world()
    const session = await w.local()
    for (let round = 0; round < 4; round++) {
      w.pass(LIFE - LEAD)
      expect((await session.fetch(USERS)).status).toBe(200)
    }
    expect(w.presented()).toEqual(Array(4).fill('cookieRefresh ok-rotated'))
    w.expectNoTokenTwice()
    const [refresh] = w.backend.log.requests.filter(({ path }) => path === '/api/auth/refresh')
    expect(refresh).toMatchObject({ cookies: ['refreshToken'], authorized: false, tenant: undefined })
  })

  test('one session object serves both, one login after the other', async () => {
    const w = await world()
    const session = await w.openid()
    await session.login(await w.backend.loginLocal(accounts.localAdmin.email, password), {
      provider: 'librechat',
    })
    w.pass(LIFE - LEAD)
    await session.getToken()
    await session.login(await w.backend.loginOpenid('openidAdmin'), { provider: 'openid' })
    w.pass(LIFE - LEAD)
    await session.getToken()
    expect(w.presented()).toEqual(['cookieRefresh ok-rotated', 'openidRefresh ok-rotated'])
  })

  test('an unchanged refresh token within one second is not a spent one', async () => {
    const w = await world()
    const session = await w.local()
    await session.refresh()
    w.pass(LIFE - LEAD)
    expect((await session.fetch(USERS)).status).toBe(200)
    expect(w.presented()).toEqual(['cookieRefresh ok-same', 'cookieRefresh ok-rotated'])
    expect(w.backend.log.replays()).toEqual([])
  })

  test('a provider that does not rotate: the inbound token is kept and used again', async () => {
    const w = await world({ provider: { rotate: false } })
    const store = memoryStore()
    const session = await w.openid('openidAdmin', '', { store })
    const first = (await store.read()) as { refreshToken: string }
    for (let round = 0; round < 3; round++) {
      w.pass(LIFE - LEAD)
      await session.getToken()
    }
    expect(await store.read()).toMatchObject({ version: 4, refreshToken: first.refreshToken })
    expect(w.presented()).toEqual(Array(3).fill('openidRefresh ok-same'))
  })
})

describe('tenants', () => {
  test('the header is forwarded: the same person is renewed in either tenant', async () => {
    const w = await world()
    for (const [account, tenant] of [
      ['openidAcme', 'acme'],
      ['openidGlobex', ' globex '],
    ] as const) {
      const session = await w.openid(account, tenant)
      w.pass(LIFE - LEAD)
      await session.getToken()
      expect(session.getSnapshot().user).toMatchObject({ id: accounts[account].id })
      expect(w.backend.log.presentations.at(-1)).toMatchObject({
        tenant: tenant.trim(),
        outcome: 'ok-rotated',
      })
    }
  })

  test.each(['', '   '])(
    'none is sent when blank: %j; the user id still tells the two apart',
    async (tenant) => {
      const w = await world()
      const session = await w.openid('openidAcme', tenant)
      w.backend.operator.touchUser('openidGlobex')
      w.pass(LIFE - LEAD)
      await session.getToken()
      expect(w.backend.log.presentations).toMatchObject([{ tenant: undefined, outcome: 'ok-rotated' }])
      expect(session.getSnapshot().user).toMatchObject({ id: accounts.openidAcme.id })
    },
  )

  test('a tenant that is not the user’s ends the session, with a security notice', async () => {
    const w = await world()
    const session = await w.openid('openidAcme', 'globex')
    w.pass(LIFE - LEAD)
    await expect(session.getToken()).rejects.toMatchObject(
      error('session_expired', { reason: 'identityMismatch' }),
    )
    expect(w.notices).toContainEqual(expect.objectContaining({ type: 'security', code: 'identityMismatch' }))
    w.expectNoTokenTwice()
  })
})

describe('many at once', () => {
  test('100 callers inside the lead time cost one presentation', async () => {
    const w = await world()
    const session = await w.openid()
    w.pass(LIFE - LEAD)
    const tokens = await Promise.all(Array.from({ length: 100 }, () => session.getToken()))
    expect(new Set(tokens).size).toBe(1)
    expect(w.presented()).toEqual(['openidRefresh ok-rotated'])
  })

  test('five copies of a session in one process, and stragglers: each token is presented once', async () => {
    const w = await world()
    const coordinator = inProcessCoordinator({ clock: w.clock })
    const answer = await w.backend.loginOpenid('openidAdmin')
    const copies = Array.from({ length: 5 }, () => w.open({ coordinator }))
    for (const copy of copies) await copy.login(answer, { provider: 'openid', sessionId: 's1' })
    for (let round = 0; round < 3; round++) {
      w.pass(LIFE - LEAD)
      const tokens = await Promise.all(copies.slice(0, 3).map((copy) => copy.getToken()))
      w.pass(SECOND)
      tokens.push(...(await Promise.all(copies.slice(3).map((copy) => copy.getToken()))))
      expect(new Set(tokens).size).toBe(1)
    }
    expect(w.presented()).toEqual(Array(3).fill('openidRefresh ok-rotated'))
    w.expectNoTokenTwice()
  })

  test('50 calls with an invalidated bearer cost one presentation and one retry each', async () => {
    const w = await world()
    const session = await w.openid()
    w.pass(10 * SECOND)
    w.backend.operator.invalidateBearers('openidAdmin')
    w.pass(SECOND)
    const answers = await Promise.all(Array.from({ length: 50 }, () => session.fetch(USERS)))
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
    expect(w.presented()).toEqual(['openidRefresh ok-rotated'])
    expect(w.calls(USERS).filter((status) => status === 401).length).toBeLessThanOrEqual(50)
    expect(w.calls(USERS).length).toBeLessThanOrEqual(100)
  })

  test('the retry carries the same body', async () => {
    const w = await world()
    const session = await w.local()
    w.pass(10 * SECOND)
    w.backend.operator.invalidateBearers('localAdmin')
    w.pass(SECOND)
    const answer = await session.fetch('/api/admin/echo', {
      method: 'POST',
      body: 'a,b',
      headers: { 'content-type': 'text/csv' },
    })
    expect(await answer.json()).toEqual({ contentType: 'text/csv', body: 'a,b' })
    expect(w.calls('/api/admin/echo')).toEqual([401, 200])
  })
})

describe('when the backend says no', () => {
  test('an older backend without the route (404): the bearer serves on, one more try at its end, then refreshUnsupported', async () => {
    const w = await world()
    const session = await w.openid()
    w.backend.faults.inject(
      'openidRefresh',
      { kind: 'respond', status: 404, body: '<pre>Cannot POST /api/admin/oauth/refresh</pre>' },
      { times: Infinity },
    )
    w.pass(LIFE - LEAD)
    expect((await session.fetch(USERS)).status).toBe(200)
    w.pass(LEAD - 2 * SECOND)
    expect((await session.fetch(USERS)).status).toBe(200)
    expect(w.calls('/api/admin/oauth/refresh')).toEqual([404])
    w.pass(2 * SECOND)
    await expect(session.fetch(USERS)).rejects.toMatchObject(
      error('session_expired', { reason: 'refreshUnsupported' }),
    )
    expect(w.calls('/api/admin/oauth/refresh')).toEqual([404, 404])
  })

  test('reuse forbidden (403 TOKEN_REUSE_DISABLED): asked once, the bearer serves to its end', async () => {
    const w = await world()
    const session = await w.openid()
    w.backend.knobs.reuseTokens = false
    w.pass(LIFE - LEAD)
    expect((await session.fetch(USERS)).status).toBe(200)
    w.backend.knobs.reuseTokens = true
    w.pass(LEAD)
    await expect(session.getToken()).rejects.toMatchObject(
      error('session_expired', { reason: 'refreshUnsupported' }),
    )
    expect(w.presented()).toEqual(['openidRefresh refused'])
  })

  test('a provider outage (401 REFRESH_FAILED): the stale bearer is served, then the session recovers', async () => {
    const w = await world()
    const session = await w.openid()
    w.backend.operator.setProviderConnection('down')
    w.pass(LIFE - LEAD)
    expect((await session.fetch(USERS)).status).toBe(200)
    expect(session.getSnapshot().state).toBe('retrying')
    w.backend.operator.setProviderConnection('up')
    w.pass(LEAD)
    await session.getToken()
    expect(session.getSnapshot()).toMatchObject({ state: 'active', version: 2 })
    expect(w.presented()).toEqual(['openidRefresh unknown-to-client', 'openidRefresh ok-rotated'])
    expect(w.backend.log.replays()).toEqual([])
  })

  test('an answer lost after the token was consumed, under "never": nothing is sent again', async () => {
    const w = await world()
    const session = await w.openid('openidAdmin', '', {
      strategies: { openid: openidStrategy({ resend: 'never' }) },
    })
    w.backend.operator.setProviderConnection('lost')
    w.pass(LIFE - LEAD)
    expect((await session.fetch(USERS)).status).toBe(200)
    w.backend.operator.setProviderConnection('up')
    w.pass(LEAD)
    await expect(session.getToken()).rejects.toMatchObject(
      error('session_expired', { reason: 'refreshOutcomeUnknown' }),
    )
    w.expectNoTokenTwice()
  })

  test.each([
    ['access taken away', (b: TestBackend) => b.operator.revokeAdmin('openidAdmin'), 'accessRevoked'],
    ['the user deleted', (b: TestBackend) => b.operator.deleteUser('openidAdmin'), 'refreshRejected'],
    [
      'another issuer',
      (b: TestBackend) => b.operator.setProviderConnection('foreignIssuer'),
      'identityMismatch',
    ],
  ])('%s ends the session for that reason', async (_, act, reason) => {
    const w = await world()
    const session = await w.openid()
    w.pass(LIFE - LEAD)
    act(w.backend)
    await expect(session.getToken()).rejects.toMatchObject(error('session_expired', { reason }))
    w.expectNoTokenTwice()
  })

  test.each([
    [
      'the session ended at the backend',
      (b: TestBackend) => void b.operator.endLocalSessions('localAdmin'),
      'refreshRejected',
    ],
    [
      'the user deleted: a redirect to the login page',
      (b: TestBackend) => b.operator.deleteUser('localAdmin'),
      'refreshRejected',
    ],
    [
      'a second factor to be enrolled',
      (b: TestBackend) => void Object.assign(b.knobs, { requireTwoFactor: true }),
      'stepUpRequired',
    ],
  ])('a local session: %s', async (_, act, reason) => {
    const w = await world()
    const session = await w.local()
    w.pass(LIFE - LEAD)
    act(w.backend)
    await expect(session.getToken()).rejects.toMatchObject(error('session_expired', { reason }))
  })

  test('A31 the limiter: Retry-After holds the session, the bearer is served', async () => {
    const w = await world({ limiter: { enabled: true, max: 2, windowMs: 5 * MINUTE } })
    const session = await w.openid()
    for (let n = 0; n < 3; n++) await w.backend.loginLocal('nobody@local.example', 'x').catch(() => {})
    w.pass(MINUTE)
    await session.refresh()
    const { state, retryAt } = session.getSnapshot()
    expect(state).toBe('retrying')
    expect(retryAt).toBeGreaterThan(w.clock.wall() + 2 * MINUTE)
    expect((await session.fetch(USERS)).status).toBe(200)
  })
})

describe('logout', () => {
  test('a local session ends at the backend, and its refresh token is dead', async () => {
    const w = await world()
    const store = memoryStore()
    const session = await w.local({ store })
    const { refreshToken } = (await store.read()) as { refreshToken: string }
    await session.logout()
    expect(w.calls('/api/auth/logout')).toEqual([200])
    const again = await fetch(`${w.backend.url}/api/auth/refresh`, {
      method: 'POST',
      headers: { cookie: `refreshToken=${refreshToken}` },
    })
    expect(again.status).toBe(401)
    expect(await store.read()).toMatchObject({ ended: true })
  })

  test('an OpenID session does not call the backend, which would end somebody else’s', async () => {
    const w = await world()
    const session = await w.openid()
    await session.logout()
    await flush()
    expect(w.calls('/api/auth/logout')).toEqual([])
  })
})

test('an eager session is kept by its timer alone', async () => {
  const w = await world()
  const session = await w.openid('openidAdmin', '', { refresh: 'eager', random: () => 0 })
  for (let round = 0; round < 3; round++) {
    const renewed = until(session, 'refreshing').then(() => until(session, 'active'))
    w.pass(LIFE - LEAD)
    await renewed
  }
  expect(session.getSnapshot().version).toBe(4)
  w.expectNoTokenTwice()
})
