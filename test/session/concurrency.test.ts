import { describe, expect, test } from 'vitest'
import {
  type Coordinator,
  inProcessCoordinator,
  type LoggedOut,
  memoryStore,
  type RefreshOutcome,
  type SessionStore,
  sessionStore,
} from 'xstate-session'
import { fakeClock } from '../fakeClock.ts'
import {
  ada,
  error,
  flush,
  LEAD,
  LIFE,
  loggedIn,
  MINUTE,
  outcomeOf,
  restored,
  SECOND,
  strictApi,
  stubApi,
  stubStrategy,
} from './fixture.ts'

/** A session under `onDemand` whose bearer is due. */
async function due(...[options, ...more]: Parameters<typeof loggedIn>) {
  const started = await loggedIn({ refresh: 'onDemand', ...options }, ...more)
  await started.pass(LIFE - LEAD)
  return started
}

describe('many callers', () => {
  test.each([1, 2, 100, 10_000])(
    'C1 %d callers share one send and one timer, and get the same bearer',
    async (count) => {
      const { session, strategy, clock, ok } = await due()
      const callers = Array.from({ length: count }, () => session.getToken())
      await flush()
      expect(strategy.attempts).toHaveLength(1)
      // The deadline of the attempt, and one for the waiters and the bearer's end.
      expect(clock.pending().length).toBeLessThanOrEqual(2)
      await strategy.last().answer(ok())
      expect(new Set(await Promise.all(callers))).toEqual(new Set(['B2']))
    },
  )

  test('C1 callers of a failed refresh get the same error', async () => {
    const { session, strategy } = await due()
    const callers = Array.from({ length: 100 }, () => outcomeOf(session.getToken()))
    await flush()
    await strategy.last().answer({ kind: 'rejected', reason: 'refreshRejected' })
    expect(new Set(callers.map(({ error }) => error)).size).toBe(1)
    expect(callers[0]?.error).toMatchObject(error('session_expired'))
  })

  test('C2 a caller at any microtask around the answer gets the new bearer, and nothing more is sent', async () => {
    const { session, strategy, ok } = await due()
    const callers = [session.getToken()]
    await flush()
    void strategy.last().answer(ok())
    for (let microtask = 0; microtask < 50; microtask++) {
      callers.push(session.getToken())
      await Promise.resolve()
    }
    expect(new Set(await Promise.all(callers))).toEqual(new Set(['B2']))
    expect(strategy.attempts).toHaveLength(1)
  })

  test('C3 a straggler that still holds the spent token gets its successor, and nothing is sent', async () => {
    const clock = fakeClock()
    const coordinator = inProcessCoordinator({ clock, hash: (text) => text })
    const shared = { clock, coordinator, refresh: 'onDemand' as const }
    const one = await loggedIn(shared)
    const two = await loggedIn(shared)
    await one.pass(LIFE - LEAD)
    const first = one.session.getToken()
    await flush()
    await one.strategy.last().answer(one.ok())
    expect(await first).toBe('B2')
    await one.pass(20 * SECOND)
    expect(await two.session.getToken()).toBe('B2')
    expect(two.strategy.attempts).toEqual([])
    // The bearer is as old for the straggler as for the winner.
    expect(two.session.getSnapshot().expiresAt).toBe(one.session.getSnapshot().expiresAt)
  })

  test('C3 past the replay window it looks into the store they share, and sends nothing while that cannot be read', async () => {
    const clock = fakeClock()
    const memory = memoryStore()
    let isAway = false
    const store: SessionStore = {
      ...memory,
      read: () => (isAway ? Promise.reject(new Error('away')) : memory.read()),
    }
    const coordinator = inProcessCoordinator({ clock, hash: (text) => text })
    const shared = { clock, coordinator, store, refresh: 'onDemand' as const }
    const one = await loggedIn(shared)
    const two = await restored(shared)
    await one.pass(LIFE - LEAD)
    const first = one.session.getToken()
    await flush()
    await one.strategy.last().answer(one.ok())
    expect(await first).toBe('B2')
    await one.pass(2 * MINUTE)
    isAway = true
    const caller = outcomeOf(two.session.getToken())
    await two.watch(9 * SECOND)
    expect(caller.error).toMatchObject({ code: 'refresh_unavailable' })
    expect(two.strategy.attempts).toEqual([])
    isAway = false
    await two.watch(MINUTE)
    expect(await two.session.getToken()).toBe('B2')
    expect(two.strategy.attempts).toEqual([])
  })
})

describe('a store that fell back', () => {
  test.each([
    ['onDemand', 'bob'],
    ['eager', 'bob'],
    ['onDemand', 'ada'],
    ['eager', 'ada'],
  ] as const)(
    'C21 and gave the place of a login to another one (%s, %s): neither is sent, nor mixed with the other (I7)',
    async (refresh, id) => {
      let memory = memoryStore()
      const store = sessionStore({
        read: () => memory.read(),
        compareAndSet: (expected, next) => memory.compareAndSet(expected, next),
      })
      const { session, strategy, clock, watch, reason } = await loggedIn({ store, refresh })
      memory = memoryStore()
      await watch(SECOND)
      const other = await loggedIn(
        { store, clock },
        { user: { ...ada, id }, token: 'C1', refreshToken: 'S1' },
      )
      expect(other.session.getSnapshot().epoch).toBe(session.getSnapshot().epoch)
      await watch(LIFE - LEAD)
      const caller = outcomeOf(session.getToken())
      await watch(SECOND)
      expect(caller.error).toMatchObject(error('logged_out', { reason: 'elsewhere' }))
      expect(reason()).toBe('elsewhere')
      expect(strategy.sent()).toEqual([])
      expect(await memory.read()).toMatchObject({ user: { id } })
    },
  )
})

describe('401', () => {
  test('C4 for a bearer that was replaced meanwhile costs one retry and no refresh', async () => {
    let answerLate = () => {}
    const api = stubApi(({ authorization }) =>
      authorization === 'Bearer B2'
        ? new Response('ok')
        : new Promise((resolve) => {
            answerLate = () => resolve(new Response('', { status: 401 }))
          }),
    )
    const { session, strategy, ok, pass } = await loggedIn({ fetch: api.fetch })
    const call = session.fetch('/api/admin/users')
    await pass(LIFE - LEAD)
    await strategy.last().answer(ok())
    answerLate()
    expect((await call).status).toBe(200)
    expect(api.bearers()).toEqual(['B1', 'B2'])
    expect(strategy.attempts).toHaveLength(1)
  })

  test('C5 for 50 calls at once costs one refresh, and each is retried once', async () => {
    const api = strictApi((bearer) => bearer === 'B2')
    const { session, strategy, ok, pass } = await loggedIn({ fetch: api.fetch })
    await pass(SECOND)
    const calls = Array.from({ length: 50 }, (_, n) => session.fetch(`/api/admin/users/${n}`))
    await flush()
    await strategy.last().answer(ok())
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(50).fill(200))
    expect(strategy.attempts).toHaveLength(1)
    expect(api.calls).toHaveLength(100)
  })

  test('C6 a stream is not replayed: the caller gets the original 401, and the next call the new bearer', async () => {
    const api = strictApi((bearer) => bearer === 'B2')
    const { session, strategy, ok, pass } = await loggedIn({ fetch: api.fetch })
    await pass(SECOND)
    const body = new ReadableStream({
      start(stream) {
        stream.enqueue(new TextEncoder().encode('a stream'))
        stream.close()
      },
    })
    const call = session.fetch('/api/admin/import', { method: 'POST', body, duplex: 'half' } as RequestInit)
    await flush()
    await strategy.last().answer(ok())
    const answer = await call
    expect([answer.status, await answer.text()]).toEqual([401, 'who?'])
    expect(api.calls.map((sent) => sent.body)).toEqual(['a stream'])
    expect((await session.fetch('/api/admin/users')).status).toBe(200)
    expect(strategy.attempts).toHaveLength(1)
  })
})

describe('C7 logout during a refresh', () => {
  test('waiters are told, the late answer is discarded and its tokens are revoked', async () => {
    const store = memoryStore()
    const { session, strategy, ok, state, told, pass } = await due({ store })
    const waiters = [outcomeOf(session.getToken()), outcomeOf(session.fetch('/api/admin/users'))]
    await flush()
    const leaving = session.logout()
    expect(state()).toBe('loggedOut')
    await flush()
    for (const { error: reason } of waiters)
      expect(reason).toMatchObject(error('logged_out', { reason: 'user' }))
    await leaving
    await strategy.last().answer(ok())
    expect(state()).toBe('loggedOut')
    expect(told('refreshed')).toEqual([])
    expect(await store.read()).toMatchObject({ ended: true })
    expect(strategy.revoked.map(({ cause, refreshToken }) => [cause, refreshToken])).toEqual([
      ['logout', 'R1'],
      ['late', 'R2'],
    ])
    await expect(session.getToken()).rejects.toMatchObject(error('logged_out'))
    await pass(60 * MINUTE)
    expect(strategy.attempts).toHaveLength(1)
  })

  test('a write that is under way does not bring the session back', async () => {
    const memory = memoryStore()
    let write = () => {}
    const store: SessionStore = {
      ...memory,
      async compareAndSet(expected, next) {
        if (!('ended' in next) && next.version === 2)
          await new Promise<void>((resolve) => {
            write = resolve
          })
        return memory.compareAndSet(expected, next)
      },
    }
    const { session, strategy, ok, state } = await due({ store })
    void session.getToken().catch(() => {})
    await flush()
    await strategy.last().answer(ok())
    await session.logout()
    write()
    await flush()
    expect(state()).toBe('loggedOut')
    expect(await store.read()).toMatchObject({ ended: true })
    expect(strategy.revoked.map(({ refreshToken }) => refreshToken)).toEqual(['R1', 'R2'])
  })

  test('a peer that was refreshing is logged out too, and revokes what it got', async () => {
    const store = memoryStore()
    const clock = fakeClock()
    const one = await loggedIn({ store, clock, refresh: 'onDemand' })
    const two = await restored({ store, clock, refresh: 'onDemand' })
    await one.pass(LIFE - LEAD)
    const waiter = outcomeOf(two.session.getToken())
    await flush()
    await one.session.logout()
    await two.strategy.last().answer(two.ok())
    expect(two.session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'elsewhere' })
    expect(waiter.error).toMatchObject(error('logged_out', { reason: 'elsewhere' }))
    expect(await store.read()).toMatchObject({ ended: true })
    expect(two.strategy.revoked.map(({ cause, refreshToken }) => [cause, refreshToken])).toEqual([
      ['late', 'R2'],
    ])
  })

  test.each([
    ['revokes it where the store says that the session is over for all', memoryStore(), ['R2']],
    ['leaves it where nobody can tell', undefined, []],
  ])('C7: who shares a late answer with others %s', async (_, store, late) => {
    const coordinator: Coordinator = {
      run: async (flight) => ({
        ...((await flight.send()) as RefreshOutcome & { kind: 'ok' }),
        shared: true,
      }),
      end() {},
    }
    const { session, pass, strategy, ok } = await loggedIn({
      coordinator,
      refresh: 'onDemand',
      ...(store && { store }),
    })
    await pass(LIFE - LEAD)
    void outcomeOf(session.getToken())
    await flush()
    await session.logout()
    await strategy.last().answer(ok())
    const revoked = strategy.revoked.filter(({ cause }) => cause === 'late')
    expect(revoked.map(({ refreshToken }) => refreshToken)).toEqual(late)
  })

  test('copies in the same process end with it, and the one whose send was under way revokes what it got', async () => {
    const clock = fakeClock()
    const strategy = stubStrategy()
    const coordinator = inProcessCoordinator({ clock, hash: (text) => text })
    const shared = { clock, strategy, coordinator, refresh: 'onDemand' as const }
    const one = await loggedIn(shared)
    const two = await loggedIn(shared)
    await one.pass(LIFE - LEAD)
    const waiters = [outcomeOf(one.session.getToken()), outcomeOf(two.session.getToken())]
    await flush()
    await one.session.logout()
    await strategy.last().answer(one.ok())
    expect(waiters.map(({ error: reason }) => (reason as LoggedOut).reason)).toEqual(['user', 'elsewhere'])
    expect(two.session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'elsewhere' })
    expect(
      strategy.revoked.filter(({ cause }) => cause === 'late').map(({ refreshToken }) => refreshToken),
    ).toEqual(['R2'])
  })
})

describe('login during a refresh', () => {
  test.each([
    ['C8 as somebody else', { ...ada, id: 'bob' }],
    ['C9 of the same user', ada],
  ])('%s: those who waited are told, and nothing of the old family is mixed in', async (_, user) => {
    const { session, strategy, ok, login, told, pass } = await due()
    const waiter = outcomeOf(session.getToken())
    await flush()
    await login({ token: 'C1', refreshToken: 'S1', user })
    await flush()
    expect(waiter.error).toMatchObject(error('session_changed'))
    await strategy.last().answer(ok())
    expect(session.getSnapshot()).toMatchObject({
      state: 'active',
      epoch: 2,
      version: 1,
      user: { id: user.id },
    })
    expect(await session.getToken()).toBe('C1')
    expect(strategy.revoked.map(({ cause, refreshToken }) => [cause, refreshToken])).toEqual([['late', 'R2']])
    expect(told('changed')).toHaveLength(user.id === 'ada' ? 0 : 1)
    await pass(LIFE - LEAD)
    void session.getToken().catch(() => {})
    await flush()
    expect(strategy.sent()).toEqual(['R1', 'S1'])
  })

  test('of two logins at once the later one counts', async () => {
    const { session, login } = await due({ store: memoryStore() })
    const first = outcomeOf(login({ token: 'C1', user: { ...ada, id: 'bob' } }))
    const second = outcomeOf(login({ token: 'D1', user: { ...ada, id: 'eve' } }))
    await flush()
    expect(first.error).toMatchObject(error('session_changed'))
    expect(second.error).toBeUndefined()
    expect(session.getSnapshot().user?.id).toBe('eve')
    expect(await session.getToken()).toBe('D1')
  })
})

describe('A42 logout', () => {
  test.each([
    ['hangs', () => new Promise<boolean>(() => {})],
    ['fails', () => Promise.reject(new Error('down'))],
    ['says no', () => Promise.resolve(false)],
  ])('is done here within a second where the backend %s, and told', async (_, revoke) => {
    const strategy = stubStrategy({ revoke })
    const { session, state, pass, told } = await loggedIn({ strategy })
    const leaving = outcomeOf(session.logout())
    expect(state()).toBe('loggedOut')
    await pass(1 * SECOND)
    expect(leaving.isSettled).toBe(true)
    for (let second = 0; second < 30; second++) await pass(SECOND)
    expect(told('warning')).toMatchObject([{ code: 'notRevoked' }])
    expect(told('loggedOut')).toHaveLength(1)
  })

  test('is tried again in the background until it succeeds', async () => {
    let tries = 0
    const strategy = stubStrategy({ revoke: async () => ++tries === 3 })
    const { session, pass, told, clock } = await loggedIn({ strategy })
    void session.logout()
    for (let second = 0; second < 30; second++) await pass(SECOND)
    expect(tries).toBe(3)
    expect(told('warning')).toEqual([])
    expect(clock.pending()).toEqual([])
  })
})

describe('N11 a caller that leaves', () => {
  test('takes nobody with it, and the refresh goes on', async () => {
    const { session, strategy, ok } = await due()
    const controller = new AbortController()
    const leaver = outcomeOf(session.getToken({ signal: controller.signal }))
    const fetcher = outcomeOf(session.fetch('/api/admin/users', { signal: controller.signal }))
    const others = [session.getToken(), session.getToken()]
    await flush()
    controller.abort(new Error('gone'))
    await flush()
    expect(leaver.error).toMatchObject({ message: 'gone' })
    expect(fetcher.error).toMatchObject({ message: 'gone' })
    expect(strategy.last().request.signal.aborted).toBe(false)
    await strategy.last().answer(ok())
    expect(await Promise.all(others)).toEqual(['B2', 'B2'])
    expect(strategy.attempts).toHaveLength(1)
  })

  test('a caller that had left before it came starts nothing', async () => {
    const { session } = await due()
    await expect(session.getToken({ signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone')
  })
})
