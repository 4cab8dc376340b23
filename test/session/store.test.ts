import { describe, expect, test } from 'vitest'
import { memoryStore, type SessionRecord, type SessionStore } from 'xstate-session'
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
  MINUTE,
  openid,
  outcomeOf,
  restored,
  SECOND,
  start,
  storedLogin,
} from './fixture.ts'

const clockStart = fakeClock().wall()

/** What a session of an hour, renewed several times, has in the store. */
const record = (more: Partial<SessionRecord> = {}) =>
  storedLogin({
    epoch: 3,
    version: 7,
    tenantId: 'blue',
    bearer: 'B7',
    refreshToken: 'R7',
    startedAt: clockStart - HOUR,
    ...more,
  })

async function storeOf(stored: SessionRecord) {
  const store = memoryStore()
  await store.compareAndSet(null, stored)
  return store
}

/** What a peer makes of the first version of a login at `clockStart`. */
const renewed = (more: Partial<SessionRecord>) =>
  record({ epoch: 1, version: 2, bearer: 'B2', refreshToken: 'R2', startedAt: clockStart, ...more })

/** A store whose `read` waits for the test. */
function slowStore(inner: SessionStore) {
  let release = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  return { release, store: { ...inner, read: () => gate.then(() => inner.read()) } satisfies SessionStore }
}

describe('at the start', () => {
  test('a renewal of a moment ago keeps its floor: a restart refreshes no sooner', async () => {
    const { session, strategy, pass } = start({ store: await storeOf(record()), refresh: 'onDemand' })
    await flush()
    await session.refresh().catch(() => {})
    expect(strategy.sent()).toEqual([])
    await pass(5 * SECOND)
    void session.refresh().catch(() => {})
    await flush()
    expect(strategy.sent()).toEqual(['R7'])
  })

  test('a bearer is due when it was due before, and not at half of what is left of it', async () => {
    const { session, strategy } = start({
      store: await storeOf(record({ endsAt: clockStart + LEAD - SECOND })),
      refresh: 'onDemand',
    })
    await flush()
    const caller = outcomeOf(session.getToken())
    await flush()
    expect(strategy.sent()).toEqual(['R7'])
    await strategy.last().answer({ kind: 'ok', bearer: 'B8', refreshToken: 'R8' })
    await flush()
    expect(caller.value).toBe('B8')
  })

  test('the session is pending until the store has answered; callers wait for it', async () => {
    const { store, release } = slowStore(await storeOf(record()))
    const { session } = start({ store })
    expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', isPending: true })
    const caller = outcomeOf(session.getToken())
    await flush()
    expect(caller.isSettled).toBe(false)
    release()
    await flush()
    expect(caller.value).toBe('B7')
    expect(session.getSnapshot()).toMatchObject({
      state: 'active',
      isPending: false,
      epoch: 3,
      version: 7,
      user: ada,
    })
  })

  test.each([
    ['nothing', null],
    ['a logout', { v: 1, epoch: 3, version: 8, ended: true }],
    ['a provider that is gone', record({ provider: 'saml' })],
  ] as const)('%s: logged out, and those who waited are told', async (_, stored) => {
    const memory = memoryStore()
    if (stored) await memory.compareAndSet(null, stored)
    const { store, release } = slowStore(memory)
    const { session } = start({ store })
    const caller = outcomeOf(session.getToken())
    release()
    await flush()
    expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', isPending: false, reason: 'never' })
    expect(caller.error).toMatchObject(error('logged_out', { reason: 'never' }))
  })

  test('a store that fails is told, and the session is logged out', async () => {
    const store: SessionStore = { ...memoryStore(), read: () => Promise.reject(new Error('down')) }
    const { session, told } = await restored({ store })
    expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', isPending: false })
    expect(told('warning')).toMatchObject([{ code: 'persistFailed' }])
  })

  describe('a store that is away at the start (U68)', () => {
    /** `begin`: `start` does not wait for the first answer of the store. */
    async function away(begin: typeof restored | typeof start = restored) {
      const clock = fakeClock()
      const memory = await storeOf(record())
      let isDown = true
      const store: SessionStore = {
        ...memory,
        read: () => (isDown ? Promise.reject(new Error('down')) : memory.read()),
      }
      const started = await begin({ store, clock })
      return {
        ...started,
        memory,
        async pass(ms: number) {
          clock.advance(ms)
          await flush()
        },
        comesBack: () => {
          isDown = false
        },
      }
    }

    test('costs nobody the session: it is read as soon as the store is back', async () => {
      const { session, pass, comesBack, told } = await away()
      expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'never' })
      for (let tries = 0; tries < 5; tries++) await pass(15 * SECOND)
      expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'never' })
      comesBack()
      await pass(15 * SECOND)
      expect(session.getSnapshot()).toMatchObject({ isAuthenticated: true, user: { id: ada.id } })
      expect(told('warning')).toMatchObject([{ code: 'persistFailed' }])
    })

    test.each([
      ['before the first answer', start],
      ['after it', restored],
    ])('U68: a logout meanwhile, %s, ends what it turns out to hold', async (_, begin) => {
      const { session, watch, comesBack, memory, strategy } = await away(begin)
      const out = session.logout()
      await watch(SECOND)
      await out
      comesBack()
      await watch(15 * SECOND)
      expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', isAuthenticated: false })
      expect(await memory.read()).toMatchObject({ ended: true, reason: 'user' })
      expect(strategy.revoked).toMatchObject([{ cause: 'logout', refreshToken: 'R7' }])
    })

    test('is not read any more after a login here, nor when the session is disposed', async () => {
      const { session, login, pass, comesBack } = await away()
      await login({ user: { id: 'grace' } } as never)
      comesBack()
      await pass(15 * SECOND)
      expect(session.getSnapshot()).toMatchObject({ isAuthenticated: true, user: { id: 'grace' } })
      const other = await away()
      other.session.dispose()
      other.comesBack()
      await other.pass(15 * SECOND)
      expect(other.session.getSnapshot().isAuthenticated).toBe(false)
      expect(other.clock.pending()).toEqual([])
    })
  })

  describe('a renewal that the store does not get', () => {
    async function renewing() {
      let memory = await storeOf(record())
      let isDown = false
      let writes = 0
      const store: SessionStore = {
        ...memory,
        read: () => memory.read(),
        compareAndSet(expected, next) {
          writes++
          return isDown ? Promise.reject(new Error('down')) : memory.compareAndSet(expected, next)
        },
      }
      const { session, strategy, ok, told, pass, clock } = await restored({ store, refresh: 'onDemand' })
      return {
        session,
        told,
        pass,
        pending: () => clock.pending().filter(({ kind }) => kind === 'background').length,
        writes: () => writes,
        read: () => memory.read(),
        down(is: boolean) {
          isDown = is
        },
        async fallBack() {
          memory = await storeOf(record())
        },
        async renew(version: number) {
          await pass(6 * SECOND)
          const caller = session.refresh()
          await flush()
          await strategy.last().answer(ok(version))
          await caller
        },
      }
    }

    test('is written again, ever more rarely, until the store is back (S2)', async () => {
      const { renew, down, pass, writes, read, told, pending } = await renewing()
      down(true)
      await renew(8)
      expect(told('warning')).toMatchObject([{ code: 'persistFailed' }])
      const tries: number[] = []
      for (const seconds of [0.5, 1, 2, 4, 8, 15, 15]) {
        await pass(seconds * SECOND - 1)
        const before = writes()
        await pass(1)
        tries.push(writes() - before)
      }
      expect(tries).toEqual([1, 1, 1, 1, 1, 1, 1])
      expect(writes()).toBe(8)
      down(false)
      await pass(15 * SECOND)
      expect(await read()).toMatchObject({ version: 8, refreshToken: 'R8' })
      await pass(MINUTE)
      expect(writes()).toBe(9)
      expect(told('warning')).toHaveLength(1)
      expect(pending()).toBe(1)
    })

    test('is written no more once the next one is', async () => {
      const { renew, down, pass, writes, read, told, pending } = await renewing()
      down(true)
      await renew(8)
      await renew(9)
      expect(told('warning')).toHaveLength(2)
      expect(pending()).toBe(2)
      const before = writes()
      down(false)
      await pass(SECOND)
      expect(await read()).toMatchObject({ version: 9, refreshToken: 'R9' })
      await pass(MINUTE)
      // Over what the store was never told of, and then over what it holds.
      expect(writes()).toBe(before + 2)
    })

    test('is written no more after a logout', async () => {
      const { session, renew, down, pass, read, pending } = await renewing()
      down(true)
      await renew(8)
      await session.logout()
      down(false)
      await pass(MINUTE)
      expect(await read()).toMatchObject({ version: 7 })
      expect(pending()).toBe(0)
    })

    test('does not keep the next one from it', async () => {
      const { renew, fallBack, read, told } = await renewing()
      await renew(8)
      await fallBack()
      await renew(9)
      expect(await read()).toMatchObject({ version: 9, refreshToken: 'R9' })
      expect(told('warning')).toEqual([])
    })
  })

  test('without a store nothing is pending', () => {
    expect(start().session.getSnapshot()).toMatchObject({ state: 'loggedOut', isPending: false })
  })

  test('a login is faster than the store: it counts, and the store does not take it back', async () => {
    const { store, release } = slowStore(await storeOf(record()))
    const { session, login } = start({ store })
    const loggingIn = login({ token: 'C1', refreshToken: 'S1', user: { ...ada, id: 'bob' } })
    release()
    await loggingIn
    await flush()
    expect(session.getSnapshot()).toMatchObject({ state: 'active', user: { id: 'bob' }, epoch: 4 })
    expect(await session.getToken()).toBe('C1')
  })

  test('a bearer that ended meanwhile is refreshed first; the tenant is remembered', async () => {
    const { session, strategy, ok } = await restored({
      store: await storeOf(record({ endsAt: clockStart - 1 })),
    })
    const caller = session.getToken()
    await flush()
    expect(strategy.last().request).toMatchObject({ refreshToken: 'R7', tenantId: 'blue', userId: 'ada' })
    await strategy.last().answer(ok(8))
    expect(await caller).toBe('B8')
    expect(session.getSnapshot().version).toBe(8)
  })

  test('a stored bearer lives no longer than when it was received, however wrong the clock', async () => {
    const { session, clock } = await restored({
      store: await storeOf(record({ endsAt: clockStart + 40 * HOUR })),
    })
    expect(session.getSnapshot().expiresAt).toBe(clock.wall() + LIFE)
  })

  test('the absolute lifetime counts from the login, not from the restart', async () => {
    const { state, reason, pass } = await restored({
      store: await storeOf(record()),
      absoluteLifetimeMs: HOUR + MINUTE,
    })
    await pass(MINUTE)
    expect([state(), reason()]).toEqual(['expired', 'absoluteLifetime'])
  })
})

describe('while it runs', () => {
  test('a login, each renewal and the logout are kept', async () => {
    const store = memoryStore()
    const { session, pass, strategy, ok } = await loggedIn(
      { store },
      {},
      { tenantId: 'blue', sessionId: 's1' },
    )
    expect(await store.read()).toMatchObject({
      v: 1,
      epoch: 1,
      version: 1,
      bearer: 'B1',
      refreshToken: 'R1',
      tenantId: 'blue',
      sessionId: 's1',
    })
    await pass(LIFE - LEAD)
    await strategy.last().answer(ok())
    expect(await store.read()).toMatchObject({ epoch: 1, version: 2, bearer: 'B2', refreshToken: 'R2' })
    await session.logout()
    expect(await store.read()).toMatchObject({ ended: true, epoch: 1 })
  })

  test('a login after a logout starts the next epoch, in another process too', async () => {
    const store = memoryStore()
    const one = await loggedIn({ store })
    await one.session.logout()
    const two = await restored({ store })
    await two.login()
    expect(two.session.getSnapshot().epoch).toBe(2)
    expect(await store.read()).toMatchObject({ epoch: 2, version: 1, bearer: 'B1' })
  })

  test('I6 a logout while a login is being written: what is written after it is no session', async () => {
    const inner = memoryStore()
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const store: SessionStore = {
      ...inner,
      compareAndSet: (expected, next) => gate.then(() => inner.compareAndSet(expected, next)),
    }
    const { session, login } = start({ store })
    await flush()
    const login1 = outcomeOf(login())
    await flush()
    void session.logout()
    release()
    await flush()
    expect(login1.error).toMatchObject({ code: 'session_changed' })
    expect(await inner.read()).toMatchObject({ ended: true })
  })

  test('a write that fails is told, the session goes on in memory', async () => {
    const store: SessionStore = {
      ...memoryStore(),
      compareAndSet: () => Promise.reject(new Error('disk full')),
    }
    const { session, pass, strategy, ok, told } = await loggedIn({ store })
    await pass(LIFE - LEAD)
    await strategy.last().answer(ok())
    expect(await session.getToken()).toBe('B2')
    expect(told('warning').length).toBeGreaterThanOrEqual(2)
  })

  test('a session that expired for good is not found again', async () => {
    const store = memoryStore()
    const { pass, strategy } = await loggedIn({ store })
    await pass(LIFE - LEAD)
    await strategy.last().answer({ kind: 'rejected', reason: 'accessRevoked' })
    expect((await restored({ store })).session.getSnapshot()).toMatchObject({
      state: 'loggedOut',
      isPending: false,
    })
  })

  test('I8 a failure destroys nothing newer: the loser of a race takes what the winner stored', async () => {
    const store = memoryStore()
    const clock = fakeClock()
    const one = await loggedIn({ store, clock, refresh: 'onDemand' })
    const two = await restored({ store, clock, refresh: 'onDemand' })
    await one.pass(LIFE - LEAD)
    const caller = one.session.getToken()
    const late = outcomeOf(two.session.getToken())
    await flush()
    await one.strategy.last().answer(one.ok())
    await caller
    await two.strategy.last().answer({ kind: 'rejected', reason: 'accessRevoked' })
    expect(late.value).toBe('B2')
    expect(await store.read()).toMatchObject({ version: 2, refreshToken: 'R2' })
  })

  test('I8 what a peer has spent is not sent again: its version is taken from the store', async () => {
    const store = memoryStore()
    const clock = fakeClock()
    const one = await loggedIn({ store, clock, refresh: 'onDemand' })
    const two = await restored({ store, clock, refresh: 'onDemand' })
    await one.pass(LIFE - LEAD)
    const caller = one.session.getToken()
    await flush()
    await one.strategy.last().answer(one.ok())
    await caller
    expect(await two.session.getToken()).toBe('B2')
    expect(two.strategy.attempts).toHaveLength(0)
  })

  test('T18 a peer’s newer version counts, though its bearer ends sooner', async () => {
    const store = memoryStore()
    const { session, strategy, clock, pass } = await loggedIn({ store })
    await pass(SECOND)
    const life = { endsAt: clock.wall() + MINUTE, lifeMs: MINUTE }
    await store.compareAndSet({ epoch: 1, version: 1 }, renewed(life))
    const renewal = outcomeOf(session.refresh())
    await flush()
    expect(strategy.attempts).toHaveLength(0)
    expect(renewal.isSettled).toBe(true)
    expect(renewal.error).toBeUndefined()
    expect(session.getSnapshot()).toMatchObject({ version: 2, expiresAt: clock.wall() + MINUTE })
  })

  test('a rejection leaves the record: a version that a peer commits later is found at the next start', async () => {
    const store = memoryStore()
    const { session, pass, strategy, state } = await loggedIn({ store })
    await pass(LIFE - LEAD)
    await strategy.last().answer({ kind: 'rejected', reason: 'refreshRejected' })
    expect(state()).toBe('expired')
    await store.compareAndSet({ epoch: 1, version: 1 }, renewed({ endsAt: clockStart + HOUR }))
    const again = await restored({ store })
    expect(await again.session.getToken()).toBe('B2')
    await expect(session.getToken()).rejects.toMatchObject(error('session_expired'))
  })

  test.each([
    ['backChannel', 'backChannel'],
    ['user', 'elsewhere'],
    ['idle', 'elsewhere'],
    [undefined, 'elsewhere'],
  ] as const)('an end for the reason %s, found in the store, is told as %s', async (reason, told) => {
    const store = memoryStore()
    const { session, pass, strategy, ok } = await loggedIn({ store, refresh: 'onDemand' })
    await pass(LIFE - LEAD)
    const caller = outcomeOf(session.getToken())
    await flush()
    await store.compareAndSet({ epoch: 1, version: 1 }, toTombstone({ epoch: 1, version: 1 }, reason))
    await strategy.last().answer(ok())
    expect(caller.error).toMatchObject(error('logged_out', { reason: told }))
  })

  test('why a session ended is stored with its end', async () => {
    const store = memoryStore()
    const { session, pass } = await loggedIn({ store, absoluteLifetimeMs: MINUTE })
    await pass(MINUTE)
    expect(await store.read()).toMatchObject({ ended: true, reason: 'absoluteLifetime' })
    await session.login({ token: 'B1', user: ada }, openid)
    await session.logout()
    expect(await store.read()).toMatchObject({ ended: true, reason: 'user' })
  })

  test('a process that starts later spends the newest token', async () => {
    const store = memoryStore()
    const clock = fakeClock()
    const one = await loggedIn({ store, clock, refresh: 'onDemand' })
    await one.pass(LIFE - LEAD)
    const first = one.session.getToken()
    await flush()
    await one.strategy.last().answer(one.ok())
    await first
    await one.pass(SECOND)
    const two = await restored({ store, clock, refresh: 'onDemand' })
    await two.pass(LIFE - LEAD)
    void two.session.getToken().catch(() => {})
    await flush()
    expect(two.strategy.sent()).toEqual(['R2'])
  })
})

describe('logout before it is known whether there is a session', () => {
  test('ends the session that the store holds', async () => {
    const memory = await storeOf(record())
    const { store, release } = slowStore(memory)
    const { session } = start({ store })
    const leaving = session.logout()
    release()
    await leaving
    await flush()
    expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', isPending: false })
    expect(await memory.read()).toMatchObject({ ended: true })
  })
})
