import { describe, expect, test } from 'vitest'
import { type AnyActorRef, createActor, setup } from 'xstate'
import {
  type Coordinator,
  createSessionLogic,
  inProcessCoordinator,
  memoryStore,
  type RefreshOutcome,
  type SessionOptions,
  type SessionRecord,
  type SessionStore,
  sessionOf,
} from 'xstate-session'
import { fakeClock } from '../fakeClock.ts'
import {
  ada,
  BASE_URL,
  flush,
  LEAD,
  LIFE,
  loggedIn,
  MINUTE,
  openid,
  outcomeOf,
  SECOND,
  start,
  storedLogin,
  stubApi,
  stubStrategy,
} from './fixture.ts'

/** A store with a session in it, whose first answer waits for `answer`. */
async function slowStore(more: Partial<SessionRecord> = {}) {
  const inner = memoryStore()
  await inner.compareAndSet(null, storedLogin(more))
  let answer = () => {}
  const isOpen = new Promise<void>((resolve) => {
    answer = resolve
  })
  const store: SessionStore = { ...inner, read: () => isOpen.then(() => inner.read()) }
  return {
    store,
    async answer() {
      answer()
      await flush()
    },
  }
}

const ended = { endsAt: fakeClock().wall() - 1 }

describe('U35: who calls before the store has answered', () => {
  test.each<[string, Partial<SessionRecord>, Pick<SessionOptions, 'coordinator' | 'refresh'>]>([
    ['whose bearer has ended', ended, {}],
    ['whose bearer ended an hour ago', { endsAt: fakeClock().wall() - 3_600_000 }, {}],
    ['whose bearer is due', { endsAt: fakeClock().wall() + LEAD - 1 }, {}],
    ['of a later version, without a bearer', { version: 7, bearer: undefined as never }, {}],
    ['without a word about its life', { endsAt: fakeClock().wall() - 1, lifeMs: undefined as never }, {}],
    ['with a coordinator', ended, { coordinator: inProcessCoordinator({ clock: fakeClock() }) }],
    ['of an eager page', ended, { refresh: 'eager' }],
  ])('a session %s, gets the bearer of one refresh', async (_, record, options) => {
    const { store, answer } = await slowStore(record)
    const { session, strategy, ok, pass, api } = start({ refresh: 'onDemand', store, ...options })
    const calls = [session.getToken(), session.fetch('/a').then(({ status }) => status), session.getToken()]
    const outcomes = calls.map((call) => outcomeOf<unknown>(call))
    strategy.always(ok(8))
    await answer()
    // Without a bearer a renewal has a floor.
    await pass(5 * SECOND)
    await expect.poll(() => outcomes).toMatchObject([{ value: 'B8' }, { value: 200 }, { value: 'B8' }])
    expect(strategy.sent()).toEqual(['R1'])
    expect(api.bearers()).toEqual(['B8'])
  })

  test('a session that is good, is served without a refresh', async () => {
    const { store, answer } = await slowStore()
    const { session, strategy } = start({ refresh: 'onDemand', store })
    const caller = outcomeOf(session.getToken())
    await answer()
    expect([caller.value, strategy.sent()]).toEqual(['B1', []])
  })

  test.each([undefined, 'user', 'force'] as const)(
    'for a refresh by %s, gets one, though the bearer is good',
    async (by) => {
      const { store, answer } = await slowStore()
      const { session, strategy, ok } = start({ refresh: 'onDemand', store })
      const caller = outcomeOf(session.getToken())
      const refresh = outcomeOf(session.refresh(by && { by }))
      strategy.always(ok())
      await answer()
      expect([refresh.isSettled, refresh.error, caller.value]).toEqual([true, undefined, 'B2'])
      expect(strategy.sent()).toEqual(['R1'])
    },
  )

  test('where only the user may ask, is not asked for', async () => {
    const { store, answer } = await slowStore({ endsAt: fakeClock().wall() + LEAD - 1 })
    const { session, strategy } = start({ refresh: 'prompt', store })
    const caller = outcomeOf(session.getToken())
    await answer()
    expect([caller.value, strategy.sent()]).toEqual(['B1', []])
  })

  test('has patience from then on, also for the refresh that follows', async () => {
    const { store, answer } = await slowStore(ended)
    const { session, strategy, pass } = start({ refresh: 'onDemand', store })
    const caller = outcomeOf(session.getToken())
    await pass(3 * SECOND)
    await answer()
    await pass(4 * SECOND)
    expect([caller.isSettled, strategy.attempts.length]).toEqual([false, 1])
    await pass(SECOND)
    expect(caller.error).toMatchObject({ code: 'refresh_unavailable' })
  })

  test('where there is no session, hears that there is none', async () => {
    const { session } = start({ refresh: 'onDemand', store: memoryStore() })
    await expect(session.getToken()).rejects.toMatchObject({ code: 'logged_out', reason: 'never' })
  })
})

/** A peer renews while a refresh waits for its next attempt. By the peer's clock, it did so `agedMs` ago. */
async function renewedByPeer(by: 'user' | 'force', agedMs: number) {
  const store = memoryStore()
  const at = await loggedIn({ refresh: 'onDemand', store })
  await at.pass(LIFE)
  at.strategy.always({ kind: 'refused', cause: 'unavailable', retryAfterMs: 6 * SECOND })
  const refresh = outcomeOf(at.session.refresh({ by }))
  await flush()
  at.strategy.always(at.ok(3))
  const peer = { bearer: 'B2', refreshToken: 'R2', endsAt: at.clock.wall() + LIFE - agedMs }
  await store.compareAndSet({ epoch: 1, version: 1 }, storedLogin({ version: 2, ...peer }))
  await at.watch(4 * SECOND)
  expect([refresh.isSettled, refresh.error, at.state()]).toEqual([true, undefined, 'active'])
  return at.strategy.sent()
}

describe('U35: a refresh that was asked for before a peer renewed', () => {
  test.each([
    ['user', 4],
    ['force', 4],
    ['user', 60],
  ] as const)('by %s is done with a renewal that looks %d s old', async (by, aged) => {
    expect(await renewedByPeer(by, aged * SECOND)).toEqual(['R1'])
  })

  test('by force is not done with a renewal of long before', async () => {
    expect(await renewedByPeer('force', MINUTE)).toEqual(['R1', 'R2'])
  })

  test('is done with it, though it came before the store told of the session', async () => {
    const { store, answer } = await slowStore(ended)
    const { session, strategy, watch, clock, state } = start({ refresh: 'onDemand', store })
    const refresh = outcomeOf(session.refresh({ by: 'user' }))
    strategy.always({ kind: 'refused', cause: 'unavailable', retryAfterMs: 6 * SECOND })
    await answer()
    const peer = { bearer: 'B2', refreshToken: 'R2', endsAt: clock.wall() + LIFE - MINUTE }
    await store.compareAndSet({ epoch: 1, version: 1 }, storedLogin({ version: 2, ...peer }))
    await watch(4 * SECOND)
    expect([refresh.isSettled, refresh.error, state()]).toEqual([true, undefined, 'active'])
    expect(strategy.sent()).toEqual(['R1'])
  })
})

test('U35: who calls right after a renewal without a bearer is asked for when the next one is permitted', async () => {
  const { session, pass, strategy, ok } = await loggedIn({ refresh: 'onDemand' })
  await pass(LIFE)
  strategy.always({ kind: 'ok', refreshToken: 'R2' })
  const early = outcomeOf(session.getToken())
  await flush()
  strategy.always(ok(3))
  const late = outcomeOf(session.getToken())
  await pass(5 * SECOND)
  expect([early.value, late.value]).toEqual(['B3', 'B3'])
  expect(strategy.sent()).toEqual(['R1', 'R2'])
})

test('U35: who calls from the very reaction of a parent to a change is heard after it', async () => {
  const clock = fakeClock()
  const strategy = stubStrategy()
  strategy.always({ kind: 'ok', bearer: 'B2', refreshToken: 'R2' })
  const logic = createSessionLogic({
    baseUrl: BASE_URL,
    strategies: { openid: strategy.strategy },
    fetch: stubApi().fetch,
    refresh: 'onDemand',
    clock,
  })
  const seen: ReturnType<typeof outcomeOf<string>>[] = []
  const parent = createActor(
    setup({
      types: { events: {} as { type: 'xstate.snapshot.session'; snapshot: { value: string } } },
      actors: { session: logic },
      guards: { isDue: ({ event }) => event.snapshot.value === 'nearingExpiry' },
      actions: {
        call: ({ self }) =>
          void seen.push(outcomeOf(sessionOf(self.getSnapshot().children.session as AnyActorRef).getToken())),
      },
    }).createMachine({
      invoke: { id: 'session', src: 'session', onSnapshot: {} },
      initial: 'before',
      states: {
        before: { on: { 'xstate.snapshot.session': { guard: 'isDue', target: 'after' } } },
        after: { entry: 'call' },
      },
    }),
  ).start()
  const session = sessionOf(parent.getSnapshot().children.session as AnyActorRef)
  await session.login({ token: 'B1', refreshToken: 'R1', user: ada, expiresAt: clock.wall() + LIFE }, openid)
  clock.advance(LIFE - LEAD)
  await flush()
  expect(seen).toMatchObject([{ value: 'B2' }])
  parent.stop()
})

test('U35: that the user is away, told before the store has answered, holds for the session in it', async () => {
  const { store, answer } = await slowStore()
  const { signal, pass, state, strategy } = start({ store })
  await signal('userIdle')
  await answer()
  await pass(LIFE - LEAD)
  expect([state(), strategy.sent()]).toEqual(['nearingExpiry', []])
  await signal('userActive')
  expect([state(), strategy.sent()]).toEqual(['refreshing', ['R1']])
})

test('who comes in a backoff changes nothing for those who wait: the next attempt is made when it is due', async () => {
  const waits = async (isLate: boolean) => {
    const { session, strategy, pass } = await loggedIn({ refresh: 'onDemand', random: () => 0.5 })
    await pass(LIFE)
    const call = async () => {
      void session.fetch('api/x').catch(() => {})
      await flush()
    }
    await call()
    if (!isLate) await call()
    await strategy.last().answer({ kind: 'refused', cause: 'network' })
    if (isLate) await call()
    let tenths = 0
    while (strategy.attempts.length < 2 && tenths < 100) {
      await pass(SECOND / 10)
      tenths += 1
    }
    return tenths
  }
  expect(await waits(true)).toBe(await waits(false))
  expect(await waits(true)).toBeLessThanOrEqual(10)
})

test('who waits asks no second time in one instant, though the coordinator says at once that nothing may be sent', async () => {
  let asked = 0
  const inDoubt: RefreshOutcome = {
    kind: 'unknown',
    cause: 'inDoubt',
    answered: false,
    doubt: { sends: 1, sinceMs: 1, answers: 0, waitMs: 0 },
  }
  const coordinator: Coordinator = {
    // A loop in one instant would never come back.
    run: async () => (++asked > 20 ? new Promise<never>(() => {}) : inDoubt),
    end: () => {},
  }
  const { session, login, pass } = start({ coordinator, refresh: 'onDemand' })
  await flush()
  await login()
  await pass(LIFE)
  const waiting = session.getToken().catch((failure: unknown) => failure)
  await flush()
  expect(asked).toBe(1)
  await pass(1)
  expect(asked).toBe(2)
  session.dispose()
  await waiting
})
