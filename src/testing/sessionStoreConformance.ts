import { optionsOf } from '../base/optionsOf.ts'
import type { SessionRecord, SessionStoreCalls, StoredSession, Tombstone } from '../stores/store.ts'
import { type ConformanceCase, expectSame } from './conformanceCase.ts'

/** The store of one case. */
export interface SessionStoreUnderTest {
  /** The store. */
  readonly store: SessionStoreCalls
  /** A second handle on the same session, as a peer has it. @default `store` */
  readonly other?: SessionStoreCalls
  /** Called after the case, even if the case failed. */
  close?(): void | Promise<void>
}

/** Makes stores for the cases. */
export interface SessionStoreConformanceOptions {
  /** Makes an empty store of one session. Called once for each case. */
  create(): Promise<SessionStoreUnderTest>
  /**
   * The record that a new store already has, for a store that always has one. The cases about an empty store are then left
   * out.
   */
  readonly holds?: StoredSession
}

interface Subject extends Required<Pick<SessionStoreUnderTest, 'store' | 'other'>> {
  /** Writes this record, whatever the store has at the start. */
  seed(stored: StoredSession): Promise<void>
}

const WRITERS = 50
const FAR = 1_000

/**
 * The contract of a `SessionStore` as a list of cases for any test runner. Use it if you write a store.
 *
 * @example
 * const cases = sessionStoreConformance({ create: async () => ({ store: memoryStore() }) })
 * for (const { name, run } of cases) test(name, run)
 */
export function sessionStoreConformance(options: SessionStoreConformanceOptions): readonly ConformanceCase[] {
  const { create, holds } = optionsOf('sessionStoreConformance', options)
  return Object.entries(holds ? cases : { ...casesOfEmpty, ...cases }).map(([name, check]) => ({
    name,
    async run() {
      const { store, other = store, close = () => {} } = await create()
      const seed = async (stored: StoredSession) =>
        expectSame('the first write', await store.compareAndSet(holds ?? null, stored), true)
      try {
        await check({ store, other, seed })
      } finally {
        await close()
      }
    },
  }))
}

/** A position far from that of `holds`. */
const at = (version: number, epoch = 1) => ({ epoch: FAR + epoch, version })

function record(version: number, more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    v: 1,
    ...at(version),
    provider: 'openid',
    user: { id: 'ada', email: 'ada@chat.example' },
    bearer: `bearer-${version}`,
    refreshToken: `token-${version}`,
    startedAt: 1_767_225_600_000,
    ...more,
  }
}

const tombstone = (version: number): Tombstone => ({ v: 1, ...at(version), ended: true, reason: 'user' })

/** Compares stored records. The order of their members does not matter. */
const expectStored = (what: string, found: unknown, expected: unknown) =>
  expectSame(what, inOrder(found), inOrder(expected))

function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, part]) => [name, inOrder(part)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

const casesOfEmpty: Record<string, (subject: Subject) => Promise<void>> = {
  async 'the first record is written where nothing is stored, once'({ store }) {
    expectSame('read', await store.read(), null)
    expectSame('over what is not there', await store.compareAndSet(at(1), record(2)), false)
    expectSame('read after it', await store.read(), null)
    expectSame('first', await store.compareAndSet(null, record(1)), true)
    expectSame('second', await store.compareAndSet(null, record(2)), false)
    expectStored('read', await store.read(), record(1))
  },

  async 'of many first writers exactly one wins'({ store, other }) {
    await expectOneWinner(store, other, null, 1)
  },
}

async function expectOneWinner(
  store: SessionStoreCalls,
  other: SessionStoreCalls,
  expected: Parameters<SessionStoreCalls['compareAndSet']>[0],
  version: number,
) {
  const tries = Array.from({ length: WRITERS }, (_, i) => record(version, { refreshToken: `writer ${i}` }))
  const won = await Promise.all(tries.map((next, i) => (i % 2 ? store : other).compareAndSet(expected, next)))
  expectSame('winners', won.filter(Boolean).length, 1)
  expectStored('read', await store.read(), tries[won.indexOf(true)])
}

const cases: Record<string, (subject: Subject) => Promise<void>> = {
  async 'a record comes back as it was written'({ store, other, seed }) {
    const odd = ' \\"\' äß 漢字 🔑 \u0301\u202e\ufeff'
    const records = [
      record(1),
      record(2, {
        tenantId: 'acme',
        sessionId: `s${odd}`,
        refreshToken: `r${odd}${'x'.repeat(16_384)}`,
        user: { id: `u${odd}`, email: odd, name: odd, username: odd, role: 'ADMIN', tenantId: 'acme' },
        endsAt: 8.64e15,
        lifeMs: 0.5,
        startedAt: 0,
      }),
      // A page with a cookie jar: the session has no token.
      { v: 1, ...at(3), provider: '__proto__', user: { id: 'ada' }, startedAt: 1 } as const,
    ]
    let before: StoredSession | undefined
    for (const next of records) {
      if (before) expectSame('written', await store.compareAndSet(before, next), true)
      else await seed(next)
      expectStored('read', await store.read(), next)
      expectStored('read by a peer', await other.read(), next)
      before = next
    }
  },

  async 'a writer that expects another position changes nothing'({ store, seed }) {
    await seed(record(5))
    const others = [at(4), at(6), at(5, 0), at(5, 2), { epoch: 5, version: FAR + 1 }, null]
    for (const expected of others)
      expectSame(`over ${JSON.stringify(expected)}`, await store.compareAndSet(expected, record(6)), false)
    expectStored('read', await store.read(), record(5))
  },

  async 'the position alone is compared'({ store, seed }) {
    await seed(record(1))
    const known = record(1, { bearer: 'of another tab', startedAt: 5 })
    expectSame('written', await store.compareAndSet(known, record(2)), true)
    expectStored('read', await store.read(), record(2))
  },

  async 'a write may keep the position, and a new login starts from its own'({ store, seed }) {
    await seed(record(7))
    expectSame('the same', await store.compareAndSet(at(7), record(7, { bearer: 'better' })), true)
    expectStored('read', await store.read(), record(7, { bearer: 'better' }))
    expectSame('a new login', await store.compareAndSet(at(7), record(1, at(1, 2))), true)
    expectStored('read', await store.read(), record(1, at(1, 2)))
  },

  async 'of many writers at once exactly one wins'({ store, other, seed }) {
    await seed(record(1))
    await expectOneWinner(store, other, at(1), 2)
    await expectOneWinner(store, other, at(2), 3)
  },

  async 'after a logout a late refresh does not bring the session back'({ store, other, seed }) {
    await seed(record(2))
    expectSame('logout', await store.compareAndSet(at(2), tombstone(3)), true)
    expectSame('a late refresh', await other.compareAndSet(at(2), record(3)), false)
    expectStored('read', await store.read(), tombstone(3))
    expectStored('read by a peer', await other.read(), tombstone(3))
  },

  async 'a login takes the place of a tombstone'({ store, seed }) {
    await seed(tombstone(3))
    const login = record(1, at(1, 2))
    expectSame('a login that knows of nothing', await store.compareAndSet(null, login), false)
    expectSame('a login', await store.compareAndSet(tombstone(3), login), true)
    expectStored('read', await store.read(), login)
  },

  async 'what goes in and what comes out are copies'({ store, seed }) {
    const given = structuredClone(record(1))
    await seed(given)
    Object.assign(given.user, { id: 'mallory' })
    Object.assign(given, { version: 9 })
    expectStored('read', await store.read(), record(1))
    const read = (await store.read()) as SessionRecord
    Object.assign(read.user, { id: 'mallory' })
    Object.assign(read, { version: 9 })
    expectStored('read again', await store.read(), record(1))
  },

  async 'two handles see each other at once'({ store, other, seed }) {
    await seed(record(1))
    expectStored('the other reads', await other.read(), record(1))
    expectSame('and writes', await other.compareAndSet(at(1), record(2)), true)
    expectSame('the one is late', await store.compareAndSet(at(1), record(2, { bearer: 'late' })), false)
    expectStored('and reads', await store.read(), record(2))
    expectSame('and writes', await store.compareAndSet(at(2), record(3)), true)
    expectStored('the other reads', await other.read(), record(3))
  },
}
