import { describe, expect, test } from 'vitest'
import { createSession, inProcessCoordinator, Misconfigured, memoryStore } from 'xstate-session'
import { cookieStrategy, openidStrategy } from 'xstate-session/librechat'
import { fakeClock } from '../fakeClock.ts'
import { fakeFetch, json } from '../strategies/attempt.ts'
import {
  ada,
  BASE_URL,
  error,
  flush,
  LEAD,
  LIFE,
  loggedIn,
  MINUTE,
  outcomeOf,
  SECOND,
  start,
  strictApi,
  stubStrategy,
} from './fixture.ts'

/** A session with the real OpenID strategy, whose backend answers every refresh. */
async function openidSession(tenantId?: string) {
  const clock = fakeClock()
  const { fetch, sent } = fakeFetch(() =>
    json({ token: 'B2', refreshToken: 'R2', user: ada, expiresAt: clock.wall() + LIFE }),
  )
  const session = createSession({ baseUrl: BASE_URL, strategies: { openid: openidStrategy() }, fetch, clock })
  await session.login(
    { token: 'B1', refreshToken: 'R1', user: ada, expiresAt: clock.wall() + LIFE },
    { provider: 'openid', ...(tenantId !== undefined && { tenantId }) },
  )
  clock.advance(SECOND)
  await session.refresh()
  session.dispose()
  return sent[0]
}

describe('tenant header', () => {
  test('forwarded when the session has a tenant, and trimmed', async () => {
    expect((await openidSession('  blue  '))?.headers.get('x-tenant-id')).toBe('blue')
  })

  test('omitted when it has none', async () => {
    expect((await openidSession())?.headers.has('x-tenant-id')).toBe(false)
  })

  test.each(['', '   ', '\t'])('omitted when blank: %j', async (blank) => {
    expect((await openidSession(blank))?.headers.has('x-tenant-id')).toBe(false)
  })

  test.each(['blue\r\nX-Admin: yes', 'blue green', 'blau/grün', '__SYSTEM__', 'x'.repeat(129)])(
    'refused when malformed, with an error that does not quote it: %j (X7)',
    async (tenantId) => {
      const { session, login, strategy } = start()
      const refusal = await login({}, { tenantId }).catch((reason: unknown) => reason)
      expect(refusal).toBeInstanceOf(Misconfigured)
      expect((refusal as Error).message).toContain('"tenantId"')
      expect((refusal as Error).message).not.toContain(tenantId)
      expect(session.getSnapshot().state).toBe('loggedOut')
      expect(strategy.attempts).toEqual([])
    },
  )
})

describe('coalescing', () => {
  /** Two sessions of one process, as two requests of one admin bring them, refreshed at the same moment. */
  async function together(
    second: Parameters<typeof loggedIn>[2] & { token?: string; userId?: string; refreshToken?: string } = {},
  ) {
    const clock = fakeClock()
    const strategy = stubStrategy()
    const coordinator = inProcessCoordinator({ clock, hash: (text) => text })
    const strategies = { openid: strategy.strategy, other: strategy.strategy }
    const shared = { clock, strategy, coordinator, strategies }
    const { userId = 'ada', refreshToken = 'R1', ...as } = second
    const one = await loggedIn(shared, {}, { tenantId: 'blue', sessionId: 's1' })
    const two = await loggedIn(
      shared,
      { user: { ...ada, id: userId }, refreshToken },
      { tenantId: 'blue', sessionId: 's1', ...as },
    )
    clock.advance(SECOND)
    const both = [one.session.refresh(), two.session.refresh()]
    await flush()
    for (const { answer } of strategy.attempts) await answer(one.ok())
    await Promise.all(both)
    return { sends: strategy.attempts.length, one, two }
  }

  test('two sessions with one token share one send, and both get what it brought', async () => {
    const { sends, one, two } = await together()
    expect(sends).toBe(1)
    expect(await Promise.all([one.session.getToken(), two.session.getToken()])).toEqual(['B2', 'B2'])
  })

  test.each([
    ['provider', { provider: 'other' }],
    ['user', { userId: 'bob' }],
    ['tenant', { tenantId: 'green' }],
    ['no tenant', { tenantId: '' }],
    ['session', { sessionId: 's2' }],
    ['refresh token', { refreshToken: 'R9' }],
  ])('another %s shares no flight', async (_, second) => {
    expect((await together(second)).sends).toBe(2)
  })
})

describe('refresh', () => {
  test('outside the lead time: callers are served at once and nothing is sent', async () => {
    const { session, pass, strategy } = await loggedIn({ refresh: 'onDemand' })
    await pass(LIFE - LEAD - 1)
    expect(await session.getToken()).toBe('B1')
    expect(strategy.attempts).toEqual([])
  })

  test('inside the lead time: callers wait for one refresh and get what it brings', async () => {
    const { session, pass, strategy, ok } = await loggedIn({ refresh: 'onDemand' })
    await pass(LIFE - LEAD)
    const callers = [session.getToken(), session.getToken(), session.fetch('/api/admin/users')]
    await flush()
    expect(strategy.sent()).toEqual(['R1'])
    await strategy.last().answer(ok())
    expect((await Promise.all(callers)).slice(0, 2)).toEqual(['B2', 'B2'])
  })

  test('rotation is persisted, and the next refresh spends the new token', async () => {
    const store = memoryStore()
    const { session, pass, strategy, ok } = await loggedIn({ store })
    await pass(LIFE - LEAD)
    await strategy.last().answer(ok())
    expect(await store.read()).toMatchObject({ version: 2, bearer: 'B2', refreshToken: 'R2' })
    await pass(LIFE - LEAD)
    expect(strategy.sent()).toEqual(['R1', 'R2'])
    expect(session.getSnapshot().version).toBe(2)
  })

  test('the inbound token is kept when the provider does not rotate', async () => {
    const store = memoryStore()
    const { pass, strategy, clock } = await loggedIn({ store })
    for (const bearer of ['B2', 'B3']) {
      await pass(LIFE - LEAD)
      await strategy.last().answer({ kind: 'ok', bearer, life: { expiresAt: clock.wall() + LIFE } })
    }
    expect(strategy.sent()).toEqual(['R1', 'R1'])
    expect(await store.read()).toMatchObject({ version: 3, bearer: 'B3', refreshToken: 'R1' })
  })

  test('the stale bearer is served when the refresh fails', async () => {
    const { session, pass, strategy, state } = await loggedIn()
    await pass(LIFE - LEAD)
    await strategy.last().answer({ kind: 'unknown', cause: 'status', answered: true })
    expect(state()).toBe('retrying')
    expect(await session.getToken()).toBe('B1')
    expect((await session.fetch('/api/admin/users')).status).toBe(200)
  })
})

describe('after a 401', () => {
  test('one refresh, then a single retry with the new bearer', async () => {
    const api = strictApi((bearer) => bearer === 'B2')
    const { session, pass, strategy, ok } = await loggedIn({ fetch: api.fetch })
    await pass(SECOND)
    const answer = session.fetch('/api/admin/users')
    await flush()
    await strategy.last().answer(ok())
    expect((await answer).status).toBe(200)
    expect(api.bearers()).toEqual(['B1', 'B2'])
    expect(strategy.attempts).toHaveLength(1)
  })

  test('a failed refresh leaves the caller the original 401', async () => {
    const api = strictApi(() => false)
    const { session, pass, strategy } = await loggedIn({ fetch: api.fetch })
    await pass(SECOND)
    const answer = session.fetch('/api/admin/users')
    await flush()
    await strategy.last().answer({ kind: 'rejected', reason: 'refreshRejected' })
    expect(await (await answer).text()).toBe('who?')
    expect(api.bearers()).toEqual(['B1'])
  })
})

describe('both routes', () => {
  test.each([
    ['openid', 'api/admin/oauth/refresh', '{"refresh_token":"R1","user_id":"ada"}', null],
    ['librechat', 'api/auth/refresh', null, 'refreshToken=R1'],
  ])('provider %s refreshes at %s', async (provider, path, body, cookie) => {
    const clock = fakeClock()
    const { fetch, sent } = fakeFetch(() => json({ token: 'B2', user: ada }))
    const session = createSession({
      baseUrl: BASE_URL,
      strategies: { openid: openidStrategy(), librechat: cookieStrategy() },
      fetch,
      clock,
    })
    await session.login(
      { token: 'B1', refreshToken: 'R1', user: ada, expiresAt: clock.wall() + LIFE },
      { provider },
    )
    clock.advance(SECOND)
    await session.refresh()
    expect(
      sent.map(({ url, init, headers }) => [
        url,
        init.body ?? null,
        headers.get('cookie'),
        headers.get('authorization'),
      ]),
    ).toEqual([[BASE_URL + path, body, cookie, null]])
    session.dispose()
  })

  test('a provider without a strategy is refused, and the known ones are named', async () => {
    const { login } = start()
    await expect(login({}, { provider: 'google' })).rejects.toMatchObject(
      error('misconfigured', { message: expect.stringContaining('openid') }),
    )
  })
})

describe('a backend without the refresh route (404)', () => {
  const missing = { kind: 'unsupported', forGood: false } as const

  test('A29 the bearer serves on, the token is tried once more at its end, then the session expires', async () => {
    const { session, pass, strategy, state, reason } = await loggedIn()
    await pass(LIFE - LEAD)
    await strategy.last().answer(missing)
    expect(state()).toBe('nearingExpiry')
    expect(await session.getToken()).toBe('B1')
    await pass(LEAD - 1)
    expect(await session.getToken()).toBe('B1')
    expect(strategy.attempts).toHaveLength(1)
    await pass(1)
    expect(strategy.sent()).toEqual(['R1', 'R1'])
    await strategy.last().answer(missing)
    expect([state(), reason()]).toEqual(['expired', 'refreshUnsupported'])
    await expect(session.getToken()).rejects.toMatchObject(
      error('session_expired', { reason: 'refreshUnsupported' }),
    )
    await pass(60 * MINUTE)
    expect(strategy.attempts).toHaveLength(2)
  })

  test('A29 a backend that was in the middle of a deploy saves the session at that last try', async () => {
    const { session, pass, strategy, ok } = await loggedIn()
    await pass(LIFE - LEAD)
    await strategy.last().answer(missing)
    await pass(LEAD)
    await strategy.last().answer(ok())
    expect(await session.getToken()).toBe('B2')
  })

  test('A29 a backend that forbids reuse is not asked again: the token is dropped, the bearer serves to its end', async () => {
    const { session, pass, strategy, state, reason } = await loggedIn()
    await pass(LIFE - LEAD)
    await strategy.last().answer({ kind: 'unsupported', forGood: true })
    expect(await session.getToken()).toBe('B1')
    const late = outcomeOf(session.refresh())
    await pass(LEAD)
    expect(late.isSettled).toBe(true)
    expect([state(), reason()]).toEqual(['expired', 'refreshUnsupported'])
    expect(strategy.attempts).toHaveLength(1)
  })
})
