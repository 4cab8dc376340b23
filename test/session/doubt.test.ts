import { describe, expect, test } from 'vitest'
import { memoryStore, type RefreshOutcome, type ResendPolicy } from 'xstate-session'
import { fakeClock } from '../fakeClock.ts'
import {
  error,
  flush,
  HOUR,
  LEAD,
  LIFE,
  loggedIn,
  MINUTE,
  outcomeOf,
  restored,
  SECOND,
  strictApi,
  stubStrategy,
} from './fixture.ts'

const answered: RefreshOutcome = { kind: 'unknown', cause: 'refreshFailed', answered: true }
const silent: RefreshOutcome = { kind: 'unknown', cause: 'network', answered: false }

/** An eager session whose refresh is in the air, at a provider with this policy. */
async function refreshing(resend?: ResendPolicy, options: Parameters<typeof loggedIn>[0] = {}) {
  const started = await loggedIn({ strategy: stubStrategy(resend && { resend }), ...options })
  await started.pass(LIFE - LEAD)
  expect(started.strategy.attempts).toHaveLength(1)
  return started
}

/** Lets `ms` pass in steps of a second, and notes when something was sent. */
async function watch(started: Awaited<ReturnType<typeof refreshing>>, ms: number, outcome: RefreshOutcome) {
  const from = started.clock.monotonic()
  const sends: number[] = []
  started.strategy.always(() => {
    sends.push(started.clock.monotonic() - from)
    return outcome
  })
  for (let second = 0; second < ms / SECOND; second++) await started.pass(SECOND)
  return sends
}

describe('afterBearerEnds', () => {
  test('the backend answered: nothing while the bearer is good, then sends up to the fourth, over 120 s and more, then the end', async () => {
    const reason = 'refreshRejected'
    const started = await refreshing()
    await started.strategy.last().answer(answered)
    expect(started.state()).toBe('retrying')
    const early = await watch(started, LEAD - SECOND, answered)
    expect(await started.session.getToken()).toBe('B1')
    expect(early).toEqual([])
    const sends = await watch(started, 10 * MINUTE, answered)
    expect(sends).toHaveLength(3)
    expect(started.session.getSnapshot()).toMatchObject({ state: 'expired', reason })
    expect(new Set(started.strategy.sent())).toEqual(new Set(['R1']))
    const [expired] = started.told('expired')
    expect(expired).toMatchObject({ reason })
    // From the first ambiguous answer to the end: two minutes at least.
    const lastSend = LEAD + (sends.at(-1) ?? 0)
    expect(lastSend).toBeGreaterThanOrEqual(90 * SECOND)
    await expect(started.session.getToken()).rejects.toMatchObject(error('session_expired', { reason }))
  })

  test('U60: nobody answered: nothing while the bearer is good, then ever more rarely, and no end', async () => {
    const started = await refreshing()
    await started.strategy.last().answer(silent)
    expect(await watch(started, LEAD - SECOND, silent)).toEqual([])
    const sends = await watch(started, 2 * HOUR, silent)
    expect(started.session.getSnapshot()).toMatchObject({
      state: 'retrying',
      isUsable: false,
      shouldOfferLogin: true,
    })
    const gaps = sends.map((at, n) => at - (sends[n - 1] ?? 0)).slice(1)
    expect(gaps.slice(0, 5).map((gap) => Math.round(gap / SECOND))).toEqual([30, 80, 120, 240, 300])
    expect(Math.max(...gaps)).toBeLessThanOrEqual(301 * SECOND)
    started.strategy.always(() => started.ok())
    for (let second = 0; second < 301; second++) await started.pass(SECOND)
    expect(started.session.getSnapshot()).toMatchObject({ state: 'active', version: 2 })
  })

  test('U60: who spoke counts: after any number of unanswered sends four answers end it, 120 s after the first of them', async () => {
    const started = await refreshing()
    await started.strategy.last().answer(silent)
    await watch(started, LEAD + 10 * MINUTE, silent)
    expect(started.state()).toBe('retrying')
    const from = started.strategy.attempts.length
    const sends = await watch(started, 25 * MINUTE, answered)
    expect(sends).toHaveLength(4)
    expect(started.strategy.attempts.length - from).toBe(4)
    expect(started.session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'refreshRejected' })
  })

  test('U60: a click goes before the wait, though not within five seconds of the last send, nor before Retry-After', async () => {
    const started = await refreshing()
    await started.strategy.last().answer(silent)
    await watch(started, LEAD + 6 * MINUTE, silent)
    const count = () => started.strategy.attempts.length
    started.strategy.always(silent)
    const click = () => started.session.refresh({ by: 'user' }).catch(() => {})
    await started.pass(6 * SECOND)
    const before = count()
    await click()
    expect(count()).toBe(before + 1)
    void click()
    await started.pass(4 * SECOND)
    expect(count()).toBe(before + 1)
    await started.pass(2 * SECOND)
    expect(count()).toBe(before + 2)
    started.strategy.always({ ...silent, retryAfterMs: 30 * SECOND } as RefreshOutcome)
    await started.pass(6 * SECOND)
    await click()
    expect(count()).toBe(before + 3)
    void click()
    await started.signal('networkRestored')
    await started.pass(29 * SECOND)
    expect(count()).toBe(before + 3)
    await started.pass(5 * SECOND)
    expect(count()).toBe(before + 4)
  })

  test('U60: the network coming back goes before the wait', async () => {
    const started = await refreshing()
    await started.strategy.last().answer(silent)
    await watch(started, LEAD + 6 * MINUTE, silent)
    await started.pass(6 * SECOND)
    started.strategy.always(() => started.ok())
    await started.signal('networkRestored')
    expect(started.state()).toBe('active')
  })

  test('U60: no timer runs while the user is away; it sends when the user is back', async () => {
    const started = await refreshing()
    await started.strategy.last().answer(silent)
    await started.signal('userIdle')
    expect(await watch(started, HOUR, silent)).toEqual([])
    expect(started.state()).toBe('retrying')
    started.strategy.always(() => started.ok())
    await started.signal('userActive')
    await started.pass(SECOND)
    expect(started.state()).toBe('active')
  })

  test('U60: on demand no timer sends; a caller does, when it is due', async () => {
    const started = await loggedIn({ refresh: 'onDemand' })
    await started.pass(LIFE)
    started.strategy.always(silent)
    await started.session.getToken().catch(() => {})
    expect(await watch(started, HOUR, silent)).toEqual([])
    started.strategy.always(() => started.ok())
    expect(await started.session.getToken()).toBe('B2')
  })

  test('the end does not come before 120 s', async () => {
    const started = await refreshing()
    await started.strategy.last().answer(answered)
    await watch(started, 119 * SECOND, answered)
    expect(started.state()).toBe('retrying')
  })

  test('a 401 ends the bearer as a clock does: then the token is sent again, and the call answered', async () => {
    const api = strictApi((bearer) => bearer === 'B2')
    const started = await refreshing(undefined, { fetch: api.fetch })
    await started.strategy.last().answer(answered)
    await started.pass(10 * SECOND)
    const call = started.session.fetch('/api/admin/users')
    await flush()
    await started.pass(SECOND)
    expect(started.strategy.sent()).toEqual(['R1', 'R1'])
    await started.strategy.last().answer(started.ok())
    expect((await call).status).toBe(200)
    expect(api.bearers()).toEqual(['B1', 'B2'])
  })

  test('I26 a provider that comes back in time saves the session', async () => {
    const started = await refreshing()
    await started.strategy.last().answer(silent)
    await watch(started, LEAD + 20 * SECOND, silent)
    started.strategy.always(() => started.ok())
    for (let second = 0; second < 90; second++) await started.pass(SECOND)
    expect(started.state()).toBe('active')
    expect(await started.session.getToken()).toBe('B2')
  })

  test('callers are told when to come back, and come back to a bearer', async () => {
    const started = await refreshing()
    await started.strategy.last().answer(silent)
    started.strategy.always(silent)
    await started.pass(LEAD)
    const caller = outcomeOf(started.session.getToken())
    for (let second = 0; second < 10; second++) await started.pass(SECOND)
    expect(caller.error).toMatchObject(
      error('refresh_unavailable', { retryable: true, retryAt: expect.any(Number) }),
    )
    const { retryAt } = caller.error as { retryAt: number }
    expect(retryAt).toBeGreaterThan(started.clock.wall() - 10 * SECOND)
  })
})

describe('never', () => {
  test('not one send more: the bearer serves to its end, then the session expires', async () => {
    const started = await refreshing('never')
    await started.strategy.last().answer(answered)
    expect(await watch(started, LEAD - SECOND, answered)).toEqual([])
    expect(await started.session.getToken()).toBe('B1')
    expect(await watch(started, HOUR, answered)).toEqual([])
    expect(started.session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'refreshOutcomeUnknown' })
  })

  test('a token that is known to be consumed is never sent again, whatever the policy', async () => {
    const started = await refreshing('afterBearerEnds')
    await started.strategy
      .last()
      .answer({ kind: 'unknown', cause: 'consumed', answered: true, consumed: true })
    expect(await watch(started, HOUR, answered)).toEqual([])
    expect(started.session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'refreshOutcomeUnknown' })
  })

  test('not even if asked by force or by a restored network', async () => {
    const started = await refreshing('never')
    await started.strategy.last().answer(silent)
    await started.signal('networkRestored')
    await started.session.refresh().catch(() => {})
    await started.session.refresh({ by: 'user' }).catch(() => {})
    expect(started.strategy.attempts).toHaveLength(1)
  })
})

describe('withinMs', () => {
  test('one resend inside the window, while the bearer is good; no third', async () => {
    const started = await refreshing({ withinMs: 10 * SECOND })
    await started.strategy.last().answer(silent)
    const sends = await watch(started, HOUR, silent)
    expect(sends).toHaveLength(1)
    expect(sends[0]).toBeLessThanOrEqual(10 * SECOND)
    expect(started.session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'refreshOutcomeUnknown' })
  })

  test('the resend saves the session', async () => {
    const started = await refreshing({ withinMs: 10 * SECOND })
    await started.strategy.last().answer(silent)
    started.strategy.always(() => started.ok())
    await started.pass(10 * SECOND)
    expect(started.session.getSnapshot()).toMatchObject({ state: 'active', version: 2 })
  })
})

describe('refused', () => {
  test('never ends a session: the backoff grows to a minute, and the token stays the same', async () => {
    const started = await refreshing(undefined, { random: () => 1 })
    const refused: RefreshOutcome = { kind: 'refused', cause: 'network' }
    await started.strategy.last().answer(refused)
    const sends = await watch(started, 2 * HOUR, refused)
    expect(started.state()).toBe('retrying')
    expect(sends.length).toBeGreaterThan(100)
    expect(sends.length).toBeLessThanOrEqual(2 * 60 + 10)
    const gaps = sends.map((at, n) => at - (sends[n - 1] ?? 0))
    expect(Math.max(...gaps)).toBeLessThanOrEqual(61 * SECOND)
    expect(new Set(started.strategy.sent())).toEqual(new Set(['R1']))
    started.strategy.always(() => started.ok())
    for (let second = 0; second < 61; second++) await started.pass(SECOND)
    expect(started.state()).toBe('active')
  })

  test('the network coming back does not wait for the backoff', async () => {
    const started = await refreshing()
    await started.strategy.last().answer({ kind: 'refused', cause: 'network' })
    await started.signal('networkRestored')
    expect(started.strategy.attempts).toHaveLength(2)
  })
})

describe('N6, I23 a refresh that takes its time', () => {
  test('waiters leave after 8 s with the bearer that is still good; the answer after 12 s is committed', async () => {
    const { session, strategy, pass, ok, state } = await refreshing(undefined, { store: memoryStore() })
    const waiter = outcomeOf(session.getToken())
    await pass(8 * SECOND - 1)
    expect(waiter.isSettled).toBe(false)
    await pass(1)
    expect(waiter.value).toBe('B1')
    await pass(4 * SECOND)
    expect(strategy.last().request.signal.aborted).toBe(false)
    await strategy.last().answer(ok())
    expect([state(), await session.getToken()]).toEqual(['active', 'B2'])
    expect(strategy.attempts).toHaveLength(1)
  })

  test('without a good bearer they leave with RefreshUnavailable; everyone leaves at once', async () => {
    const { session, strategy, pass, ok } = await loggedIn({ refresh: 'onDemand' })
    await pass(LIFE)
    const first = outcomeOf(session.getToken())
    await pass(5 * SECOND)
    const second = outcomeOf(session.fetch('/api/admin/users'))
    await pass(3 * SECOND)
    for (const waiter of [first, second]) expect(waiter.error).toMatchObject(error('refresh_unavailable'))
    await pass(10 * SECOND)
    await strategy.last().answer(ok())
    expect(await session.getToken()).toBe('B2')
  })

  test('N16 a network that swallows the request ends at 25 s, and the attempt is aborted', async () => {
    const { strategy, pass, state, told } = await refreshing()
    await pass(25 * SECOND - 1)
    expect(state()).toBe('refreshing')
    await pass(1)
    expect(state()).toBe('retrying')
    expect(strategy.last().request.signal.aborted).toBe(true)
    expect(told('refreshDeferred')).toMatchObject([{ outcome: 'unknown', cause: 'timeout' }])
  })

  test('an answer after the deadline is committed all the same', async () => {
    const { session, strategy, pass, ok, state } = await refreshing()
    await pass(27 * SECOND)
    await strategy.last().answer(ok())
    expect([state(), await session.getToken()]).toEqual(['active', 'B2'])
  })
})

describe('hold, with a store that peers share', () => {
  test('a peer’s newer version is found and adopted, and nothing is sent', async () => {
    const store = memoryStore()
    const clock = fakeClock()
    const one = await loggedIn({ store, clock })
    const two = await restored({ store, clock })
    await one.pass(LIFE - LEAD)
    await flush()
    await two.strategy.last().answer(silent)
    expect(two.state()).toBe('retrying')
    await one.strategy.last().answer(one.ok())
    for (let second = 0; second < 5; second++) await two.pass(SECOND)
    expect(two.session.getSnapshot()).toMatchObject({ state: 'active', version: 2 })
    expect(await two.session.getToken()).toBe('B2')
    expect(two.strategy.sent()).toEqual(['R1'])
  })

  test('a peer’s logout is found', async () => {
    const store = memoryStore()
    const clock = fakeClock()
    const one = await loggedIn({ store, clock })
    const two = await restored({ store, clock })
    await one.pass(LIFE - LEAD)
    await two.strategy.last().answer(silent)
    await one.session.logout()
    for (let second = 0; second < 5; second++) await two.pass(SECOND)
    expect(two.session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'elsewhere' })
  })
})
