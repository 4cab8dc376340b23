import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type AnyActorRef, assign, createActor, sendTo, setup } from 'xstate'
import {
  createSession,
  createSessionLogic,
  Disposed,
  InvalidAnswer,
  inProcessCoordinator,
  LoggedOut,
  Misconfigured,
  memoryStore,
  RedirectBlocked,
  RefreshUnavailable,
  SessionChanged,
  SessionError,
  SessionExpired,
  sessionOf,
} from 'xstate-session'
import { fakeClock } from '../fakeClock.ts'
import {
  ada,
  BASE_URL,
  error,
  flush,
  HOUR,
  LEAD,
  LIFE,
  loggedIn,
  openid,
  outcomeOf,
  SECOND,
  start,
  stubApi,
  stubStrategy,
} from './fixture.ts'

function optionsOf() {
  const clock = fakeClock()
  const strategy = stubStrategy()
  return {
    clock,
    strategy,
    options: {
      baseUrl: BASE_URL,
      strategies: { openid: strategy.strategy },
      clock,
      random: () => 0,
      fetch: stubApi().fetch,
    },
  }
}

const answer = (clock: ReturnType<typeof fakeClock>) => ({
  token: 'B1',
  refreshToken: 'R1',
  user: ada,
  expiresAt: clock.wall() + LIFE,
})

describe('a parent machine', () => {
  test('invokes the session, reads its state and ends it with its own', async () => {
    const { clock, strategy, options } = optionsOf()
    const parent = createActor(
      setup({ actors: { session: createSessionLogic(options) } }).createMachine({
        initial: 'open',
        states: { open: { invoke: { id: 'session', src: 'session' }, on: { close: 'closed' } }, closed: {} },
      }),
    ).start()
    const ref = parent.getSnapshot().children.session as AnyActorRef
    const session = sessionOf(ref)
    await session.login(answer(clock), openid)
    expect(ref.getSnapshot().value).toBe('active')
    clock.advance(LIFE - LEAD)
    await flush()
    expect(strategy.attempts).toHaveLength(1)
    const waiter = outcomeOf(session.refresh())
    parent.send({ type: 'close' })
    await flush()
    expect(waiter.error).toBeInstanceOf(Disposed)
    await expect(session.getToken()).rejects.toBeInstanceOf(Disposed)
    expect(clock.pending().filter(({ kind }) => kind === 'background')).toEqual([])
    parent.stop()
  })

  test('spawns several sessions, each with tokens of its own', async () => {
    const { clock, options } = optionsOf()
    const logic = createSessionLogic(options)
    const parent = createActor(
      setup({
        types: { context: {} as { refs: AnyActorRef[] } },
        actors: { session: logic },
      }).createMachine({
        context: { refs: [] },
        on: {
          add: {
            actions: assign({
              refs: ({ context, spawn }) => [...context.refs, spawn('session') as AnyActorRef],
            }),
          },
        },
      }),
    ).start()
    parent.send({ type: 'add' })
    parent.send({ type: 'add' })
    const [one, two] = parent.getSnapshot().context.refs.map((ref) => sessionOf(ref))
    await one?.login(answer(clock), openid)
    await two?.login({ ...answer(clock), token: 'C1', user: { ...ada, id: 'bob' } }, openid)
    expect(await Promise.all([one?.getToken(), two?.getToken()])).toEqual(['B1', 'C1'])
    await one?.logout()
    expect(await two?.getToken()).toBe('C1')
    parent.stop()
  })

  test.each(['calls', 'reads its state, and calls'])(
    '%s the session from its very reaction to a change, and finds it as it is',
    async (what) => {
      const { clock, options } = optionsOf()
      const logic = createSessionLogic(options)
      const seen: Promise<string>[] = []
      const is = (state: string) => ({
        guard: ({ event }: { event: { snapshot: { value: string } } }) => event.snapshot.value === state,
      })
      const parent = createActor(
        setup({
          types: { events: {} as { type: 'xstate.snapshot.session'; snapshot: { value: string } } },
          actors: { session: logic },
          actions: {
            call({ self }) {
              const session = sessionOf(self.getSnapshot().children.session as AnyActorRef)
              const before = what === 'calls' ? undefined : session.getSnapshot().state
              const call = session.fetch('/api/admin/users').then(
                ({ status }) => status,
                ({ code }) => code,
              )
              const state = before ?? session.getSnapshot().state
              seen.push(call.then((answer) => `${state}: ${answer}`))
            },
          },
        }).createMachine({
          invoke: { id: 'session', src: 'session', onSnapshot: {} },
          initial: 'before',
          states: {
            before: { on: { 'xstate.snapshot.session': { ...is('active'), target: 'during' } } },
            during: {
              entry: 'call',
              on: { 'xstate.snapshot.session': { ...is('loggedOut'), target: 'after' } },
            },
            after: { entry: 'call' },
          },
        }),
      ).start()
      const session = sessionOf(parent.getSnapshot().children.session as AnyActorRef)
      await session.login(answer(clock), openid)
      await session.logout()
      expect(await Promise.all(seen)).toEqual(['active: 200', 'loggedOut: logged_out'])
      parent.stop()
    },
  )

  test('an actor of something else has no session', () => {
    expect(() => sessionOf(createActor(setup({}).createMachine({})).start())).toThrow(Misconfigured)
    expect(() => sessionOf(createActor(createSessionLogic(optionsOf().options)))).toThrow(Misconfigured)
  })

  test('E3 events after the end change nothing and bring no bearer back', async () => {
    const { session } = await loggedIn()
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    session.dispose()
    session.actorRef.send({ type: 'refresh.asked', by: 'force', at: Date.now() })
    await session.logout()
    await expect(session.login(answer(fakeClock()), openid)).rejects.toBeInstanceOf(Disposed)
    await expect(session.getToken()).rejects.toBeInstanceOf(Disposed)
    await expect(session.refresh()).rejects.toBeInstanceOf(Disposed)
    for (const said of warn.mock.calls) expect(JSON.stringify(said)).not.toMatch(/B1|R1/)
    warn.mockRestore()
  })
})

describe('dispose', () => {
  test('C32 with waiters: each of them is told, and nothing stays armed', async () => {
    const { session, pass, clock } = await loggedIn({ refresh: 'onDemand' })
    await pass(LIFE)
    const waiters = [session.getToken(), session.fetch('/api'), session.refresh()].map((promise) =>
      outcomeOf<unknown>(promise),
    )
    await flush()
    session.dispose()
    session.dispose()
    await flush()
    for (const waiter of waiters) expect(waiter.error).toBeInstanceOf(Disposed)
    // The attempt in the air keeps its own deadline, and nothing else is left.
    expect(clock.pending().map(({ kind }) => kind)).toEqual(['foreground'])
  })

  test('C32 an answer after it is not adopted: without a store its tokens are revoked, with one they are kept', async () => {
    const alone = await loggedIn()
    await alone.pass(LIFE - LEAD)
    alone.session.dispose()
    await alone.strategy.last().answer(alone.ok())
    expect(alone.strategy.revoked).toMatchObject([{ cause: 'late', refreshToken: 'R2' }])
    expect(alone.clock.pending()).toEqual([])

    const store = memoryStore()
    const stored = await loggedIn({ store })
    await stored.pass(LIFE - LEAD)
    stored.session.dispose()
    await stored.strategy.last().answer(stored.ok())
    expect(await store.read()).toMatchObject({ version: 2, refreshToken: 'R2' })
    expect(stored.strategy.revoked).toEqual([])
  })

  test('I29 any order of start, login, dispose and logout leaves no timer', async () => {
    const words = [
      'login logout dispose',
      'login dispose logout',
      'dispose login',
      'login login dispose',
      'logout dispose',
      'dispose dispose',
      'login refresh dispose logout',
    ]
    for (const word of words) {
      let stopped = 0
      const { session, clock, login, strategy, ok } = start({ signals: () => () => void stopped++ })
      strategy.always(ok())
      for (const step of word.split(' ')) {
        if (step === 'login') await login().catch(() => {})
        if (step === 'logout') await session.logout()
        if (step === 'dispose') session.dispose()
        if (step === 'refresh') void session.refresh().catch(() => {})
      }
      await flush()
      expect([word, clock.pending(), stopped]).toEqual([word, [], 1])
    }
  })
})

describe('listeners', () => {
  test('C14 a listener may call back into the session, and nothing hangs', async () => {
    const { session, pass, strategy, ok } = await loggedIn()
    const seen: unknown[] = []
    session.subscribe(async ({ version, state }) => {
      if (version !== 2 || state !== 'active') return
      seen.push(await session.getToken(), session.getSnapshot().version)
      void session.refresh().then(() => session.logout())
    })
    await pass(LIFE - LEAD)
    const caller = session.getToken()
    await strategy.last().answer(ok())
    expect(await caller).toBe('B2')
    await flush()
    expect(seen).toEqual(['B2', 2])
    expect(session.getSnapshot().state).toBe('loggedOut')
  })

  test('C15, E2 listeners and observers that throw, reject or hang trouble nobody, and are reported once each', async () => {
    const reported: unknown[] = []
    const { session, pass, strategy, ok } = await loggedIn({
      observe: () => {
        throw new Error('observer')
      },
      onListenerError: (reason) => reported.push((reason as Error).message),
    })
    await flush()
    reported.length = 0
    const good: number[] = []
    session.subscribe(() => {
      throw new Error('throws')
    })
    session.subscribe((() => Promise.reject(new Error('rejects'))) as () => void)
    session.subscribe((() => new Promise(() => {})) as () => void)
    session.subscribe(({ version }) => good.push(version))
    await pass(SECOND)
    const renewal = session.refresh()
    await flush()
    reported.length = 0
    await strategy.last().answer(ok())
    await renewal
    expect(good.at(-1)).toBe(2)
    expect(reported.filter((message) => message === 'throws')).toHaveLength(1)
    expect(reported.filter((message) => message === 'rejects')).toHaveLength(1)
    expect(reported).toContain('observer')
    expect(await session.getToken()).toBe('B2')
  })

  test('a listener is told in a microtask, once per change, with the snapshot of that moment; never after it left', async () => {
    const { session, login } = start()
    const told: unknown[] = []
    const stop = session.subscribe((state) => told.push(state))
    const loggingIn = login()
    expect(told).toEqual([])
    await loggingIn
    await flush()
    expect(told).toEqual([session.getSnapshot()])
    stop()
    stop()
    await session.logout()
    expect(told).toHaveLength(1)
  })

  test('the snapshot is the same object until something changes', async () => {
    const { session, pass } = await loggedIn()
    const before = session.getSnapshot()
    await session.getToken()
    await pass(SECOND)
    expect(session.getSnapshot()).toBe(before)
    await session.logout()
    expect(session.getSnapshot()).not.toBe(before)
  })
})

describe('notices', () => {
  test('I18 each event of an epoch and version is told once, and nothing of an epoch after its end', async () => {
    const { session, notices, pass, strategy, ok, login, told } = await loggedIn()
    strategy.always(() => ok(strategy.attempts.length + 1))
    for (let n = 0; n < 3; n++) await pass(LIFE - LEAD)
    await session.logout()
    await session.logout()
    await pass(HOUR)
    expect(told('refreshed').map(({ version }) => version)).toEqual([2, 3, 4])
    expect(told('refreshSent')).toHaveLength(3)
    expect(told('loggedOut')).toMatchObject([{ epoch: 1, reason: 'user' }])
    expect(notices.at(-1)?.type).toBe('loggedOut')
    await login()
    await pass(LIFE - LEAD)
    await session.logout()
    expect(told('loggedOut').map(({ epoch }) => epoch)).toEqual([1, 2])
    const attemptIds = told('refreshSent').map((notice) => (notice as { attemptId: string }).attemptId)
    expect(new Set(attemptIds).size).toBe(attemptIds.length)
  })

  test('I14 the end of a session is told with its reason, after what caused it', async () => {
    const { notices, pass, strategy } = await loggedIn()
    await pass(LIFE - LEAD)
    await strategy
      .last()
      .answer({ kind: 'rejected', reason: 'identityMismatch', security: 'identityMismatch' })
    expect(notices.map(({ type }) => type)).toEqual(['refreshSent', 'security', 'expired'])
  })

  test('no notice holds personal data', async () => {
    const { notices, pass, strategy, ok, session } = await loggedIn()
    await pass(LIFE - LEAD)
    await strategy.last().answer(ok(2, { user: { ...ada, name: 'Ada Lovelace' } }))
    await session.logout()
    expect(JSON.stringify(notices)).not.toMatch(/ada@|Ada Lovelace|ADMIN/)
  })
})

describe('E1 something throws inside', () => {
  test('a strategy that throws, or rejects, is an unknown outcome', async () => {
    for (const refresh of [
      () => {
        throw new Error('bug')
      },
      () => Promise.reject(new Error('bug')),
    ]) {
      const { session, pass, state, told } = await loggedIn({ strategy: stubStrategy({ refresh }) })
      await pass(LIFE - LEAD)
      expect(state()).toBe('retrying')
      expect(told('refreshDeferred')).toMatchObject([{ outcome: 'unknown', cause: 'internal' }])
      expect(await session.getToken()).toBe('B1')
    }
  })

  test('a coordinator that throws is one more unknown outcome', async () => {
    const coordinator = {
      ...inProcessCoordinator(),
      run() {
        throw new Error('bug')
      },
    }
    const { session, pass, told } = await loggedIn({ refresh: 'onDemand', coordinator })
    await pass(LIFE - LEAD)
    expect(await session.getToken()).toBe('B1')
    expect(told('refreshDeferred')).toMatchObject([{ outcome: 'unknown', cause: 'internal' }])
  })

  test('a timer that cannot be armed ends the session as internal: waiters are told, the process lives', async () => {
    const clock = fakeClock()
    const { setTimer } = clock
    clock.setTimer = (fire, delayMs, kind) => {
      if (kind === 'foreground') throw new Error('bug')
      return setTimer(fire, delayMs, kind)
    }
    const { session, pass, notices } = await loggedIn({ refresh: 'onDemand', clock })
    const states: string[] = []
    session.subscribe(({ state }) => states.push(state))
    await pass(LIFE - LEAD)
    await expect(session.getToken()).rejects.toMatchObject(error('session_expired', { reason: 'internal' }))
    expect(session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'internal', isUsable: false })
    expect(notices.filter(({ type }) => type === 'expired')).toMatchObject([{ reason: 'internal' }])
    expect(states.at(-1)).toBe('expired')
    await expect(
      session.login({ token: 'B9', user: { id: 'ada' } }, { provider: 'openid' }),
    ).rejects.toMatchObject(error('session_expired', { reason: 'internal' }))
    await expect(session.fetch('/api')).rejects.toMatchObject(
      error('session_expired', { reason: 'internal' }),
    )
  })
})

describe('errors', () => {
  test.each([
    [new SessionExpired('idle'), 'session_expired', 'SessionExpired', false],
    [new LoggedOut('user'), 'logged_out', 'LoggedOut', false],
    [new SessionChanged(), 'session_changed', 'SessionChanged', false],
    [new RefreshUnavailable(7), 'refresh_unavailable', 'RefreshUnavailable', true],
    [new Misconfigured('x'), 'misconfigured', 'Misconfigured', false],
    [new InvalidAnswer('x'), 'invalid_answer', 'InvalidAnswer', false],
    [new RedirectBlocked('x'), 'redirect_blocked', 'RedirectBlocked', false],
    [new Disposed(), 'disposed', 'Disposed', false],
  ] as const)('%s', (reason, code, name, retryable) => {
    expect(reason).toBeInstanceOf(SessionError)
    expect(reason).toMatchObject({ code, name, retryable })
    expect(String(reason)).toContain(name)
  })

  test.each([
    ['no token', { token: undefined }],
    ['an empty token', { token: '' }],
    ['a token with a line end', { token: 'a\nb' }],
    ['no user', { user: undefined }],
    ['a user without an id', { user: { email: 'a@b' } }],
    ['a refresh token that is none', { refreshToken: 7 }],
  ])('a login answer with %s is refused and changes nothing', async (_, more) => {
    const { session, login } = await loggedIn()
    await expect(login(more as never)).rejects.toBeInstanceOf(InvalidAnswer)
    expect(await session.getToken()).toBe('B1')
  })

  test.each([
    ['baseUrl', { baseUrl: '/api' }],
    ['baseUrl', { baseUrl: 'ftp://chat.example' }],
    ['baseUrl', { baseUrl: 'https://user:pass@chat.example' }],
    ['refresh', { refresh: 'sometimes' }],
    ['leadTimeMs', { leadTimeMs: -1 }],
    ['allowedOrigins', { allowedOrigins: ['evil'] }],
  ])('option %s is checked at once, and its value not quoted: %j', (name, more) => {
    const { options } = optionsOf()
    const create = () => createSession({ ...options, ...more } as never)
    expect(create).toThrow(Misconfigured)
    expect(create).toThrow(`"${name}"`)
    expect(create).not.toThrow(/user:pass/)
  })
})

test('sendTo from a parent reaches the chart by its public events', async () => {
  const { clock, options, strategy } = optionsOf()
  const parent = createActor(
    setup({ actors: { session: createSessionLogic(options) } }).createMachine({
      invoke: { id: 'session', src: 'session' },
      on: {
        extend: {
          actions: sendTo('session', () => ({ type: 'refresh.asked', by: 'user', at: clock.wall() })),
        },
      },
    }),
  ).start()
  onTestFinished(() => void parent.stop())
  const session = sessionOf(parent.getSnapshot().children.session as AnyActorRef)
  await session.login(answer(clock), openid)
  clock.advance(SECOND)
  parent.send({ type: 'extend' } as never)
  await flush()
  expect(strategy.attempts).toHaveLength(1)
})
