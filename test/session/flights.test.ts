import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  type Coordinator,
  memoryStore,
  type RefreshOutcome,
  type SessionNotice,
  type SessionOptions,
  type SessionRecord,
  type SessionStore,
  type SessionStrategy,
} from 'xstate-session'
import type { Doubt } from '../../machines/session.context.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import type { EndedElsewhere, Flight } from '../../src/coordination/coordinator.ts'
import { Holding } from '../../src/session/holding.ts'
import type { Owner } from '../../src/session/login.ts'
import { readOptions } from '../../src/session/options.ts'
import { toRecord, toTombstone } from '../../src/session/records.ts'
import { fakeClock } from '../fakeClock.ts'
import { ada, BASE_URL, flush, jwt, LIFE, MINUTE, SECOND, stubStrategy } from './fixture.ts'

const START = { epoch: 2, version: 5 }
const NEXT = { epoch: 2, version: 6 }
const TIMEOUT = 25 * SECOND

interface Given extends Partial<Omit<SessionOptions, 'store' | 'clock'>> {
  readonly store?: SessionStore | undefined
  readonly strategy?: Partial<SessionStrategy>
  readonly tokens?: { readonly bearer?: string; readonly refreshToken?: string }
  readonly tenantId?: string
}

/** The flights of a session at version 5 of epoch 2, without its chart: what they tell it is only noted. */
function flying({ store, strategy: more, tokens, tenantId, ...options }: Given = {}) {
  const clock = fakeClock()
  const strategy = stubStrategy(more)
  const settings = readOptions({
    baseUrl: BASE_URL,
    strategies: { openid: strategy.strategy },
    random: () => 0,
    ...options,
    ...(store && { store }),
    clock,
  })
  const events: SessionEvent[] = []
  const notices: Partial<SessionNotice>[] = []
  const flights = new Holding(settings)
  flights.told = {
    isUserActive: () => false,
    send: (event) => void events.push(event),
    notify: ({ epoch, version, ...notice }) => void notices.push(notice),
  }
  const { vault, grant } = flights
  const owner: Owner = {
    provider: 'openid',
    user: ada,
    startedAt: clock.wall(),
    ...(tenantId !== undefined && { tenantId }),
  }
  const held = tokens ?? { bearer: 'B5', refreshToken: 'R5' }
  const life = { version: START.version, lifeMs: LIFE, receivedAt: clock.wall() }
  grant.open({ at: START, owner, tokens: held, life })
  events.length = 0
  return {
    clock,
    strategy,
    vault,
    flights,
    events,
    notices,
    /** What a peer of this login stores. */
    record: (at = START, more: Partial<SessionRecord> = {}): SessionRecord => ({
      ...toRecord(
        at,
        owner,
        { bearer: `B${at.version}`, refreshToken: `R${at.version}` },
        LIFE,
        clock.wall(),
      ),
      ...more,
    }),
    /** Starts a flight, and lets it come to its send. */
    async start(at = START, doubt: Doubt | null = null) {
      flights.start(at, { doubt, isSpent: true, isHurried: false, rejections: 0 }, (event) =>
        events.push(event),
      )
      await flush()
      return strategy.attempts.at(-1)
    },
    told: (type: SessionNotice['type']) => notices.filter((notice) => notice.type === type),
    revoked: () => strategy.revoked.map(({ cause, refreshToken }) => [cause, refreshToken]),
    /** The session goes on to a version that another flight, or a peer, brought. */
    moveTo: (at: typeof START, next = { bearer: `B${at.version}`, refreshToken: `R${at.version}` }) =>
      vault.commit(at, next),
  }
}

const ok = (more: Partial<Extract<RefreshOutcome, { kind: 'ok' }>> = {}): RefreshOutcome => ({
  kind: 'ok',
  bearer: 'B6',
  refreshToken: 'R6',
  life: { expiresIn: LIFE / SECOND },
  ...more,
})
const rejected: RefreshOutcome = { kind: 'rejected', reason: 'refreshRejected' }
const silent: RefreshOutcome = { kind: 'unknown', cause: 'network', answered: false }
const refused = { kind: 'refused', cause: 'unavailable' }
const internal = { kind: 'unknown', cause: 'internal', answered: false }

const once: Doubt = { sends: 1, since: 0, answers: 1, answeredSince: 0, resend: 'afterBearerEnds' }

async function storeOf(record: SessionRecord | ReturnType<typeof toTombstone> | null) {
  const store = memoryStore()
  if (record) await store.compareAndSet(null, record)
  return store
}

type Recording = ReturnType<typeof flying>['record']

/** A store that changes before it is read for the third time: a flight has looked before its send and after it. */
async function storeThatChanges(...[before, after]: Parameters<typeof storeOf>[0][]) {
  const then = await storeOf(before ?? null)
  const now = await storeOf(after ?? null)
  let reads = 0
  let onThird = () => {}
  const store: SessionStore = {
    ...memoryStore(),
    read() {
      if (++reads === 3) onThird()
      return (reads < 3 ? then : now).read()
    },
    compareAndSet: (...given) => now.compareAndSet(...given),
  }
  return {
    store,
    now,
    reads: () => reads,
    onThird(run: () => void) {
      onThird = run
    },
  }
}

/** A coordinator that leaves everything to the test: when a flight may send, and what it is answered. */
function heldCoordinator() {
  const flights: Flight[] = []
  const ended: unknown[] = []
  let answer: (outcome: RefreshOutcome | EndedElsewhere) => void = () => {}
  const coordinator: Coordinator = {
    run(flight) {
      flights.push(flight)
      return new Promise((resolve) => {
        answer = resolve
      })
    },
    end: (identity) => void ended.push(identity),
  }
  return {
    coordinator,
    flights,
    ended,
    send: () => (flights.at(-1) as Flight).send(),
    async answer(outcome: RefreshOutcome | EndedElsewhere) {
      answer(outcome)
      await flush()
    },
  }
}

describe('what is sent', () => {
  test.each([
    ['a UUID', () => {}, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/],
    [
      'four numbers, where a page is not in a secure context',
      () => vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) }),
      /^\d+-\d+-\d+-\d+$/,
    ],
  ])('every attempt has a name of its own: %s', async (_, prepare, form) => {
    prepare()
    onTestFinished(() => void vi.unstubAllGlobals())
    const { start, strategy, told } = flying()
    await start()
    await start()
    const names = strategy.attempts.map(({ request }) => request.attemptId)
    for (const name of names) expect(name).toMatch(form)
    expect(new Set(names).size).toBe(2)
    expect(told('refreshSent')).toEqual(names.map((attemptId) => ({ type: 'refreshSent', attemptId })))
  })

  test.each([
    ['another version', (f: ReturnType<typeof flying>) => f.moveTo(NEXT)],
    ['no session', (f: ReturnType<typeof flying>) => f.flights.close()],
  ])('nothing where there is %s by now', async (_, change) => {
    const held = heldCoordinator()
    const started = flying({ coordinator: held.coordinator })
    change(started)
    await started.start()
    expect(held.flights).toEqual([])
    expect(started.clock.pending()).toEqual([])
    expect(started.events).toEqual([])
  })

  test.each([
    ['the attempt timed out', (f: ReturnType<typeof flying>) => f.clock.advance(TIMEOUT)],
    ['the version was replaced', (f: ReturnType<typeof flying>) => f.moveTo(NEXT)],
    ['the session ended', (f: ReturnType<typeof flying>) => f.flights.close()],
  ])('nothing where %s before its turn came', async (_, change) => {
    const held = heldCoordinator()
    const started = flying({ coordinator: held.coordinator })
    await started.start()
    change(started)
    expect(await held.send()).toEqual(refused)
    expect(started.strategy.attempts).toEqual([])
    expect(started.told('refreshSent')).toEqual([])
  })

  test('I8 no coordinator is asked where the store has a newer version', async () => {
    const held = heldCoordinator()
    const store = memoryStore()
    const { start, record, vault, events } = flying({ store, coordinator: held.coordinator })
    await store.compareAndSet(null, record(NEXT))
    await start()
    expect(held.flights).toEqual([])
    expect(vault.tokens()).toEqual({ bearer: 'B6', refreshToken: 'R6' })
    expect(events).toMatchObject([{ type: 'session.renewed', facts: NEXT }])
  })

  test('no coordinator is asked where the store says that the session is over', async () => {
    const held = heldCoordinator()
    const { start, events } = flying({
      store: await storeOf(toTombstone(START)),
      coordinator: held.coordinator,
    })
    await start()
    expect(held.flights).toEqual([])
    expect(events).toMatchObject([{ type: 'session.ended', reason: 'elsewhere' }])
  })

  test('I14: no coordinator is asked where the store took longer than the attempt may, and no token is in doubt', async () => {
    const held = heldCoordinator()
    let answer = (_: null) => {}
    const slow = new Promise<null>((resolve) => {
      answer = resolve
    })
    const store = { ...memoryStore(), read: () => slow }
    const { start, clock, events } = flying({ store, coordinator: held.coordinator })
    await start()
    clock.advance(TIMEOUT)
    answer(null)
    await flush()
    expect(held.flights).toEqual([])
    expect(events).toMatchObject([{ type: 'refresh.refused' }])
  })
})

describe('I14, U85: an attempt that ends before anything has left', () => {
  test('is refused: a coordinator that takes too long says what became of the token when it is asked again', async () => {
    const held = heldCoordinator()
    const { start, clock, events } = flying({ coordinator: held.coordinator })
    await start()
    clock.advance(TIMEOUT)
    clock.advance(0)
    await flush()
    expect(events).toMatchObject([{ type: 'refresh.refused' }])
  })

  test('is in doubt where a jar is shared, which no coordinator remembers', async () => {
    const held = heldCoordinator()
    const { start, clock, events } = flying({
      strategy: { needsRefreshToken: false },
      tokens: { bearer: 'B5' },
      coordinator: held.coordinator,
    })
    await start()
    clock.advance(TIMEOUT)
    clock.advance(0)
    await flush()
    expect(events).toMatchObject([{ type: 'refresh.unknown', answered: false }])
  })
})

describe('one send at a time', () => {
  const jar = { bearer: 'B5' }
  const token = { bearer: 'B6', refreshToken: 'R5' }
  test.each([
    ['of one version', undefined, START, undefined, true],
    ['of one version that a cookie jar renews', jar, START, undefined, true],
    ['of one token, which the next version has too', undefined, NEXT, token, true],
    ['of the next version, which has a token of its own', undefined, NEXT, undefined, false],
    ['of the next version that a cookie jar renews', jar, NEXT, { bearer: 'B6' }, false],
  ] as const)('a second flight %s', async (_, tokens, at, next, isAborted) => {
    const { start, moveTo, strategy } = flying({
      strategy: { needsRefreshToken: false },
      ...(tokens && { tokens }),
    })
    await start()
    if (at === NEXT) moveTo(NEXT, next as typeof token)
    await start(at)
    expect(strategy.attempts.map(({ request }) => request.signal.aborted)).toEqual([isAborted, false])
  })
})

describe('what a strategy answers', () => {
  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a kind that nobody knows', { kind: 'fine' }],
    ['kept, where it keeps nothing', { kind: 'kept', facts: null, reason: 'elsewhere' }],
  ])('%s is an unknown outcome, to whoever coordinates too', async (_, outcome) => {
    const { start, told } = flying()
    await (await start())?.answer(outcome as never)
    expect(told('refreshDeferred')).toMatchObject([{ outcome: 'unknown', cause: 'internal' }])
    const held = heldCoordinator()
    const coordinated = flying({ coordinator: held.coordinator })
    await coordinated.start()
    const answer = held.send()
    await coordinated.strategy.last().answer(outcome as never)
    expect(await answer).toEqual(internal)
  })

  test('a throw is an unknown outcome to whoever coordinates: its send never throws', async () => {
    const held = heldCoordinator()
    const { start, strategy } = flying({ coordinator: held.coordinator })
    await start()
    const answer = held.send()
    await strategy.last().fail(new Error('a bug'))
    expect(await answer).toEqual(internal)
  })

  test('an answer that cannot be read does not leave the session refreshing', async () => {
    const { start, events } = flying()
    await (await start())?.answer(ok({ warnings: 7 as never }))
    expect(events).toMatchObject([{ type: 'refresh.unknown', ...START, answered: false }])
  })

  test.each([
    ['a renewal', ok({ warnings: ['schema', 'unit'] }), ['schema', 'unit']],
    ['a renewal without any', ok(), []],
    ['a failure', { ...silent, warnings: ['schema'] } as RefreshOutcome, ['schema']],
    ['a failure without any', rejected, []],
  ])('the warnings of %s are told once', async (_, outcome, codes) => {
    const { start, told } = flying()
    await (await start())?.answer(outcome)
    expect(told('warning')).toEqual(codes.map((code) => ({ type: 'warning', code })))
  })

  test('the tenant of the session, named by the answer, is nobody else’s (A39)', async () => {
    const { start, events } = flying({ tenantId: 'blue' })
    await (await start())?.answer(ok({ user: { ...ada, tenantId: 'blue' } }))
    expect(events).toMatchObject([{ type: 'session.renewed' }])
  })

  test('A38 an answer that was already replaced says so, and that the backend spoke', async () => {
    const { start, moveTo, events, told } = flying()
    moveTo(NEXT)
    await (await start(NEXT))?.answer(ok({ bearer: 'B5', refreshToken: 'R7' }))
    expect(told('refreshDeferred')).toEqual([{ type: 'refreshDeferred', outcome: 'unknown', cause: 'stale' }])
    expect(told('warning')).toEqual([{ type: 'warning', code: 'stale' }])
    expect(events).toMatchObject([{ type: 'refresh.unknown', answered: true }])
  })

  test('A12 a renewal was minted just now: its claims tell the life where our clock is ahead', async () => {
    const { start, events, clock } = flying()
    const iat = (clock.wall() - 5 * MINUTE) / SECOND
    const bearer = jwt({ iat, exp: iat + LIFE / SECOND })
    const expiresAt = iat * SECOND + LIFE
    await (await start())?.answer(ok({ bearer, life: { expiresAt } }))
    expect(events).toMatchObject([{ type: 'session.renewed', facts: { endsAt: clock.wall() + LIFE } }])
  })

  test('A12 a login may be older: what it says of its end counts', () => {
    const { flights, clock } = flying()
    const iat = (clock.wall() - 5 * MINUTE) / SECOND
    const bearer = jwt({ iat, exp: iat + LIFE / SECOND })
    expect(flights.lifeOf(bearer, { expiresAt: iat * SECOND + LIFE })).toBe(LIFE - 5 * MINUTE)
  })

  test.each([
    [20 * SECOND, 20 * SECOND],
    [-20 * SECOND, 0],
    [NaN, 0],
    [Infinity, 0],
    [undefined, 0],
  ])('an answer that is remembered for %d ms has lived for %d ms', async (ageMs, livedMs) => {
    const { start, events, clock } = flying()
    await (await start())?.answer(ok(ageMs === undefined ? {} : { ageMs }))
    expect(events).toMatchObject([
      { type: 'session.renewed', facts: { ...NEXT, endsAt: clock.wall() + LIFE - livedMs } },
    ])
  })

  test.each([
    [20 * SECOND, 20 * SECOND],
    [2 * SECOND, 5 * SECOND],
    [undefined, 5 * SECOND],
  ])(
    'a doubt counts from the first send: a follower whose token was sent %d ms ago',
    async (ageMs, agoMs) => {
      const { start, events, clock } = flying()
      const attempt = await start()
      clock.advance(5 * SECOND)
      await attempt?.answer({ ...silent, ...(ageMs !== undefined && { ageMs }) } as RefreshOutcome)
      expect(events).toMatchObject([{ type: 'refresh.unknown', sentAt: clock.wall() - agoMs }])
    },
  )

  test.each([
    ['', {}, 0],
    [' of 10 s', { retryAfterMs: 10 * SECOND }, 10.5 * SECOND],
    [' of 0', { retryAfterMs: 0 }, 0],
    [' of the past', { retryAfterMs: -1 }, 0],
    [' that is none', { retryAfterMs: NaN }, 0],
  ])(
    'a Retry-After%s is kept, and a little more, so that not all come back at once',
    async (_, more, wait) => {
      for (const outcome of [{ kind: 'refused', cause: 'limited' } as const, silent]) {
        const { start, events, clock } = flying({ random: () => 0.5 })
        await (await start())?.answer({ ...outcome, ...more } as RefreshOutcome)
        expect(events).toMatchObject([{ roll: 0.5, notBefore: wait && clock.wall() + wait }])
      }
    },
  )

  test.each([
    ['refreshRejected', once, [{ type: 'security', code: 'reuse' }]],
    ['refreshRejected', null, []],
    ['accessRevoked', once, []],
  ] as const)(
    'RFC 9700: %s of a token after %o is no surprise, or may be a theft',
    async (reason, doubt, security) => {
      const { start, told, events } = flying()
      await (await start(START, doubt))?.answer({ kind: 'rejected', reason })
      expect(told('security')).toEqual(security)
      expect(events).toMatchObject([{ type: 'refresh.rejected', reason }])
    },
  )
})

describe('an answer that comes too late', () => {
  test('the deadline has passed: nobody has answered, and no failure is told after it', async () => {
    const { start, clock, events, notices } = flying()
    const attempt = await start()
    clock.advance(TIMEOUT)
    await flush()
    expect(events).toMatchObject([{ type: 'refresh.unknown', answered: false }])
    const before = notices.length
    await attempt?.answer(rejected)
    expect(events).toHaveLength(1)
    expect(notices).toHaveLength(before)
  })

  test('the deadline has passed: a logout elsewhere counts all the same, and what it brought is revoked', async () => {
    const held = heldCoordinator()
    const { start, clock, events, revoked } = flying({ coordinator: held.coordinator })
    await start()
    clock.advance(TIMEOUT)
    await flush()
    await held.answer({ kind: 'ended', late: ok() })
    expect(events.slice(1)).toMatchObject([{ type: 'session.ended', reason: 'elsewhere' }])
    expect(revoked()).toEqual([['late', 'R6']])
  })

  test.each([rejected, silent])('the version was replaced: its failure is of the past', async (outcome) => {
    const { start, moveTo, events, told } = flying()
    const attempt = await start()
    moveTo(NEXT)
    await attempt?.answer(outcome)
    expect(events).toEqual([])
    expect(told('refreshDeferred')).toEqual([])
  })

  test('the version was replaced: the session lives on, so its tokens are not revoked', async () => {
    const { start, moveTo, events, revoked } = flying()
    const attempt = await start()
    moveTo(NEXT)
    await attempt?.answer(ok({ bearer: 'B7', refreshToken: 'R7' }))
    expect(revoked()).toEqual([])
    expect(events).toEqual([])
  })

  test('I6 the session is over: nothing is written, and what nobody else holds is revoked', async () => {
    const memory = memoryStore()
    let writes = 0
    const store: SessionStore = {
      ...memory,
      compareAndSet: (...given) => {
        writes++
        return memory.compareAndSet(...given)
      },
    }
    const { start, flights, record, revoked, events, vault } = flying({ store })
    await memory.compareAndSet(null, record())
    const attempt = await start()
    flights.close()
    await attempt?.answer(ok())
    expect(writes).toBe(0)
    expect(await memory.read()).toMatchObject(START)
    expect(events).toEqual([])
    expect(vault.tokens()).toEqual({})
    expect(revoked()).toEqual([['late', 'R6']])
  })

  describe('the session is over, and others got the same answer', () => {
    const { record } = flying()
    test.each([
      ['no store tells', undefined, []],
      ['the store holds nothing', null, []],
      ['the store holds the session', record(), []],
      ['the store holds the end of another one', toTombstone({ epoch: 1, version: 9 }), []],
      ['the store holds its end', toTombstone(START), [['late', 'R6']]],
    ])('%s', async (_, stored, late) => {
      for (const others of [{ shared: true as const }, { ageMs: 0 }]) {
        const store = stored === undefined ? undefined : memoryStore()
        const { start, flights, revoked } = flying({ store })
        const attempt = await start()
        flights.close()
        if (stored) await store?.compareAndSet(null, stored)
        await attempt?.answer(ok(others))
        expect(revoked()).toEqual(late)
      }
    })

    test('the store fails', async () => {
      const store = { ...memoryStore(), read: () => Promise.reject(new Error('down')) }
      const { start, flights, revoked } = flying({ store })
      const attempt = await start()
      flights.close()
      await attempt?.answer(ok({ shared: true }))
      expect(revoked()).toEqual([])
    })
  })
})

describe('the store', () => {
  test('T18 a bearer of a peer is as old here as it is there', async () => {
    const store = memoryStore()
    const { flights, clock, record, events } = flying({ store })
    await store.compareAndSet(null, record(NEXT, { endsAt: clock.wall() + LIFE - MINUTE }))
    expect(await flights.shared?.reread(START)).toBe(true)
    expect(events).toMatchObject([
      { type: 'session.renewed', facts: { ...NEXT, endsAt: clock.wall() + LIFE - MINUTE } },
    ])
  })

  test.each([
    ['an older login', { epoch: 1, version: 9 }],
    ['an older version', { epoch: 2, version: 4 }],
    ['the same version', START],
  ])('C21 %s there is no news', async (_, at) => {
    const store = memoryStore()
    const { flights, record, events, vault } = flying({ store })
    await store.compareAndSet(null, record(at))
    expect(await flights.shared?.reread(START)).toBe(false)
    expect(events).toEqual([])
    expect(vault.position()).toEqual(START)
  })

  test.each([
    ['another login', { epoch: 3, version: 1 }, {}],
    ['another login at the same place', NEXT, { startedAt: 0 }],
    ['another user at the same place', NEXT, { user: { ...ada, id: 'bob' } }],
  ])('C21 %s there is the end of this one', async (_, at, more) => {
    const store = memoryStore()
    const { flights, record, events, vault } = flying({ store })
    await store.compareAndSet(null, record(at, more))
    expect(await flights.shared?.reread(START)).toBe(true)
    expect(events).toMatchObject([{ type: 'session.ended', reason: 'elsewhere' }])
    expect(vault.position()).toEqual(START)
  })

  const background = ({ clock }: ReturnType<typeof flying>) =>
    clock.pending().filter(({ kind }) => kind === 'background')

  test('a peer that was faster is taken in, and nobody is warned', async () => {
    const store = memoryStore()
    const { start, record, events, told, vault } = flying({ store })
    await store.compareAndSet(null, record())
    const attempt = await start()
    await store.compareAndSet(START, record(NEXT, { bearer: 'C6', refreshToken: 'S6' }))
    await attempt?.answer(ok())
    expect(vault.tokens()).toEqual({ bearer: 'C6', refreshToken: 'S6' })
    expect(events).toHaveLength(1)
    expect(told('warning')).toEqual([])
  })

  test('a store that fell back gets the renewal', async () => {
    const { record } = flying()
    const { store, now } = await storeThatChanges(record(), record({ epoch: 2, version: 4 }))
    const { start, told } = flying({ store })
    await (await start())?.answer(ok())
    expect(await now.read()).toMatchObject({ ...NEXT, refreshToken: 'R6' })
    expect(told('warning')).toEqual([])
  })

  test.each([
    ['nothing', () => null],
    ['the end', () => toTombstone({ epoch: 2, version: 3 })],
    ['an older login', (record: Recording) => record({ epoch: 1, version: 4 })],
    ['another login', (record: Recording) => record({ epoch: 3, version: 1 })],
    [
      'another login at the same place',
      (record: Recording) => record({ ...START, version: 4 }, { startedAt: 0 }),
    ],
  ])('I6, I7 a renewal is not written over %s, which came meanwhile; that is told', async (_, later) => {
    const { record } = flying()
    const stored = later(record)
    const { store, now, reads } = await storeThatChanges(record(), stored)
    const started = flying({ store })
    await (await started.start())?.answer(ok())
    expect(reads()).toBe(3)
    expect(await now.read()).toEqual(stored)
    expect(started.told('warning')).toEqual([{ type: 'warning', code: 'persistFailed' }])
    expect(background(started)).toEqual([])
  })

  test('I6 a logout between a look and a write: nothing is written', async () => {
    const { record } = flying()
    const older = record({ epoch: 2, version: 4 })
    const { store, now, reads, onThird } = await storeThatChanges(record(), older)
    const { start, flights, events } = flying({ store })
    onThird(() => flights.close())
    await (await start())?.answer(ok())
    expect(reads()).toBe(3)
    expect(await now.read()).toEqual(older)
    expect(events).toEqual([])
  })

  test('S2 a write that was done, though it seemed to fail, is not done again', async () => {
    const memory = memoryStore()
    let isLost = true
    let writes = 0
    const store: SessionStore = {
      ...memory,
      async compareAndSet(...given) {
        const isWritten = await memory.compareAndSet(...given)
        if (isWritten) writes++
        if (isLost) throw new Error('away')
        return isWritten
      },
    }
    const started = flying({ store })
    await memory.compareAndSet(null, started.record())
    await (await started.start())?.answer(ok())
    expect(background(started)).toHaveLength(1)
    isLost = false
    started.clock.advance(SECOND)
    await flush()
    expect(writes).toBe(1)
    expect(background(started)).toEqual([])
  })

  test('I6 nothing is taken from it once the session is over', async () => {
    const store = memoryStore()
    const { flights, record, events, vault } = flying({ store })
    await store.compareAndSet(null, record(NEXT))
    flights.close()
    expect(await flights.shared?.reread(START)).toBe(false)
    expect(events).toEqual([])
    expect(vault.tokens()).toEqual({})
  })
})

describe('A29 a backend that refuses the token by policy', () => {
  const forGood: RefreshOutcome = { kind: 'unsupported', forGood: true }
  const deferred = { type: 'refreshDeferred', outcome: 'unsupported', cause: 'unsupported' }

  test.each([
    [true, undefined],
    [false, 'R5'],
  ])('for good: %j', async (isForGood, refreshToken) => {
    const store = memoryStore()
    const { start, vault, record, events, notices } = flying({ store })
    await store.compareAndSet(null, record())
    await (await start())?.answer({ kind: 'unsupported', forGood: isForGood })
    expect(vault.tokens()).toEqual({ bearer: 'B5', ...(refreshToken && { refreshToken }) })
    const { refreshToken: _, ...rest } = record()
    expect(await store.read()).toEqual({ ...rest, ...(refreshToken && { refreshToken }) })
    expect(notices.slice(1)).toEqual([deferred])
    expect(events).toMatchObject([{ type: 'refresh.unsupported', forGood: isForGood }])
  })

  test.each([
    ['a newer version', (record: Recording) => record(NEXT)],
    ['another login', (record: Recording) => record({ epoch: 3, version: 5 })],
    ['the end', () => toTombstone(START)],
    ['the end at the same place', () => ({ ...toTombstone(START), ...START })],
    ['nothing', () => null],
  ])('a store that holds %s by then is left as it is', async (_, later) => {
    const { record } = flying()
    const stored = later(record)
    const { store, now, reads } = await storeThatChanges(record(), stored)
    const started = flying({ store })
    await (await started.start())?.answer(forGood)
    expect(reads()).toBe(3)
    expect(await now.read()).toEqual(stored)
    expect(started.vault.tokens()).toEqual({ bearer: 'B5' })
    expect(started.told('warning')).toEqual([])
  })

  test('without a store nobody is warned', async () => {
    const { start, told, vault } = flying()
    await (await start())?.answer(forGood)
    expect(vault.tokens()).toEqual({ bearer: 'B5' })
    expect(told('warning')).toEqual([])
  })

  test('a store that fails is told', async () => {
    const store: SessionStore = { ...memoryStore(), read: () => Promise.reject(new Error('down')) }
    const { start, told, vault } = flying({ store })
    await (await start())?.answer(forGood)
    expect(vault.tokens()).toEqual({ bearer: 'B5' })
    expect(told('warning')).toEqual([{ type: 'warning', code: 'persistFailed' }])
  })
})

describe('at the end of the session', () => {
  test.each([
    [true, [{ provider: 'openid', userId: 'ada', bearer: 'B5', refreshToken: 'R5' }]],
    [false, []],
  ])(
    'its tokens are forgotten, and its copies end with it where it ends everywhere: %j',
    (everywhere, ended) => {
      const held = heldCoordinator()
      const { flights, vault } = flying({ coordinator: held.coordinator })
      expect(flights.close(everywhere)).toMatchObject({ tokens: { bearer: 'B5', refreshToken: 'R5' } })
      expect(vault.tokens()).toEqual({})
      expect(held.ended).toMatchObject(ended)
      expect(held.ended).toHaveLength(ended.length)
    },
  )

  test('a session that is over ends nothing more', () => {
    const held = heldCoordinator()
    const { flights } = flying({ coordinator: held.coordinator })
    flights.close()
    expect(flights.close(true)).toBeUndefined()
    expect(held.ended).toEqual([])
  })
})
