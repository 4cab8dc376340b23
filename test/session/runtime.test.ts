import { describe, expect, test, vi } from 'vitest'
import {
  type Coordinator,
  inProcessCoordinator,
  memoryStore,
  SessionError,
  type SessionRecord,
  type SessionStore,
} from 'xstate-session'
import { runtimeOf } from '../../src/session/ports.ts'
import { toTombstone } from '../../src/session/records.ts'
import { fakeClock } from '../fakeClock.ts'
import {
  ada,
  error,
  flush,
  HOUR,
  LEAD,
  LIFE,
  loggedIn,
  openid,
  outcomeOf,
  restored,
  SECOND,
  sentTo,
  start,
  storedLogin,
  strictApi,
  stubStrategy,
} from './fixture.ts'

/** What a peer leaves in the store with its login. */
const peerLogin = (more: Partial<SessionRecord> = {}) =>
  storedLogin({ epoch: 2, bearer: 'P1', refreshToken: 'Q1', ...more })

describe('a page that hears of a logout elsewhere', () => {
  test('believes it where nobody can be asked, and ends its own tokens', async () => {
    const { session, strategy, signal } = await loggedIn()
    await signal('loggedOut')
    expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'elsewhere' })
    expect(strategy.revoked).toMatchObject([{ refreshToken: 'R1', cause: 'logout' }])
  })

  test('asks its store: what lives there lives on', async () => {
    const { session, strategy, signal } = await loggedIn({ store: memoryStore() })
    await signal('loggedOut')
    expect(session.getSnapshot()).toMatchObject({ state: 'active', reason: null })
    expect(strategy.revoked).toEqual([])
  })

  test.each(['loggedOut', 'woke'] as const)('asks its store: what ended there is over (%s)', async (said) => {
    const store = memoryStore()
    const { session, strategy, signal } = await loggedIn({ store })
    await store.compareAndSet({ epoch: 1, version: 1 }, toTombstone({ epoch: 1, version: 1 }, 'user'))
    await signal(said)
    expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'elsewhere' })
    expect(strategy.revoked).toEqual([])
  })

  test.each(['userActive', 'userIdle', 'networkRestored', 'woke'] as const)(
    'is told nothing of the kind by %s',
    async (said) => {
      const { state, strategy, signal } = await loggedIn()
      await signal(said)
      expect([state(), strategy.attempts.length]).toEqual(['active', 0])
    },
  )
})

describe('a page that was logged out finds the login of a peer when it wakes', () => {
  async function wakes(options: { coordinated: boolean; found: SessionRecord; isOut?: boolean }) {
    const store = memoryStore()
    const page = await loggedIn({
      store,
      ...(options.coordinated && { coordinator: inProcessCoordinator() }),
    })
    if (options.isOut !== false) await page.session.logout()
    const stored = await store.read()
    await store.compareAndSet(stored, options.found)
    await page.signal('woke')
    return page
  }

  test('where a coordinator keeps both from spending its token', async () => {
    const { session } = await wakes({ coordinated: true, found: peerLogin() })
    expect(session.getSnapshot()).toMatchObject({ state: 'active', epoch: 2, reason: null })
    expect(await session.getToken()).toBe('P1')
  })

  test.each([
    ['without a coordinator', false, peerLogin()],
    ['of the epoch that it has ended', true, peerLogin({ epoch: 1, version: 5 })],
    ['of an epoch before', true, peerLogin({ epoch: 0 })],
    ['of a provider that it does not know', true, peerLogin({ provider: 'saml' })],
    ['that is over', true, toTombstone({ epoch: 2, version: 1 }) as unknown as SessionRecord],
  ])('but not %s', async (_, coordinated, found) => {
    const { session } = await wakes({ coordinated, found })
    expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', epoch: 1, reason: 'user' })
    await expect(session.getToken()).rejects.toMatchObject(error('logged_out'))
  })

  test('but not once it was disposed of while its store was asked', async () => {
    const inner = memoryStore()
    let release = () => {}
    let gate: Promise<void> = Promise.resolve()
    const store: SessionStore = { ...inner, read: () => gate.then(() => inner.read()) }
    const { session, strategy, signal } = await loggedIn({ store, coordinator: inProcessCoordinator() })
    await session.logout()
    await inner.compareAndSet(await inner.read(), peerLogin())
    gate = new Promise((resolve) => {
      release = resolve
    })
    await signal('woke')
    session.dispose()
    release()
    await flush()
    expect(session.getSnapshot().epoch).toBe(1)
    await expect(session.getToken()).rejects.toMatchObject(error('disposed'))
    await session.logout()
    expect(strategy.revoked).toMatchObject([{ refreshToken: 'R1' }])
    expect(await inner.read()).toMatchObject({ epoch: 2, bearer: 'P1' })
  })

  test('but not over a login that came while its store was asked, and that the store then missed', async () => {
    const { promise: isAnswered, resolve: answer } = Promise.withResolvers<void>()
    let reads = 0
    const store: SessionStore = {
      ...memoryStore(),
      async read() {
        if (reads++ > 0) throw new Error('down')
        await isAnswered
        return peerLogin({ epoch: 5 })
      },
      compareAndSet: () => Promise.reject(new Error('down')),
    }
    const { session, login } = start({ store, coordinator: inProcessCoordinator() })
    await login()
    answer()
    await flush()
    expect(session.getSnapshot()).toMatchObject({ state: 'active', epoch: 1 })
    expect(await session.getToken()).toBe('B1')
  })

  test('and stays expired, with its reason, where there is none', async () => {
    const store = memoryStore()
    const { session, pass, signal } = await loggedIn({ store, refresh: 'prompt' })
    await pass(LIFE)
    await signal('woke')
    expect(session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'idle' })
  })
})

describe('a page looks into its store', () => {
  function watched() {
    const store = memoryStore()
    return { store, reads: vi.spyOn(store, 'read') }
  }

  test('once when it starts, and tells the chart that there is nothing', async () => {
    const { store, reads } = watched()
    const { session } = start({ store })
    const toChart = sentTo(session)
    await flush()
    expect(toChart.mock.calls).toMatchObject([[{ type: 'session.ended', reason: 'never' }]])
    expect(reads).toHaveBeenCalledTimes(1)
  })

  test('once when it wakes, where it lives on', async () => {
    const { store, reads } = watched()
    const { signal } = await loggedIn({ store })
    reads.mockClear()
    await signal('woke')
    expect(reads).toHaveBeenCalledTimes(1)
  })
})

describe('a signal', () => {
  test.each([
    ['networkRestored', 2],
    ['woke', 1],
    ['userActive', 1],
    ['userIdle', 1],
  ] as const)('%s in a backoff: %d sends in all', async (said, sends) => {
    const { strategy, pass, signal } = await loggedIn()
    await pass(LIFE - LEAD)
    await strategy.last().answer({ kind: 'refused', cause: 'network' })
    await signal(said)
    expect(strategy.attempts).toHaveLength(sends)
  })

  test.each([
    ['userActive', 10],
    ['userIdle', 0],
    ['woke', 0],
    ['networkRestored', 0],
  ] as const)('%s moves the end of an idle session by %d s after 10 s', async (said, seconds) => {
    const { session, pass, signal } = await loggedIn({ idleTimeoutMs: HOUR })
    const { idleEndsAt = 0 } = session.getSnapshot()
    await pass(10 * SECOND)
    await signal(said)
    expect(session.getSnapshot().idleEndsAt).toBe(idleEndsAt + seconds * SECOND)
  })
})

describe('logout', () => {
  test('waits a second for the backend at most, and keeps the process alive meanwhile', async () => {
    const strategy = stubStrategy({ revoke: () => new Promise(() => {}) })
    const { session, clock, pass } = await loggedIn({ strategy })
    const leaving = outcomeOf(session.logout())
    await flush()
    expect(clock.pending()).toContainEqual({ inMs: SECOND, kind: 'foreground' })
    await pass(SECOND)
    expect(leaving.isSettled).toBe(true)
  })

  test('of a session without tokens asks nobody', async () => {
    const { session, strategy, pass } = await loggedIn()
    await pass(LIFE - LEAD)
    await strategy.last().answer({ kind: 'rejected', reason: 'refreshRejected' })
    await session.logout()
    expect(strategy.revoked).toEqual([])
    expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'user' })
  })

  test('leaves the login of a peer in the store', async () => {
    const store = memoryStore()
    const { session } = await loggedIn({ store })
    await store.compareAndSet({ epoch: 1, version: 1 }, peerLogin())
    await session.logout()
    expect(await store.read()).toMatchObject({ epoch: 2, bearer: 'P1' })
  })

  test('ends the version that a peer has renewed', async () => {
    const store = memoryStore()
    const { session } = await loggedIn({ store })
    await store.compareAndSet({ epoch: 1, version: 1 }, peerLogin({ epoch: 1, version: 4 }))
    await session.logout()
    expect(await store.read()).toMatchObject({ ended: true, epoch: 1, version: 5 })
  })

  test('leaves an end in the store as it is', async () => {
    const store = memoryStore()
    const { session } = await loggedIn({ store })
    await store.compareAndSet({ epoch: 1, version: 1 }, toTombstone({ epoch: 1, version: 1 }, 'backChannel'))
    await session.logout()
    expect(await store.read()).toMatchObject({ ended: true, reason: 'backChannel' })
  })

  test('is written over a login that is older', async () => {
    const store = memoryStore()
    const { session, login } = await loggedIn({ store })
    await session.logout()
    await login()
    await store.compareAndSet({ epoch: 2, version: 1 }, peerLogin({ epoch: 1, version: 9 }))
    await session.logout()
    expect(await store.read()).toMatchObject({ ended: true, epoch: 2, version: 2 })
  })
})

describe('refresh', () => {
  test('a forced one is no sign of the user, "stay signed in" is', async () => {
    const { session, strategy, ok, pass } = await loggedIn()
    await pass(SECOND)
    strategy.always(() => ok(strategy.attempts.length + 1))
    const toChart = sentTo(session)
    await session.refresh()
    expect(toChart).toHaveBeenCalledWith(expect.objectContaining({ type: 'refresh.asked', by: 'force' }))
    expect(strategy.last().request.userActive).toBeUndefined()
    await pass(5 * SECOND)
    await session.refresh({ by: 'user' })
    expect(strategy.last().request.userActive).toBe(true)
  })

  test('that has nothing to do comes back at once', async () => {
    const { session, strategy, ok, pass } = await loggedIn()
    await pass(SECOND)
    strategy.always(() => ok(strategy.attempts.length + 1))
    await session.refresh()
    await session.refresh()
    expect(strategy.attempts).toHaveLength(1)
  })

  test('notices that the bearer ended unseen', async () => {
    const { session, clock } = await loggedIn({ refresh: 'prompt' })
    clock.jumpWall(2 * LIFE)
    await expect(session.refresh()).rejects.toMatchObject(error('session_expired'))
  })
})

describe('what is told', () => {
  test('a login as somebody else, once; the next one as the same, not', async () => {
    const { login, told } = await loggedIn()
    await login({ user: { ...ada, id: 'bob' } })
    await login({ user: { ...ada, id: 'bob' } })
    await flush()
    expect(told('changed')).toMatchObject([{ what: 'user', epoch: 2 }])
  })

  test('no change of the user at a logout', async () => {
    const { session, told } = await loggedIn()
    await session.logout()
    await flush()
    expect(told('changed')).toEqual([])
  })
})

describe('a bearer that is good', () => {
  test('is served, and sent, without a word to the chart, also while a refresh was forced', async () => {
    const { session, strategy, pass } = await loggedIn()
    await pass(10 * SECOND)
    // The first answer with a bearer is told once.
    await session.fetch('/api')
    const toChart = sentTo(session)
    expect([await session.getToken(), (await session.fetch('/api')).status]).toEqual(['B1', 200])
    expect(toChart).not.toHaveBeenCalled()
    void session.refresh().catch(() => {})
    toChart.mockClear()
    expect([await session.getToken(), strategy.attempts.length]).toEqual(['B1', 1])
    expect(toChart).not.toHaveBeenCalled()
  })

  test.each([
    ['the wall clock', (clock: ReturnType<typeof fakeClock>) => clock.jumpWall(LIFE - LEAD)],
    [
      'the monotonic clock',
      (clock: ReturnType<typeof fakeClock>) => {
        clock.jumpWall(-HOUR)
        clock.advance(LIFE - LEAD)
      },
    ],
  ])('is due at its lead time exactly, as %s alone tells while timers are late', async (_, move) => {
    const clock = { ...fakeClock(), setTimer: () => () => {} }
    const { session, strategy } = await loggedIn({ refresh: 'onDemand', clock })
    move(clock)
    void session.getToken().catch(() => {})
    expect(strategy.attempts).toHaveLength(1)
  })

  test('is served in a backoff, too, and whoever asks for it has the next attempt made if timers are late', async () => {
    const clock = { ...fakeClock(), setTimer: () => () => {} }
    const { session, strategy, pass } = await loggedIn({ clock })
    await pass(10 * SECOND)
    void session.refresh().catch(() => {})
    await strategy.last().answer({ kind: 'refused', cause: 'network' })
    const get = async () => {
      const token = outcomeOf(session.getToken())
      await flush()
      return [token.value, strategy.attempts.length]
    }
    expect(await get()).toEqual(['B1', 1])
    clock.advance(SECOND)
    expect(await get()).toEqual(['B1', 2])
  })

  test('is served to its end where a refresh is due and must not happen', async () => {
    const { session, strategy, pass } = await loggedIn({ refresh: 'prompt' })
    await pass(LIFE - 1)
    expect([await session.getToken(), strategy.attempts.length]).toEqual(['B1', 0])
  })

  test('keeps no session of which was disposed, whatever its store holds', async () => {
    const { session, clock } = await loggedIn({ store: memoryStore() })
    const toChart = sentTo(session)
    session.dispose()
    await expect(session.getToken()).rejects.toMatchObject(error('disposed'))
    await expect(session.refresh()).rejects.toMatchObject(error('disposed'))
    expect(toChart).not.toHaveBeenCalled()
    expect(clock.pending()).toEqual([])
  })
})

describe('those who wait', () => {
  test('are many, and ask the chart once', async () => {
    const { session, strategy, ok, pass } = await loggedIn({ refresh: 'onDemand' })
    await pass(LIFE)
    const first = session.getToken()
    const toChart = sentTo(session)
    const others = Array.from({ length: 100 }, () => session.getToken())
    expect(toChart).not.toHaveBeenCalled()
    await strategy.last().answer(ok())
    expect(new Set(await Promise.all([first, ...others]))).toEqual(new Set(['B2']))
  })

  test('keep a process alive, which nobody else does', async () => {
    const { session, clock, strategy, ok, pass } = await loggedIn({ refresh: 'onDemand' })
    const kinds = () => clock.pending().map(({ kind }) => kind)
    expect(kinds()).toEqual(['background'])
    await pass(LIFE)
    const caller = outcomeOf(session.getToken())
    await flush()
    await strategy.last().answer({ kind: 'refused', cause: 'network' })
    expect(kinds()).toEqual(['foreground'])
    strategy.always(() => ok())
    await pass(SECOND)
    expect(caller.value).toBe('B2')
    expect(kinds()).toEqual(['background'])
  })

  test.each([
    ['after their patience', 8 * SECOND, true],
    ['before their patience ends', 8 * SECOND - 1, false],
  ])('are told at once where the next attempt comes %s', async (_, retryAfterMs, isTold) => {
    const { session, strategy, pass } = await loggedIn({ refresh: 'onDemand' })
    await pass(LIFE)
    const caller = outcomeOf(session.getToken())
    await flush()
    await strategy.last().answer({ kind: 'refused', cause: 'unavailable', retryAfterMs })
    expect(caller.isSettled).toBe(isTold)
  })

  test.each([-1, 0])('are not given a bearer that had %d ms to live when it came', async (leftMs) => {
    const { session, clock, strategy, ok, pass } = await loggedIn({ refresh: 'onDemand' })
    await pass(LIFE)
    const caller = outcomeOf(session.getToken())
    await flush()
    await strategy.last().answer(ok(2, { life: { expiresAt: clock.wall() + leftMs } }))
    expect(caller.value).toBeUndefined()
  })

  test('for a session are told if it is another one that was logged in to', async () => {
    const { session, pass, login } = await loggedIn({ refresh: 'onDemand' })
    await pass(LIFE)
    const caller = outcomeOf(session.getToken())
    await login({ user: { ...ada, id: 'bob' }, token: 'C1' })
    await flush()
    expect(caller.error).toMatchObject(error('session_changed'))
    expect(await session.getToken()).toBe('C1')
  })
})

describe('a call that was answered 401', () => {
  /** A call with B1 that the API keeps, and answers 401 when told. */
  async function refusable(options: Parameters<typeof loggedIn>[0] = {}) {
    const { promise: isRefused, resolve: refuse } = Promise.withResolvers<void>()
    const api = strictApi((bearer) => bearer !== 'B1')
    const sent: string[] = []
    const started = await loggedIn({
      ...options,
      async fetch(input, init) {
        const bearer = new Headers(init?.headers).get('authorization')
        sent.push(String(bearer))
        if (bearer === 'Bearer B1') await isRefused
        return api.fetch(input, init)
      },
    })
    const call = outcomeOf(started.session.fetch('/api'))
    await flush()
    return {
      ...started,
      call,
      sent,
      refuse() {
        refuse()
        return flush()
      },
    }
  }

  test('is sent again with the renewal, for which everybody waits from then on', async () => {
    const { session, strategy, call, sent, pass, ok, refuse } = await refusable()
    await pass(10 * SECOND)
    await refuse()
    const token = outcomeOf(session.getToken())
    const second = outcomeOf(session.fetch('/api/other'))
    await flush()
    expect([token.isSettled, sent]).toEqual([false, ['Bearer B1']])
    await strategy.last().answer(ok())
    await flush()
    expect([token.value, call.value?.status, second.value?.status]).toEqual(['B2', 200, 200])
    expect(sent).toEqual(['Bearer B1', 'Bearer B2', 'Bearer B2'])
  })

  test('is not sent again with the bearer of who logged in meanwhile, however often that was renewed', async () => {
    const { session, strategy, call, sent, login, ok, pass, refuse } = await refusable()
    await session.logout()
    await login({ user: { ...ada, id: 'bob' }, token: 'C1' })
    strategy.always(() => ok(2, { bearer: 'C2' }))
    await pass(10 * SECOND)
    await session.refresh()
    expect(session.getSnapshot()).toMatchObject({ epoch: 2, version: 2 })
    await refuse()
    expect([call.value?.status, sent]).toEqual([401, ['Bearer B1']])
  })

  test('does not wait for what the next session waits for', async () => {
    const { session, call, login, pass, refuse } = await refusable({ refresh: 'onDemand' })
    await session.logout()
    await login({ token: 'C1' })
    await pass(LIFE)
    void session.getToken().catch(() => {})
    expect(session.getSnapshot()).toMatchObject({ state: 'refreshing', isUsable: false })
    await refuse()
    expect(call.value?.status).toBe(401)
  })

  test('waits for no further refresh where its bearer was replaced already', async () => {
    const { session, strategy, call, sent, pass, ok, refuse } = await refusable()
    await pass(10 * SECOND)
    void session.refresh()
    await strategy.last().answer(ok())
    await pass(10 * SECOND)
    void session.refresh().catch(() => {})
    expect(session.getSnapshot()).toMatchObject({ state: 'refreshing', version: 2 })
    await refuse()
    expect([call.value?.status, sent]).toEqual([200, ['Bearer B1', 'Bearer B2']])
  })

  test('is not sent again with the same bearer, which a renewal brought once more', async () => {
    const { strategy, call, sent, pass, ok, refuse } = await refusable()
    await pass(10 * SECOND)
    await refuse()
    await strategy.last().answer(ok(2, { bearer: 'B1' }))
    expect([call.value?.status, sent]).toEqual([401, ['Bearer B1']])
  })

  test.each([
    ['a later version than is known here: gets nothing older', 5, 0, undefined],
    ['this version, with another bearer: gets the next one', 1, 1, 'B2'],
  ])('by a server that was at %s', async (_, version, sends, token) => {
    const { session, strategy, pass, ok } = await loggedIn()
    await pass(10 * SECOND)
    strategy.always(() => ok())
    const replaced = await runtimeOf(session.actorRef).supply.replace({ epoch: 1, version }, 'other', null)
    expect([replaced, strategy.attempts.length]).toEqual([token, sends])
  })
})

describe('the end of a session', () => {
  test('is written to the store once, and by the one that ended', async () => {
    const store = memoryStore()
    const writes = vi.spyOn(store, 'compareAndSet')
    const { session, pass } = await loggedIn({ store, refresh: 'prompt' })
    await pass(LIFE)
    expect(session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'idle' })
    await session.refresh({ by: 'user' }).catch(() => {})
    await flush()
    expect(writes).toHaveBeenCalledTimes(2)
    expect(await store.read()).toMatchObject({ epoch: 1, ended: true, reason: 'idle' })
  })

  test.each([
    ['refreshRejected', { kind: 'rejected', reason: 'refreshRejected' }],
    ['refreshOutcomeUnknown', { kind: 'unknown', cause: 'network', answered: false, consumed: true }],
  ] as const)(
    'as %s leaves the record to a peer that may know better, and holds no token',
    async (reason, outcome) => {
      const store = memoryStore()
      const { session, strategy, pass } = await loggedIn({ store })
      await pass(LIFE - LEAD)
      await strategy.last().answer(outcome)
      await pass(LEAD)
      expect(session.getSnapshot()).toMatchObject({ state: 'expired', reason })
      expect(await store.read()).toMatchObject({ epoch: 1, version: 1, refreshToken: 'R1' })
      await store.compareAndSet({ epoch: 1, version: 1 }, peerLogin({ epoch: 1 }))
      await session.logout()
      expect(strategy.revoked).toEqual([])
    },
  )

  test('is told to the coordinator at a logout alone', async () => {
    const coordinator = inProcessCoordinator()
    const told = vi.spyOn(coordinator, 'end')
    const { session, login, pass } = await loggedIn({ coordinator, refresh: 'prompt' })
    await login({ token: 'C1', refreshToken: 'S1' })
    await pass(LIFE)
    expect(session.getSnapshot()).toMatchObject({ state: 'expired' })
    await login({ token: 'D1', refreshToken: 'T1' })
    const other = await loggedIn({ coordinator })
    other.session.dispose()
    expect(told).not.toHaveBeenCalled()
    await session.logout()
    expect(told.mock.calls).toMatchObject([[{ refreshToken: 'T1' }]])
  })
})

describe('a chart that failed', () => {
  async function failed() {
    const ends = vi.fn()
    const coordinator: Coordinator = { run: ({ send }) => send(), end: ends }
    const clock = fakeClock()
    const { setTimer } = clock
    const started = await loggedIn({ clock, coordinator, store: memoryStore(), refresh: 'onDemand' })
    await started.pass(LIFE)
    const waiter = outcomeOf(started.session.getToken())
    await flush()
    await started.strategy.last().answer({ kind: 'refused', cause: 'network' })
    // That of an attempt.
    clock.setTimer = (fire, delayMs, kind) => {
      if (delayMs === 25 * SECOND) throw new Error('bug')
      return setTimer(fire, delayMs, kind)
    }
    await started.pass(SECOND)
    return { ...started, waiter, ends }
  }

  test('is no session: whoever waits is told so, and nothing of it is held', async () => {
    const { session, clock, waiter, ends, strategy } = await failed()
    expect(waiter.error).toBeInstanceOf(SessionError)
    expect(clock.pending()).toEqual([])
    expect(session.getSnapshot()).toMatchObject({
      state: 'expired',
      reason: 'internal',
      isAuthenticated: false,
      isUsable: false,
      isPending: false,
    })
    expect(ends).not.toHaveBeenCalled()
    await session.logout()
    expect(strategy.revoked).toEqual([])
  })

  test('is the reason from then on', async () => {
    const { session } = await failed()
    await expect(session.getToken()).rejects.toMatchObject(error('session_expired', { reason: 'internal' }))
  })
})

test('to read the state of a session reads no clock and arms nothing', async () => {
  const clock = fakeClock()
  const { session } = await loggedIn({ clock })
  const calls = [vi.spyOn(clock, 'wall'), vi.spyOn(clock, 'monotonic'), vi.spyOn(clock, 'setTimer')]
  session.getSnapshot()
  session.actorRef.send({ type: 'network.restored', at: 0 })
  for (const call of calls) expect(call).not.toHaveBeenCalled()
})

test('a logout that waited for the first look leaves a login alone that was faster', async () => {
  const inner = memoryStore()
  const { promise: isAnswered, resolve: answer } = Promise.withResolvers<void>()
  let reads = 0
  const store: SessionStore = {
    ...inner,
    async read() {
      if (reads++ === 0) await isAnswered
      return inner.read()
    },
  }
  const { session } = await restored({ store })
  const leaving = session.logout()
  await session.login({ token: 'B1', refreshToken: 'R1', user: ada }, openid)
  answer()
  await leaving
  expect(session.getSnapshot()).toMatchObject({ state: 'active' })
  expect(await session.getToken()).toBe('B1')
})

test('a session that nobody is logged in to arms nothing', () => {
  expect(start().clock.pending()).toEqual([])
})

describe('a login whose store is slow', () => {
  /** A store whose reads, or writes, wait for the test once they are held. */
  function holding(what: 'read' | 'compareAndSet') {
    const inner = memoryStore()
    const held: (() => void)[] = []
    let isHolding = true
    const wait = () => (isHolding ? new Promise<void>((resolve) => held.push(resolve)) : undefined)
    const store: SessionStore = {
      ...inner,
      async read() {
        if (what === 'read') await wait()
        return inner.read()
      },
      async compareAndSet(expected, next) {
        if (what === 'compareAndSet') await wait()
        return inner.compareAndSet(expected, next)
      },
    }
    return {
      inner,
      store,
      async release() {
        isHolding = false
        for (const go of held.splice(0)) go()
        await flush()
      },
    }
  }
  const answer = (id: string) => ({ token: `${id}-1`, refreshToken: `${id}-r`, user: { ...ada, id } })
  const openid = { provider: 'openid' }

  test('writes nothing once the next one has begun, which alone counts, here and in the store', async () => {
    const { store, inner, release } = holding('read')
    const writes = vi.spyOn(store, 'compareAndSet')
    const { session } = start({ store })
    const first = outcomeOf(session.login(answer('bob'), openid))
    const second = outcomeOf(session.login(answer('ada'), openid))
    await release()
    expect(first.error).toMatchObject(error('session_changed'))
    expect([second.isSettled, second.error]).toEqual([true, undefined])
    expect(await session.getToken()).toBe('ada-1')
    expect(await inner.read()).toMatchObject({ user: { id: 'ada' }, refreshToken: 'ada-r' })
    expect(writes).toHaveBeenCalledTimes(1)
  })

  test('is taken back from the store if the session is disposed of meanwhile', async () => {
    const { store, inner, release } = holding('compareAndSet')
    const { session } = start({ store })
    const login = outcomeOf(session.login(answer('ada'), openid))
    await flush()
    session.dispose()
    await release()
    expect(login.error).toMatchObject(error('disposed'))
    expect(await inner.read()).toMatchObject({ epoch: 1, ended: true })
  })

  test('and if somebody logs out before it is written', async () => {
    const { store, inner, release } = holding('compareAndSet')
    const { session } = start({ store })
    await flush()
    const login = outcomeOf(session.login(answer('ada'), openid))
    await flush()
    void session.logout()
    await release()
    expect(login.error).toMatchObject(error('session_changed'))
    expect(await inner.read()).toMatchObject({ epoch: 1, ended: true })
    expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut' })
  })
})
