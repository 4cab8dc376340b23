import { describe, expect, test } from 'vitest'
import { createSession, inProcessCoordinator, memoryStore, type SessionStore } from 'xstate-session'
import { openidStrategy } from 'xstate-session/librechat'
import { fakeClock } from '../fakeClock.ts'
import { fakeFetch, json } from '../strategies/attempt.ts'
import {
  ada,
  BASE_URL,
  error,
  flush,
  jwt,
  LEAD,
  LIFE,
  loggedIn,
  MINUTE,
  outcomeOf,
  restored,
  SECOND,
  seeded,
  stubStrategy,
} from './fixture.ts'

/** A session whose refresh is in the air. */
async function refreshing(...given: Parameters<typeof loggedIn>) {
  const started = await loggedIn(...given)
  await started.pass(LIFE - LEAD)
  expect(started.state()).toBe('refreshing')
  return started
}

describe('the tokens of an answer', () => {
  test('A1 a rotated answer is committed before anybody is told', async () => {
    const order: string[] = []
    const memory = memoryStore()
    let finish = () => {}
    const store: SessionStore = {
      ...memory,
      async compareAndSet(expected, next) {
        if (next.version === 2) {
          order.push('write')
          await new Promise<void>((resolve) => {
            finish = resolve
          })
        }
        const isWritten = await memory.compareAndSet(expected, next)
        if (next.version === 2) order.push('written')
        return isWritten
      },
    }
    const { session, strategy, ok, told } = await refreshing({ store, observe: undefined as never })
    session.subscribe(({ version }) => order.push(`told ${version}`))
    const callers = [session.getToken(), session.getToken()].map((caller) =>
      caller.then((token) => order.push(token)),
    )
    await strategy.last().answer(ok())
    expect(order).toEqual(['write'])
    finish()
    await Promise.all(callers)
    await flush()
    expect(order[1]).toBe('written')
    expect(order.slice(2).sort()).toEqual(['B2', 'B2', 'told 2'])
    expect(told('refreshed')).toEqual([])
  })

  test.each([undefined, ''])(
    'A2 an answer without a refresh token keeps the one that was sent: %j',
    async (refreshToken) => {
      const store = memoryStore()
      const { session, strategy, clock } = await refreshing({ store })
      const life = { expiresAt: clock.wall() + LIFE }
      await strategy
        .last()
        .answer({ kind: 'ok', bearer: 'B2', life, ...(refreshToken !== undefined && { refreshToken }) })
      expect(await session.getToken()).toBe('B2')
      expect(await store.read()).toMatchObject({ refreshToken: 'R1' })
    },
  )

  test('A3 an answer that repeats the refresh token is no reuse: it is sent again, and nobody is warned', async () => {
    const { strategy, notices, ok, pass, state } = await refreshing()
    await strategy.last().answer(ok(2, { refreshToken: 'R1' }))
    await pass(LIFE - LEAD)
    await strategy.last().answer(ok(3, { refreshToken: 'R1' }))
    expect(state()).toBe('active')
    expect(strategy.sent()).toEqual(['R1', 'R1'])
    expect(notices.filter(({ type }) => type === 'warning' || type === 'security')).toEqual([])
  })

  test('A9 a new refresh token without a bearer is kept, and the old bearer served to its end', async () => {
    const { session, strategy, pass, state, reason } = await refreshing()
    strategy.always(() => ({ kind: 'ok', refreshToken: `R${strategy.attempts.length + 1}` }))
    await strategy.last().answer({ kind: 'ok', refreshToken: 'R2' })
    expect(state()).toBe('retrying')
    expect(await session.getToken()).toBe('B1')
    expect(strategy.attempts).toHaveLength(1)
    await pass(5 * SECOND)
    expect(strategy.sent()).toEqual(['R1', 'R2'])
    await pass(10 * SECOND)
    expect(strategy.sent()).toEqual(['R1', 'R2', 'R3'])
    expect(await session.getToken()).toBe('B1')
    await pass(LEAD - 15 * SECOND)
    expect([state(), reason()]).toEqual(['expired', 'unusableLifetime'])
    await expect(session.getToken()).rejects.toMatchObject(
      error('session_expired', { reason: 'unusableLifetime' }),
    )
  })

  test('A9 the next refresh saves the session, also where the old bearer has ended', async () => {
    const { session, strategy, pass, ok } = await loggedIn({ refresh: 'onDemand' })
    await pass(LIFE)
    const waiting = session.getToken()
    await flush()
    await strategy.last().answer({ kind: 'ok', refreshToken: 'R2' })
    expect(session.getSnapshot()).toMatchObject({ state: 'retrying', isUsable: false, version: 2 })
    await pass(5 * SECOND)
    expect(strategy.sent()).toEqual(['R1', 'R2'])
    await strategy.last().answer(ok(3))
    expect(await waiting).toBe('B3')
  })

  test.each(['', ' ', 'a b', 'a\r\nb', 'ünsäglich', '\u{1f600}', 'x'.repeat(16_385)])(
    'A10 a bearer that no header can carry is dropped, its refresh token kept: %j',
    async (bearer) => {
      const { strategy, pass, api, session, told, ok } = await refreshing()
      await strategy.last().answer(ok(2, { bearer }))
      expect((await session.fetch('/api/admin/users')).status).toBe(200)
      expect(told('warning')).toMatchObject([{ code: 'tokenFormat' }])
      await pass(5 * SECOND)
      expect(strategy.sent()).toEqual(['R1', 'R2'])
      await strategy.last().answer(ok(3))
      expect((await session.fetch('/api/admin/users')).status).toBe(200)
      expect(api.bearers()).toEqual(['B1', 'B3'])
    },
  )

  test('A21 a refresh token that the backend deleted: the bearer serves to its end, then the session expires', async () => {
    const { session, strategy, ok, pass, state, reason } = await refreshing()
    await strategy.last().answer(ok(2, { final: true }))
    expect(state()).toBe('active')
    await pass(LIFE - 1)
    expect(state()).toBe('nearingExpiry')
    expect(await session.getToken()).toBe('B2')
    await pass(1)
    expect([state(), reason()]).toEqual(['expired', 'notRefreshable'])
    expect(strategy.attempts).toHaveLength(1)
  })

  test.each([
    ['the bearer', { bearer: 'B1', refreshToken: 'R3' }],
    ['the refresh token', { bearer: 'B3', refreshToken: 'R1' }],
  ])(
    'A38 an answer that repeats %s of an older version is discarded, and its token held back',
    async (_, old) => {
      const { session, strategy, ok, pass, state, told } = await refreshing()
      await strategy.last().answer(ok())
      await pass(LIFE - LEAD)
      await strategy.last().answer(ok(3, old))
      expect(told('warning')).toMatchObject([{ code: 'stale' }])
      expect([state(), session.getSnapshot().version]).toEqual(['retrying', 2])
      expect(await session.getToken()).toBe('B2')
      expect(strategy.sent()).toEqual(['R1', 'R2'])
    },
  )
})

describe('who an answer is for', () => {
  test.each(['identityMismatch', 'unknownUser'] as const)(
    'A26 %s ends the session, and a security notice says so',
    async (security) => {
      const { session, strategy, state, reason, told, pass } = await refreshing()
      const caller = outcomeOf(session.getToken())
      await strategy.last().answer({ kind: 'rejected', reason: 'identityMismatch', security })
      expect([state(), reason()]).toEqual(['expired', 'identityMismatch'])
      expect(caller.error).toMatchObject(error('session_expired', { reason: 'identityMismatch' }))
      expect(told('security')).toMatchObject([{ code: security, epoch: 1, version: 1 }])
      await pass(60 * MINUTE)
      expect(strategy.attempts).toHaveLength(1)
    },
  )

  test.each([
    ['user', { ...ada, id: 'bob' }],
    ['tenant', { ...ada, tenantId: 'green' }],
  ])('A39 an answer for another %s is discarded whole and ends the session', async (_, user) => {
    const store = memoryStore()
    const { session, strategy, ok, state, reason, told } = await refreshing(
      { store },
      {},
      { tenantId: 'blue' },
    )
    const caller = outcomeOf(session.getToken())
    await strategy.last().answer(ok(2, { user }))
    expect([state(), reason()]).toEqual(['expired', 'identityMismatch'])
    expect(caller.error).toMatchObject(error('session_expired'))
    expect(session.getSnapshot().user).toEqual(ada)
    expect(JSON.stringify(await store.read())).not.toMatch(/B2|R2|bob|green/)
    expect(told('security')).toMatchObject([{ code: 'identityMismatch' }])
    expect(told('refreshed')).toEqual([])
  })

  test('A40 a changed role of the same user is a renewal, and the change is told', async () => {
    const { session, strategy, ok, told } = await refreshing()
    await strategy.last().answer(ok(2, { user: { ...ada, role: 'USER' } }))
    expect(session.getSnapshot()).toMatchObject({
      state: 'active',
      version: 2,
      user: { id: 'ada', role: 'USER' },
    })
    expect(told('changed')).toMatchObject([{ what: 'profile' }])
  })

  test('A40 the same profile in another order of its fields is no change', async () => {
    const { strategy, ok, told } = await refreshing()
    const { role, email, id } = ada
    await strategy.last().answer(ok(2, { user: { role, email, id } }))
    expect(told('refreshed')).toHaveLength(1)
    expect(told('changed')).toEqual([])
  })

  test('X9 a login answer with __proto__ pollutes nothing', async () => {
    const user = JSON.parse(
      '{"id":"ada","__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}',
    )
    const { session } = await loggedIn({}, { user })
    expect(session.getSnapshot().user).toEqual({ id: 'ada' })
    expect(({} as Record<string, unknown>).isAdmin).toBeUndefined()
    expect((session.getSnapshot().user as unknown as Record<string, unknown>).isAdmin).toBeUndefined()
  })

  test('X9 a refresh answer with __proto__ pollutes nothing', async () => {
    const clock = fakeClock()
    const { fetch } = fakeFetch(() =>
      json('{"token":"B2","user":{"id":"ada","__proto__":{"isAdmin":true}},"__proto__":{"isAdmin":true}}'),
    )
    const session = createSession({
      baseUrl: BASE_URL,
      strategies: { openid: openidStrategy() },
      fetch,
      clock,
    })
    await session.login({ token: 'B1', refreshToken: 'R1', user: { id: 'ada' } }, { provider: 'openid' })
    clock.advance(SECOND)
    await session.refresh()
    expect(({} as Record<string, unknown>).isAdmin).toBeUndefined()
    expect((session.getSnapshot().user as unknown as Record<string, unknown>).isAdmin).toBeUndefined()
    session.dispose()
  })
})

describe('when an answer says the bearer ends', () => {
  const lifeIn = (expiresAt: unknown, more: object = {}) =>
    loggedIn({ refresh: 'onDemand' }, { expiresAt, ...more }).then((started) => {
      const end = started.session.getSnapshot().expiresAt
      return { ...started, lifeMs: end === undefined ? undefined : end - started.clock.wall() }
    })

  test('A11 an expiry in the past waits, and after three renewals of no use the session ends', async () => {
    const { strategy, pass, clock, state, reason } = await refreshing()
    strategy.always(() => ({
      kind: 'ok',
      bearer: `B${strategy.attempts.length + 1}`,
      refreshToken: `R${strategy.attempts.length + 1}`,
      life: { expiresAt: clock.wall() - 1, serverNow: clock.wall() },
    }))
    await strategy
      .last()
      .answer({ kind: 'ok', bearer: 'B2', refreshToken: 'R2', life: { expiresAt: clock.wall() - 1 } })
    expect(state()).toBe('retrying')
    await pass(5 * SECOND - 1)
    expect(strategy.attempts).toHaveLength(1)
    await pass(1)
    expect(strategy.attempts).toHaveLength(2)
    await pass(10 * SECOND)
    expect(strategy.sent()).toEqual(['R1', 'R2', 'R3'])
    expect(state()).toBe('retrying')
    await pass(LEAD - 15 * SECOND)
    expect([state(), reason()]).toEqual(['expired', 'unusableLifetime'])
    await pass(60 * MINUTE)
    expect(strategy.attempts).toHaveLength(3)
  })

  test('A11 an expiry in the past by our clock, but not by the server’s, is good', async () => {
    const { session, strategy, clock } = await refreshing()
    const serverNow = clock.wall() - 60 * MINUTE
    await strategy
      .last()
      .answer({ kind: 'ok', bearer: 'B2', life: { expiresAt: serverNow + LIFE, serverNow } })
    expect(session.getSnapshot()).toMatchObject({ state: 'active', expiresAt: clock.wall() + LIFE })
  })

  test('A12 an expiry in seconds is read as such, with one warning', async () => {
    const wall = fakeClock().wall()
    const { lifeMs, told } = await lifeIn(wall / 1000 + 600)
    await flush()
    expect(lifeMs).toBe(10 * MINUTE)
    expect(told('warning')).toMatchObject([{ code: 'unit' }])
  })

  test.each([
    undefined,
    null,
    NaN,
    Infinity,
    -Infinity,
    true,
    [1],
    {},
    -1,
    '2026-01-01',
    '1767226500000',
    '2026-01-01T00:15:00Z',
  ])('A13, A14 an expiry of %j is none: the claims of the bearer count next', async (expiresAt) => {
    expect((await lifeIn(expiresAt)).lifeMs).toBeUndefined()
    const iat = fakeClock().wall() / 1000
    expect((await lifeIn(expiresAt, { token: jwt({ iat, exp: iat + 300 }) })).lifeMs).toBe(5 * MINUTE)
  })

  test('A13 expires_in comes before the claims, the configured lifetime last', async () => {
    const iat = fakeClock().wall() / 1000
    const bearer = jwt({ iat, exp: iat + 300 })
    const { strategy, session, clock, pass } = await refreshing({ lifetimeMs: 7 * MINUTE })
    const remaining = () => (session.getSnapshot().expiresAt ?? Infinity) - clock.wall()
    await strategy.last().answer({ kind: 'ok', bearer, life: { expiresAt: null, expiresIn: 120 } })
    expect(remaining()).toBe(2 * MINUTE)
    await pass(90 * SECOND)
    await strategy.last().answer({ kind: 'ok', bearer: 'B3', life: { expiresAt: 'soon', expiresIn: '120' } })
    expect(remaining()).toBe(7 * MINUTE)
  })

  test('A13 without any hint the bearer is served until a 401, and no timer is armed for it', async () => {
    const { session, pass, strategy, clock } = await loggedIn({}, { expiresAt: null })
    expect(clock.pending()).toEqual([])
    await pass(40 * 24 * 60 * MINUTE)
    expect(await session.getToken()).toBe('B1')
    expect(strategy.attempts).toEqual([])
  })

  test('A14 an ISO date with a zone counts where the option says so; one without a zone never', async () => {
    const iso = (expiresAt: string) => loggedIn({ expiresAtUnit: 'iso' }, { expiresAt })
    const { session, clock } = await iso('2026-01-01T01:15:00+01:00')
    expect(session.getSnapshot().expiresAt).toBe(clock.wall() + LIFE)
    expect((await iso('2026-01-01T00:15:00')).session.getSnapshot()).not.toHaveProperty('expiresAt')
  })

  test.each([253_402_300_799_000, 8.64e15, 8.64e15 + 1, Number.MAX_VALUE])(
    'A15 an expiry of %d is clamped to a day',
    async (expiresAt) => {
      expect((await lifeIn(expiresAt)).lifeMs).toBe(24 * 60 * MINUTE)
    },
  )
})

describe('answers that renew nothing', () => {
  test('A23 the slower of two clients that share a store finds the newer version and stays', async () => {
    const store = memoryStore()
    const clock = fakeClock()
    const first = await loggedIn({ store, clock, refresh: 'onDemand' })
    const second = await restored({ store, clock, refresh: 'onDemand' })
    await first.pass(LIFE - LEAD)
    const callers = [first.session.getToken(), second.session.getToken()]
    await flush()
    await first.strategy.last().answer(first.ok())
    await second.strategy.last().answer({ kind: 'rejected', reason: 'refreshRejected' })
    expect(await Promise.all(callers)).toEqual(['B2', 'B2'])
    expect(second.session.getSnapshot()).toMatchObject({ state: 'active', version: 2 })
    expect(second.told('expired')).toEqual([])
    expect(await store.read()).toMatchObject({ version: 2, refreshToken: 'R2' })
    await second.pass(LIFE - LEAD)
    void second.session.getToken().catch(() => {})
    await flush()
    expect(second.strategy.sent()).toEqual(['R1', 'R2'])
  })

  test('A23 without a newer version the rejection ends the session', async () => {
    const { session, strategy, state, reason } = await refreshing({ store: memoryStore() })
    const caller = outcomeOf(session.getToken())
    await strategy.last().answer({ kind: 'rejected', reason: 'refreshRejected' })
    expect([state(), reason()]).toEqual(['expired', 'refreshRejected'])
    expect(caller.error).toMatchObject(error('session_expired', { reason: 'refreshRejected' }))
  })

  test('A24 a client that is not accepted keeps its session, asks at most once a minute and says what is wrong', async () => {
    const { session, strategy, pass, state, ok } = await refreshing()
    strategy.always({ kind: 'refused', cause: 'misconfigured' })
    await strategy.last().answer({ kind: 'refused', cause: 'misconfigured' })
    expect(state()).toBe('retrying')
    expect(await session.getToken()).toBe('B1')
    for (let second = 0; second < 10 * 60; second++) await pass(SECOND)
    expect(strategy.attempts.length).toBeGreaterThanOrEqual(10)
    expect(strategy.attempts.length).toBeLessThanOrEqual(11)
    expect(state()).toBe('retrying')
    await expect(session.getToken()).rejects.toMatchObject(error('misconfigured'))
    strategy.always(ok())
    await pass(MINUTE)
    expect(await session.getToken()).toBe('B2')
  })

  test('A31 a limiter holds back all 50 sessions of the process for as long as it asks', async () => {
    const clock = fakeClock()
    const strategy = stubStrategy()
    const coordinator = inProcessCoordinator({ clock, hash: (text) => text })
    const random = seeded()
    const sessions = []
    for (let n = 0; n < 50; n++)
      sessions.push(
        await loggedIn(
          { clock, strategy, coordinator, random },
          { refreshToken: `R1 of ${n}` },
          { sessionId: `s${n}` },
        ),
      )
    strategy.always({ kind: 'refused', cause: 'limited', retryAfterMs: 120 * SECOND })
    clock.advance(LIFE - LEAD - 3 * MINUTE)
    await flush()
    for (let second = 0; second < 3 * 60; second++) {
      clock.advance(SECOND)
      await flush()
      if (strategy.attempts.length > 0) break
    }
    expect(strategy.attempts).toHaveLength(1)
    for (let second = 0; second < 119; second++) {
      clock.advance(SECOND)
      await flush()
    }
    expect(strategy.attempts).toHaveLength(1)
    for (const { session } of sessions.filter(({ state }) => state() === 'retrying')) {
      expect(session.getSnapshot().retryAt).toBeGreaterThanOrEqual(clock.wall())
      expect(await session.getToken()).toBe('B1')
    }
  })

  test('A31 one session waits as long as Retry-After asks, even if the network comes back', async () => {
    const { strategy, pass, signal, session, clock } = await refreshing()
    await strategy.last().answer({ kind: 'refused', cause: 'limited', retryAfterMs: 120 * SECOND })
    expect(session.getSnapshot().retryAt).toBe(clock.wall() + 120 * SECOND)
    await signal('networkRestored')
    await pass(120 * SECOND - 1)
    expect(strategy.attempts).toHaveLength(1)
    await pass(1)
    expect(strategy.attempts).toHaveLength(2)
  })
})
