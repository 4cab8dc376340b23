import { describe, expect, test } from 'vitest'
import { createActor } from 'xstate'
import {
  createSession,
  createSessionLogic,
  inProcessCoordinator,
  sessionOf,
  systemClock,
} from 'xstate-session'
import { openidStrategy } from 'xstate-session/librechat'
import { fakeClock } from '../fakeClock.ts'
import { fakeFetch, json } from '../strategies/attempt.ts'
import {
  ada,
  BASE_URL,
  flush,
  HOUR,
  LEAD,
  LIFE,
  loggedIn,
  MINUTE,
  outcomeOf,
  SECOND,
  seeded,
  start,
  stubStrategy,
} from './fixture.ts'

const DAY = 24 * HOUR

describe('the wall clock', () => {
  test('T1 jumps forward: one refresh more, and no session ends without asking', async () => {
    const { session, clock, strategy, ok, state, pass } = await loggedIn()
    await pass(MINUTE)
    clock.jumpWall(HOUR)
    const callers = [session.getToken(), session.getToken()]
    await flush()
    expect(strategy.attempts).toHaveLength(1)
    await strategy.last().answer(ok())
    expect(await Promise.all(callers)).toEqual(['B2', 'B2'])
    await pass(LIFE - LEAD - 1)
    expect([state(), strategy.attempts.length]).toEqual(['active', 1])
    expect(await session.getToken()).toBe('B2')
  })

  test.each([
    ['an hour', HOUR],
    ['to 1970', Date.UTC(2026, 0, 1)],
  ])('T2 jumps back %s: the bearer ends on time all the same', async (_, ms) => {
    const { session, clock, strategy, pass } = await loggedIn({ refresh: 'onDemand' })
    clock.jumpWall(-ms)
    await pass(LIFE - LEAD - 1)
    expect(await session.getToken()).toBe('B1')
    expect(strategy.attempts).toEqual([])
    await pass(LEAD + 1)
    const caller = outcomeOf(session.getToken())
    await flush()
    expect(caller.isSettled).toBe(false)
    expect(strategy.attempts).toHaveLength(1)
  })

  test('T2, T12 jumps back an hour, and the timers are late: no bearer is handed out that ended', async () => {
    const clock = { ...fakeClock(), setTimer: () => () => {} }
    const { session, strategy } = await loggedIn({ refresh: 'onDemand', clock })
    clock.jumpWall(-HOUR)
    expect(await session.getToken()).toBe('B1')
    clock.advance(LIFE)
    const caller = outcomeOf(session.getToken())
    await flush()
    expect(caller.isSettled).toBe(false)
    expect(strategy.attempts).toHaveLength(1)
  })

  test('T2 jumps back and forth: each jump costs one refresh at most (I27), and no bearer outlives its end', async () => {
    const { session, clock, strategy, ok, pass } = await loggedIn()
    strategy.always(() => ok(strategy.attempts.length + 1))
    const jumps = [HOUR, -2 * HOUR, 3 * HOUR, -HOUR, 10 * MINUTE]
    for (const jump of jumps) {
      clock.jumpWall(jump)
      await session.getToken()
      await pass(10 * SECOND)
    }
    expect(strategy.attempts.length).toBeLessThanOrEqual(jumps.length)
  })
})

describe('sleep', () => {
  /** The machine sleeps: no timer fires. Afterwards both clocks have moved, or the wall clock alone. */
  test.each([
    ['both clocks went on', (clock: ReturnType<typeof fakeClock>) => clock.advance(8 * HOUR)],
    ['the monotonic clock stood still', (clock: ReturnType<typeof fakeClock>) => clock.jumpWall(8 * HOUR)],
  ])('T3 the machine sleeps for 8 hours, %s: callers wait for one refresh', async (_, sleep) => {
    const { session, clock, strategy, ok } = await loggedIn({ refresh: 'onDemand' })
    sleep(clock)
    const callers = [session.getToken(), session.getToken(), session.getToken()]
    const first = outcomeOf(callers[0] as Promise<string>)
    await flush()
    expect(first.isSettled).toBe(false)
    expect(strategy.attempts).toHaveLength(1)
    await strategy.last().answer(ok())
    expect(await Promise.all(callers)).toEqual(['B2', 'B2', 'B2'])
  })

  test('T3 an eager session that wakes refreshes once, without a caller', async () => {
    const { clock, strategy, signal } = await loggedIn()
    clock.jumpWall(8 * HOUR)
    await signal('woke')
    await signal('woke')
    expect(strategy.attempts).toHaveLength(1)
  })

  test('T12 a blocked event loop: no bearer that ended meanwhile is handed out, nor sent (I13)', async () => {
    const { session, clock, strategy, ok, api } = await loggedIn({ refresh: 'onDemand' })
    // Timers did not get their turn.
    clock.jumpWall(LIFE)
    const token = session.getToken()
    const call = session.fetch('/api/admin/users')
    await flush()
    expect(api.calls).toEqual([])
    await strategy.last().answer(ok())
    expect(await token).toBe('B2')
    await call
    expect(api.bearers()).toEqual(['B2'])
  })
})

describe('the clock of the server', () => {
  /** A session of the real strategy against a backend whose clock is off by `offMs`. */
  async function against(offMs: number, date?: string) {
    const clock = fakeClock()
    const { fetch, sent } = fakeFetch(() => {
      const serverNow = clock.wall() + offMs
      const body = {
        token: `B${sent.length + 1}`,
        refreshToken: 'R1',
        user: ada,
        expiresAt: serverNow + LIFE,
      }
      return json(body, { headers: { date: date ?? new Date(serverNow).toUTCString() } })
    })
    const session = createSession({
      baseUrl: BASE_URL,
      strategies: { openid: openidStrategy() },
      fetch,
      clock,
      refresh: 'onDemand',
    })
    await session.login(
      { token: 'B1', refreshToken: 'R1', user: ada, expiresAt: clock.wall() + LIFE },
      { provider: 'openid' },
    )
    clock.advance(LIFE - LEAD)
    await session.getToken()
    return {
      session,
      clock,
      sent,
      remaining: () => (session.getSnapshot().expiresAt ?? Infinity) - clock.wall(),
    }
  }

  test.each([10 * MINUTE, -10 * MINUTE, HOUR, -HOUR])(
    'T4 off by %d ms: bearers live as long as they do, no endless renewal',
    async (offMs) => {
      const { session, clock, sent, remaining } = await against(offMs)
      expect(remaining()).toBe(LIFE)
      for (let minute = 0; minute < 14; minute++) {
        clock.advance(MINUTE)
        await session.getToken()
      }
      expect(sent).toHaveLength(1)
      session.dispose()
    },
  )

  test.each(['Thu, 01 Jan 1970 00:00:00 GMT', 'Thu, 01 Jan 2099 00:00:00 GMT', 'yesterday', ''])(
    'T16 an absurd Date header is ignored: %j',
    async (date) => {
      const { session, remaining } = await against(0, date)
      expect(remaining()).toBe(LIFE)
      session.dispose()
    },
  )
})

describe('delays', () => {
  test('T5 an expiry 40 days away is reached in several steps', async () => {
    const { session, clock, strategy, pass, state } = await loggedIn(
      { maxLifetimeMs: 50 * DAY },
      { expiresAt: fakeClock().wall() + 40 * DAY },
    )
    await pass(40 * DAY - LEAD - 1)
    expect([state(), strategy.attempts.length]).toEqual(['active', 0])
    expect(await session.getToken()).toBe('B1')
    await pass(1)
    expect(strategy.attempts).toHaveLength(1)
    expect(clock.pending().every(({ inMs }) => inMs <= 2 ** 31 - 1)).toBe(true)
  })

  test('T5 on real timers a delay of 40 days does not fire at once', async () => {
    let armed = 0
    const clock = {
      ...systemClock,
      setTimer: (...args: Parameters<typeof systemClock.setTimer>) => {
        armed++
        return systemClock.setTimer(...args)
      },
    }
    const strategy = stubStrategy()
    const session = createSession({
      baseUrl: BASE_URL,
      strategies: { openid: strategy.strategy },
      clock,
      maxLifetimeMs: 50 * DAY,
    })
    const events: string[] = []
    session.actorRef.system.inspect((event) => {
      if (event.type === '@xstate.event') events.push(event.event.type)
    })
    await session.login(
      { token: 'B1', refreshToken: 'R1', user: ada, expiresAt: Date.now() + 40 * DAY },
      { provider: 'openid' },
    )
    // Real timers that overflow fire within a few turns of the event loop.
    const settled = new Promise((resolve) => systemClock.setTimer(() => resolve(undefined), 30, 'foreground'))
    await settled
    expect(events.filter((type) => type === 'time.checked')).toEqual([])
    expect(strategy.attempts).toEqual([])
    expect(armed).toBeLessThan(5)
    session.dispose()
  })

  test.each([NaN, -1, -Infinity, Infinity, 0])(
    'T6 a lifetime of %d s arms no timer that is none',
    async (expiresIn) => {
      // The fake clock refuses NaN, negative delays and those above 2^31 - 1.
      const { session, strategy, pass, clock } = await loggedIn({ refresh: 'onDemand' })
      await pass(LIFE - LEAD)
      void session.getToken().catch(() => {})
      await flush()
      await strategy.last().answer({ kind: 'ok', bearer: 'B2', life: { expiresIn } })
      await pass(HOUR)
      for (const { inMs } of clock.pending()) expect(inMs).toBeGreaterThanOrEqual(0)
      expect(strategy.attempts.length).toBeLessThanOrEqual(4)
    },
  )

  test.each([NaN, -1, 0, '15'])('T6 an option of %j milliseconds is refused, by name', async (ms) => {
    expect(() => start({ patienceMs: ms as number })).toThrow(/patienceMs/)
  })
})

describe('short and useless lives', () => {
  test.each([5, 20, 29, 30, 31])(
    'T10 a life of %d s is renewed no more often than half of it',
    async (seconds) => {
      const life = seconds * SECOND
      const { strategy, clock, pass, session } = await loggedIn({}, { expiresAt: fakeClock().wall() + life })
      strategy.always(() => ({
        kind: 'ok',
        bearer: `B${strategy.attempts.length + 1}`,
        life: { expiresAt: clock.wall() + life },
      }))
      for (let second = 0; second < 10 * 60; second++) {
        await pass(SECOND)
        expect(await session.getToken()).toMatch(/^B/)
      }
      expect(strategy.attempts.length).toBeGreaterThan(10)
      expect(strategy.attempts.length).toBeLessThanOrEqual(
        Math.ceil((10 * MINUTE) / Math.min(life / 2, LEAD + life)) + 1,
      )
    },
  )

  test.each([0, 0.5, 1])('T11 lives of %d s end the session after three renewals', async (seconds) => {
    const { strategy, clock, pass, state, reason } = await loggedIn()
    strategy.always(() => ({
      kind: 'ok',
      bearer: `B${strategy.attempts.length + 1}`,
      life: { expiresAt: clock.wall() + seconds * SECOND, serverNow: clock.wall() },
    }))
    for (let second = 0; second < 20 * 60; second++) await pass(SECOND)
    expect(strategy.attempts).toHaveLength(3)
    expect([state(), reason()]).toEqual(['expired', 'unusableLifetime'])
  })
})

describe('what else time must not do', () => {
  test('T14 no snapshot of the machine is resumed: a session starts from facts', async () => {
    const { session, login } = start()
    await login()
    const persisted = session.actorRef.getPersistedSnapshot()
    const options = { baseUrl: BASE_URL, strategies: { openid: stubStrategy().strategy }, clock: fakeClock() }
    // A snapshot holds no token: one that is forced on the logic starts a session anew.
    const actor = createActor(createSessionLogic(options), { snapshot: persisted }).start()
    expect(sessionOf(actor).getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'never', user: null })
    actor.stop()
  })

  test('T15 of 2000 sessions that expire together no second sees more than a few per cent', async () => {
    const clock = fakeClock()
    const strategy = stubStrategy()
    const random = seeded()
    const coordinator = inProcessCoordinator({ clock, hash: (text) => text })
    for (let n = 0; n < 2000; n++)
      await loggedIn(
        { clock, strategy, coordinator, random },
        { refreshToken: `R of ${n}` },
        { sessionId: `s${n}` },
      )
    clock.advance(10 * MINUTE)
    await flush()
    expect(strategy.attempts).toEqual([])
    const perSecond: number[] = []
    for (let second = 0; second < (LIFE - LEAD - 10 * MINUTE) / SECOND; second++) {
      const before = strategy.attempts.length
      clock.advance(SECOND)
      await flush()
      perSecond.push(strategy.attempts.length - before)
    }
    const busy = perSecond.filter((count) => count > 0)
    expect(busy.reduce((sum, count) => sum + count)).toBe(2000)
    expect(Math.max(...busy)).toBeLessThan(40)
    expect(busy.length).toBeGreaterThan(170)
  }, 180_000)

  test('T17 an instant is an instant: across a change of summer time nothing shifts', async () => {
    const zone = process.env.TZ
    try {
      process.env.TZ = 'Europe/Berlin'
      // 2026-03-29 at 02:00 the clocks of Berlin go forward by an hour.
      const clock = fakeClock(Date.UTC(2026, 2, 29, 0, 50))
      const { session, pass, strategy } = await loggedIn({ clock, refresh: 'onDemand' })
      await pass(LIFE - LEAD - 1)
      expect(await session.getToken()).toBe('B1')
      expect(strategy.attempts).toEqual([])
      await pass(1)
      void session.getToken()
      await flush()
      expect(strategy.attempts).toHaveLength(1)
    } finally {
      if (zone === undefined) delete process.env.TZ
      else process.env.TZ = zone
    }
  })

  test('T18 a newer version with a shorter life counts', async () => {
    const { session, strategy, clock, pass } = await loggedIn()
    await pass(SECOND)
    const renewal = session.refresh()
    await flush()
    await strategy.last().answer({ kind: 'ok', bearer: 'B2', life: { expiresAt: clock.wall() + MINUTE } })
    await renewal
    expect(await session.getToken()).toBe('B2')
    expect(session.getSnapshot().expiresAt).toBe(clock.wall() + MINUTE)
    await pass(MINUTE - LEAD)
    expect(strategy.attempts).toHaveLength(2)
  })

  test('I28 a session arms two timers at most, whatever it does', async () => {
    const { session, clock, strategy, pass } = await loggedIn({
      idleTimeoutMs: HOUR,
      absoluteLifetimeMs: 8 * HOUR,
    })
    const counts = [clock.pending().length]
    await pass(LIFE - LEAD)
    const callers = Array.from({ length: 20 }, () => session.getToken().catch(() => {}))
    await flush()
    counts.push(clock.pending().length)
    await strategy.last().answer({ kind: 'unknown', cause: 'status', answered: true })
    counts.push(clock.pending().length)
    await Promise.all(callers)
    await pass(LIFE)
    counts.push(clock.pending().length)
    expect(Math.max(...counts)).toBeLessThanOrEqual(2)
  })
})
