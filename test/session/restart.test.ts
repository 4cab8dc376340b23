import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type AnyActorRef, createActor, setup } from 'xstate'
import {
  createSession,
  createSessionLogic,
  memoryStore,
  type SessionOptions,
  sessionOf,
} from 'xstate-session'
import { selectSession } from 'xstate-session/machine'
import { fakeClock } from '../fakeClock.ts'
import { ada, BASE_URL, flush, LEAD, LIFE, MINUTE, openid, stubApi, stubStrategy } from './fixture.ts'

/** Logic on a fake clock, whose actors are stopped at the end. */
function world(more: Partial<SessionOptions> = {}) {
  const clock = fakeClock()
  const strategy = stubStrategy()
  const options: SessionOptions = {
    baseUrl: BASE_URL,
    strategies: { openid: strategy.strategy },
    fetch: stubApi().fetch,
    clock,
    random: () => 0,
    signals: () => () => {},
    ...more,
  }
  const logic = createSessionLogic(options)
  const parent = setup({ actors: { session: logic } }).createMachine({
    invoke: { id: 'session', src: 'session' },
  })
  const answer = { token: 'B1', refreshToken: 'R1', user: ada, expiresAt: clock.wall() + LIFE }
  return {
    clock,
    strategy,
    options,
    logic,
    parent,
    login: (ref: AnyActorRef) => sessionOf(ref).login(answer, openid),
  }
}

const copies = [
  ['as it is', (snapshot: object) => snapshot],
  ['through JSON', (snapshot: object) => JSON.parse(JSON.stringify(snapshot))],
] as const

const stores = [
  ['without a store', () => ({}), { state: 'loggedOut', reason: 'never' }, 'logged_out'],
  ['with a store', () => ({ store: memoryStore() }), { state: 'active', user: ada }, 'B1'],
] as const

describe.each(copies)('U30: a snapshot that is restored %s', (_, copy) => {
  test.each(stores)('%s has tokens, or is logged out', async (__, more, state, token) => {
    const { logic, login } = world(more())
    const one = createActor(logic).start()
    await login(one)
    const snapshot = copy(one.getPersistedSnapshot())
    one.stop()
    expect(JSON.stringify(snapshot)).not.toMatch(/B1|R1/)

    const two = createActor(logic, { snapshot: snapshot as never }).start()
    onTestFinished(() => void two.stop())
    const session = sessionOf(two)
    expect(session.getSnapshot().isAuthenticated).toBe(false)
    await flush()
    expect(session.getSnapshot()).toMatchObject(state)
    expect(selectSession(two.getSnapshot())).toMatchObject(state)
    expect(await session.getToken().catch(({ code }) => code)).toBe(token)
    await login(two)
    expect(await session.getToken()).toBe('B1')
  })

  test.each(stores)('%s of a parent is restored with it', async (__, more, state, token) => {
    const { parent, login } = world(more())
    const one = createActor(parent).start()
    await login(one.getSnapshot().children.session as AnyActorRef)
    const snapshot = copy(one.getPersistedSnapshot())
    one.stop()

    const two = createActor(parent, { snapshot: snapshot as never }).start()
    onTestFinished(() => void two.stop())
    const session = sessionOf(two.getSnapshot().children.session as AnyActorRef)
    await flush()
    expect(session.getSnapshot()).toMatchObject(state)
    expect(await session.getToken().catch(({ code }) => code)).toBe(token)
  })

  test('in the midst of a refresh sends nothing for it', async () => {
    const { logic, login, clock, strategy } = world()
    const one = createActor(logic).start()
    await login(one)
    clock.advance(LIFE - LEAD)
    await flush()
    expect(one.getSnapshot().value).toBe('refreshing')
    const snapshot = copy(one.getPersistedSnapshot())
    const two = createActor(logic, { snapshot: snapshot as never }).start()
    await flush()
    expect([two.getSnapshot().value, strategy.sent()]).toEqual(['loggedOut', ['R1']])
    await strategy.last().answer({ kind: 'ok', bearer: 'B2', refreshToken: 'R2' })
    expect(await sessionOf(one).getToken()).toBe('B2')
    expect(two.getSnapshot().value).toBe('loggedOut')
    for (const actor of [one, two]) actor.stop()
  })

  test('keeps what it was started with', async () => {
    const { logic, login } = world({ refresh: 'prompt', absoluteLifetimeMs: 60 * MINUTE })
    const one = createActor(logic, { input: { idleTimeoutMs: 20 * MINUTE } }).start()
    await login(one)
    const snapshot = copy(one.getPersistedSnapshot())
    one.stop()
    const two = createActor(logic, { snapshot: snapshot as never }).start()
    expect(two.getSnapshot().context).toMatchObject({
      policy: 'prompt',
      idleTimeoutMs: 20 * MINUTE,
      absoluteLifetimeMs: 60 * MINUTE,
      user: null,
    })
    two.stop()
  })
})

test('U30: a snapshot of a session that createSession runs belongs to nobody else', async () => {
  const { options, clock } = world()
  const session = createSession(options)
  await session.login({ token: 'B1', user: ada, expiresAt: clock.wall() + LIFE }, openid)
  const { logic } = session.actorRef as never as { logic: ReturnType<typeof createSessionLogic> }
  const copy = createActor(logic, { snapshot: session.actorRef.getPersistedSnapshot() as never })
  const errors: unknown[] = []
  copy.subscribe({ error: (error) => errors.push(error) })
  copy.start()
  expect(errors).toMatchObject([{ code: 'misconfigured' }])
  expect(selectSession(copy.getSnapshot())).toMatchObject({ state: 'expired', isAuthenticated: false })
  session.dispose()
})

describe('U30: an actor that was stopped', () => {
  const warn = () => {
    const spy = vi.spyOn(console, 'warn').mockImplementation(() => {})
    onTestFinished(() => spy.mockRestore())
  }

  test('and is started again is no session any more: XState begins nothing anew', async () => {
    warn()
    const { logic, login, clock } = world()
    const actor = createActor(logic).start()
    await login(actor)
    actor.stop()
    actor.start()
    actor.send({ type: 'refresh.asked', by: 'force', at: clock.wall() })
    await flush()
    const session = sessionOf(actor)
    expect(session.getSnapshot()).toMatchObject({
      state: 'loggedOut',
      isAuthenticated: false,
      isUsable: false,
    })
    expect(selectSession(actor.getSnapshot())).toEqual(session.getSnapshot())
    await expect(session.getToken()).rejects.toMatchObject({ code: 'disposed' })
    expect(clock.pending()).toEqual([])
  })

  test('by its parent in the midst of a refresh gives the late tokens back', async () => {
    const { parent, login, clock, strategy } = world()
    const actor = createActor(parent).start()
    await login(actor.getSnapshot().children.session as AnyActorRef)
    clock.advance(LIFE - LEAD)
    await flush()
    actor.stop()
    await flush()
    await strategy.last().answer({ kind: 'ok', bearer: 'B2', refreshToken: 'R2' })
    expect(strategy.revoked).toMatchObject([{ cause: 'late', refreshToken: 'R2' }])
  })

  test('by nobody, where only its session was disposed of, is told that there is none', async () => {
    const { parent, login } = world()
    const actor = createActor(parent).start()
    const ref = actor.getSnapshot().children.session as AnyActorRef
    await login(ref)
    sessionOf(ref).dispose()
    await flush()
    expect(ref.getSnapshot()).toMatchObject({ status: 'active', value: 'loggedOut' })
    expect(sessionOf(ref).getSnapshot()).toMatchObject({ state: 'loggedOut', isAuthenticated: false })
    actor.stop()
  })
})

test.each([
  ['a login', 'session.started'],
  ['a renewal', 'session.renewed'],
] as const)(
  'U30: facts without tokens that somebody sends by hand, as of %s, are no session',
  async (_, type) => {
    const { logic, login, clock, strategy } = world()
    const actor = createActor(logic).start()
    await login(actor)
    const { epoch, version, doubt, ...context } = actor.getSnapshot().context
    const at = clock.wall()
    const facts = {
      ...context,
      user: ada,
      bearer: 'good' as const,
      startedAt: at,
      epoch: type === 'session.started' ? epoch + 1 : epoch,
      version: version + 1,
    }
    actor.send({ type, at, facts })
    await flush()
    const { isAuthenticated } = sessionOf(actor).getSnapshot()
    expect([isAuthenticated, strategy.sent()]).toEqual([false, []])
    await expect(sessionOf(actor).getToken()).rejects.toMatchObject({ code: 'logged_out' })
    actor.stop()
  },
)

describe('U31: options of a session’s logic', () => {
  const given = { refresh: 'prompt', idleTimeoutMs: MINUTE, absoluteLifetimeMs: 60 * MINUTE } as const
  const options = { policy: 'prompt', idleTimeoutMs: MINUTE, absoluteLifetimeMs: 60 * MINUTE, pending: false }

  test.each([
    ['provide with nothing', ({ logic }: ReturnType<typeof world>) => logic.provide({})],
    [
      'provide with a condition of one’s own',
      ({ logic }: ReturnType<typeof world>) => logic.provide({ guards: { isTimerDue: () => false } }),
    ],
    [
      'provide twice',
      ({ logic }: ReturnType<typeof world>) => logic.provide({}).provide({ actions: { reread() {} } }),
    ],
  ])('survive %s', async (_, provide) => {
    const made = world(given)
    const actor = createActor(provide(made)).start()
    expect(actor.getSnapshot().context).toMatchObject(options)
    await made.login(actor)
    expect(await sessionOf(actor).getToken()).toBe('B1')
    made.clock.advance(MINUTE)
    await flush()
    expect(sessionOf(actor).getSnapshot()).toMatchObject({ state: 'expired', reason: 'idle' })
    actor.stop()
  })

  test('survive in a parent, which invokes what it has provided', () => {
    const { logic } = world(given)
    const app = setup({ actors: { session: logic.provide({}) } }).createMachine({
      invoke: { id: 'session', src: 'session' },
    })
    const actor = createActor(app).start()
    const ref = actor.getSnapshot().children.session as AnyActorRef
    expect(ref.getSnapshot().context).toMatchObject(options)
    actor.stop()
  })

  test('give way to the input of one actor, and to nothing that is not in it', () => {
    const { logic } = world(given)
    const input = { policy: 'onDemand', idleTimeoutMs: 2 * MINUTE, absoluteLifetimeMs: undefined } as never
    const actor = createActor(logic, { input }).start()
    expect(actor.getSnapshot().context).toMatchObject({
      ...options,
      policy: 'onDemand',
      idleTimeoutMs: 2 * MINUTE,
    })
    actor.stop()
  })

  test.each([
    ['facts, whose tokens nobody has', { facts: {} }, '"facts"'],
    ['a limit that is none', { idleTimeoutMs: -1 }, '"idleTimeoutMs"'],
    ['a policy that nobody knows', { policy: 'often' }, '"refresh"'],
  ])('an input of %s is refused', (_, input, named) => {
    const { logic } = world(given)
    const actor = createActor(logic, { input: input as never })
    const errors: Error[] = []
    actor.subscribe({ error: (error) => errors.push(error as Error) })
    actor.start()
    expect(errors).toMatchObject([{ code: 'misconfigured' }])
    expect(errors[0]?.message).toContain(named)
  })
})
