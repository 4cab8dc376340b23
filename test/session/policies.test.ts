import { describe, expect, test } from 'vitest'
import { error, flush, HOUR, LEAD, LIFE, loggedIn, MINUTE, outcomeOf, SECOND } from './fixture.ts'

describe('eager', () => {
  test('a timer refreshes at the lead time, without a caller', async () => {
    const { strategy, pass, ok, state } = await loggedIn()
    await pass(LIFE - LEAD - 1)
    expect(strategy.attempts).toEqual([])
    await pass(1)
    expect(state()).toBe('refreshing')
    await strategy.last().answer(ok())
    expect(state()).toBe('active')
  })

  test('while the user is idle nothing is refreshed; coming back does it', async () => {
    const { strategy, pass, signal, state, ok } = await loggedIn()
    await signal('userIdle')
    await pass(LIFE - LEAD)
    expect([state(), strategy.attempts.length]).toEqual(['nearingExpiry', 0])
    await signal('userActive')
    expect(state()).toBe('refreshing')
    await strategy.last().answer(ok())
    expect(state()).toBe('active')
  })

  test('jitter starts the timer earlier, never the callers', async () => {
    const { session, strategy, pass } = await loggedIn({ random: () => 0.999_999 })
    await pass(LIFE - LEAD - 3 * MINUTE - 1)
    expect(strategy.attempts).toHaveLength(0)
    await pass(2)
    expect(strategy.attempts).toHaveLength(1)
    expect(await session.getToken()).toBe('B1')
  })
})

describe('onDemand', () => {
  test('a session that nobody uses sends nothing; hours later the next caller refreshes', async () => {
    const { session, strategy, pass, ok, state } = await loggedIn({ refresh: 'onDemand' })
    await pass(5 * HOUR)
    expect([state(), strategy.attempts.length]).toEqual(['nearingExpiry', 0])
    const caller = session.getToken()
    await flush()
    await strategy.last().answer(ok())
    expect(await caller).toBe('B2')
  })
})

describe('prompt', () => {
  test('the UI warns, callers do not extend, the user does', async () => {
    const { session, strategy, pass, ok, state, told } = await loggedIn({ refresh: 'prompt' })
    await pass(LIFE - LEAD)
    expect(state()).toBe('nearingExpiry')
    expect(told('nearingExpiry')).toHaveLength(1)
    expect(await session.getToken()).toBe('B1')
    expect((await session.fetch('/api/admin/users')).status).toBe(200)
    expect(strategy.attempts).toEqual([])
    const extended = session.refresh({ by: 'user' })
    await flush()
    await strategy.last().answer(ok())
    await extended
    expect([state(), await session.getToken()]).toEqual(['active', 'B2'])
  })

  test('unanswered, the session ends with its bearer', async () => {
    const { session, strategy, pass, reason } = await loggedIn({ refresh: 'prompt' })
    await pass(LIFE)
    expect(reason()).toBe('idle')
    expect(strategy.attempts).toEqual([])
    await expect(session.getToken()).rejects.toMatchObject(error('session_expired', { reason: 'idle' }))
  })
})

describe('limits', () => {
  test('idleTimeoutMs counts from the last activity', async () => {
    const { watch, signal, ok, strategy, reason, state } = await loggedIn({ idleTimeoutMs: 30 * MINUTE })
    strategy.always(() => ok(strategy.attempts.length + 1))
    await watch(29 * MINUTE)
    await signal('userActive')
    await watch(30 * MINUTE - 1)
    expect(state()).toBe('active')
    await watch(1)
    expect([state(), reason()]).toEqual(['expired', 'idle'])
  })

  test('"stay signed in" is activity; calls and the refreshes that they cause are none', async () => {
    const { session, watch, ok, strategy, reason, state } = await loggedIn({
      refresh: 'onDemand',
      idleTimeoutMs: 30 * MINUTE,
    })
    strategy.always(() => ok(strategy.attempts.length + 1))
    await watch(10 * MINUTE)
    await session.refresh({ by: 'user' })
    for (let minute = 0; minute < 29; minute++) {
      await watch(MINUTE)
      expect(await session.getToken()).toMatch(/^B/)
    }
    await session.refresh()
    expect(strategy.attempts.length).toBeGreaterThan(2)
    await watch(MINUTE - 1)
    expect(state()).toBe('active')
    await watch(1)
    expect(reason()).toBe('idle')
  })

  test('absoluteLifetimeMs counts from the login, and a refresh in the air does not hold it back', async () => {
    const { session, pass, strategy, ok, reason, state } = await loggedIn({
      absoluteLifetimeMs: LIFE - LEAD + SECOND,
    })
    await pass(LIFE - LEAD)
    expect(state()).toBe('refreshing')
    const waiter = outcomeOf(session.getToken())
    await pass(SECOND)
    expect([state(), reason()]).toEqual(['expired', 'absoluteLifetime'])
    expect(waiter.error).toMatchObject(error('session_expired', { reason: 'absoluteLifetime' }))
    await strategy.last().answer(ok())
    expect(state()).toBe('expired')
    expect(strategy.revoked).toMatchObject([{ cause: 'late', refreshToken: 'R2' }])
  })

  test('a bearer that cannot be renewed serves to its end', async () => {
    const { session, pass, state, reason } = await loggedIn({}, { refreshToken: null })
    await pass(LIFE - LEAD)
    expect(state()).toBe('nearingExpiry')
    await pass(LEAD - 1)
    expect(await session.getToken()).toBe('B1')
    await pass(1)
    expect([state(), reason()]).toEqual(['expired', 'notRefreshable'])
  })

  test('a forced refresh keeps its distance from the last one', async () => {
    const { session, strategy, ok, pass } = await loggedIn()
    strategy.always(() => ok(strategy.attempts.length + 1))
    for (let n = 0; n < 20; n++) await session.refresh()
    expect(strategy.attempts).toHaveLength(1)
    await pass(5 * SECOND)
    await session.refresh()
    expect(strategy.attempts).toHaveLength(2)
  })
})
