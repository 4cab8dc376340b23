import { describe, expect, test } from 'vitest'
import { inProcessCoordinator, memoryStore, type SessionRecord, type SessionStore } from 'xstate-session'
import { toTombstone } from '../../src/session/records.ts'
import { fakeClock } from '../fakeClock.ts'
import { ada, error, flush, LEAD, LIFE, loggedIn, outcomeOf, SECOND, start, stubStrategy } from './fixture.ts'

const clockStart = fakeClock().wall()

/** What a peer leaves in the store with its login. */
const peerLogin = (more: Partial<SessionRecord> = {}): SessionRecord => ({
  v: 1,
  epoch: 2,
  version: 1,
  provider: 'openid',
  user: ada,
  bearer: 'P1',
  refreshToken: 'Q1',
  endsAt: clockStart + LIFE,
  lifeMs: LIFE,
  startedAt: clockStart,
  ...more,
})

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
    const { session, signal } = await loggedIn({ store, coordinator: inProcessCoordinator() })
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
    await session.refresh()
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
    const { session } = start({ store })
    const first = outcomeOf(session.login(answer('bob'), openid))
    const second = outcomeOf(session.login(answer('ada'), openid))
    await release()
    expect(first.error).toMatchObject(error('session_changed'))
    expect([second.isSettled, second.error]).toEqual([true, undefined])
    expect(await session.getToken()).toBe('ada-1')
    expect(await inner.read()).toMatchObject({ user: { id: 'ada' }, refreshToken: 'ada-r' })
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
