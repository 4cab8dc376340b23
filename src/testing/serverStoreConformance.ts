import { systemClock } from '../base/clock.ts'
import { optionsOf } from '../base/optionsOf.ts'
import type { EntryWrite, ServerStore } from '../stores/serverStore.ts'
import { type ConformanceCase, expectSame } from './conformanceCase.ts'

/** The store of one case. */
export interface ServerStoreUnderTest {
  /** The store. */
  readonly store: ServerStore
  /** A second handle on the same entries, as another process has it. @default `store` */
  readonly other?: ServerStore
  /** Lets time pass for the store, by moving its clock or by waiting; milliseconds. */
  advance(ms: number): void | Promise<void>
  /** The wall clock of the store; milliseconds since the Unix epoch. @default the platform's */
  now?(): number
  /** Called after the case, even if the case failed. */
  close?(): void | Promise<void>
}

/** Makes stores for the cases. */
export interface ServerStoreConformanceOptions {
  /** Makes an empty store. Called once for each case. */
  create(): Promise<ServerStoreUnderTest>
  /** The life of the entries that expire within a case; milliseconds. Make it short if `advance` waits. @default 60_000 */
  readonly lifeMs?: number
}

interface Subject extends Required<ServerStoreUnderTest> {
  readonly lifeMs: number
  /** A write that stays, and a write that expires within the case. */
  lasting(value: string, ...tags: string[]): EntryWrite
  brief(value: string, ...tags: string[]): EntryWrite
}

const LASTING_MS = 3_600_000
const WRITERS = 50

/**
 * The contract of a `ServerStore` as a list of cases for any test runner. Use it if you write a store.
 *
 * @example
 * const cases = serverStoreConformance({ create: async () => ({ store: memoryServerStore({ clock }), advance }) })
 * for (const { name, run } of cases) test(name, run)
 */
export function serverStoreConformance(options: ServerStoreConformanceOptions): readonly ConformanceCase[] {
  const { create, lifeMs = 60_000 } = optionsOf('serverStoreConformance', options)
  return Object.entries(cases).map(([name, check]) => ({
    name,
    async run() {
      const made = await create()
      const { store, other = store, now = systemClock.wall, close = () => {} } = made
      const write =
        (ms: number) =>
        (value: string, ...tags: string[]) => ({
          value,
          expiresAt: now() + ms,
          ...(tags.length > 0 && { tags }),
        })
      try {
        const times = { now, lifeMs, lasting: write(LASTING_MS), brief: write(lifeMs) }
        await check({ store, other, advance: (ms) => made.advance(ms), close, ...times })
      } finally {
        await close()
      }
    },
  }))
}

const cases: Record<string, (subject: Subject) => Promise<void>> = {
  async 'an unknown key is nothing'({ store, lasting }) {
    expectSame('read', await store.read('k'), null)
    expectSame('keysOf', await store.keysOf('s'), [])
    expectSame('a write over what is not there', await store.compareAndSet('k', 1, lasting('a')), null)
    expectSame('read after it', await store.read('k'), null)
  },

  async 'the first write is made where nothing is stored, once'({ store, lasting }) {
    expectSame('first', await store.compareAndSet('k', null, lasting('a')), 1)
    expectSame('second', await store.compareAndSet('k', null, lasting('b')), null)
    expectSame('read', await store.read('k'), { value: 'a', revision: 1 })
  },

  async 'the revision grows by one with each write'({ store, lasting }) {
    for (let revision = 1; revision <= 20; revision++) {
      const expected = revision === 1 ? null : revision - 1
      expectSame('written', await store.compareAndSet('k', expected, lasting(`v${revision}`)), revision)
      expectSame('read', await store.read('k'), { value: `v${revision}`, revision })
    }
  },

  async 'a write with a revision that is not the current one changes nothing'({ store, lasting }) {
    await store.compareAndSet('k', null, lasting('a', 'mine'))
    await store.compareAndSet('k', 1, lasting('b', 'mine'))
    for (const stale of [0, 1, 3, -1, null])
      expectSame(`over ${stale}`, await store.compareAndSet('k', stale, lasting('c', 'theirs')), null)
    expectSame('read', await store.read('k'), { value: 'b', revision: 2 })
    expectSame('keys of the loser', await store.keysOf('theirs'), [])
    expectSame('keys of the winner', await store.keysOf('mine'), ['k'])
  },

  async 'of many writers at once exactly one wins'({ store, other, lasting }) {
    for (const expected of [null, 1, 2]) {
      const tries = Array.from({ length: WRITERS }, (_, i) =>
        (i % 2 ? store : other).compareAndSet('k', expected, lasting(`${expected} ${i}`)),
      )
      const answers = await Promise.all(tries)
      const winners = answers.flatMap((answer, i) => (answer === null ? [] : [i]))
      const revision = (expected ?? 0) + 1
      expectSame('winners', winners.length, 1)
      expectSame('revision', answers[winners[0] as number], revision)
      expectSame('read', await store.read('k'), { value: `${expected} ${winners[0]}`, revision })
    }
  },

  async 'keys do not touch each other'({ store, lasting }) {
    const keys = ['k', 'K', 'k ', 'k:1', '{k}', 'kk', '__proto__', 'constructor']
    for (const key of keys) expectSame(key, await store.compareAndSet(key, null, lasting(`of ${key}`)), 1)
    for (const key of keys) expectSame(key, await store.read(key), { value: `of ${key}`, revision: 1 })
  },

  async 'a value comes back as it was written'({ store, lasting }) {
    const values = [
      '',
      ' \n\r\t"\'\\',
      '0',
      'null',
      'v1.a-_b.AAAA',
      'äß 漢字 🔑 \u0301\u202e\ufeff',
      'x'.repeat(65_536),
      '🔑'.repeat(16_384),
    ]
    let revision: number | null = null
    for (const value of values) {
      revision = await store.compareAndSet('k', revision, lasting(value))
      const read = await store.read('k')
      if (read?.value !== value)
        throw new Error(`A value of ${value.length} characters came back as another.`)
    }
  },

  async 'an entry that has expired is gone, and its key is free'({ store, lifeMs, advance, brief, lasting }) {
    await store.compareAndSet('k', null, brief('a'))
    await store.compareAndSet('k', 1, brief('b'))
    expectSame('read before', await store.read('k'), { value: 'b', revision: 2 })
    await advance(lifeMs + 1)
    expectSame('read after', await store.read('k'), null)
    expectSame('a write over what is gone', await store.compareAndSet('k', 2, lasting('c')), null)
    expectSame('a first write', await store.compareAndSet('k', null, lasting('d')), 1)
    expectSame('read', await store.read('k'), { value: 'd', revision: 1 })
  },

  async 'each write sets the expiry anew'({ store, lifeMs, advance, brief, lasting }) {
    await store.compareAndSet('longer', null, brief('a'))
    await store.compareAndSet('longer', 1, lasting('b'))
    await store.compareAndSet('shorter', null, lasting('a'))
    await store.compareAndSet('shorter', 1, brief('b'))
    await advance(lifeMs + 1)
    expectSame('longer', await store.read('longer'), { value: 'b', revision: 2 })
    expectSame('shorter', await store.read('shorter'), null)
  },

  async 'a write that has expired already leaves nothing'({ store, now, lasting }) {
    await store.compareAndSet('k', null, lasting('a', 's'))
    expectSame('written', await store.compareAndSet('k', 1, { value: 'b', expiresAt: now() - 1 }), 2)
    expectSame('read', await store.read('k'), null)
    expectSame('keysOf', await store.keysOf('s'), [])
  },

  async 'an entry may live for as long as dates go'({ store }) {
    await store.compareAndSet('k', null, { value: 'a', expiresAt: 8.64e15 })
    expectSame('read', await store.read('k'), { value: 'a', revision: 1 })
  },

  async 'the keys of a tag'({ store, other, lasting }) {
    await store.compareAndSet('a', null, lasting('1', 's'))
    await store.compareAndSet('b', null, lasting('1', 's'))
    await store.compareAndSet('b', 1, lasting('2', 's'))
    await store.compareAndSet('c', null, lasting('1', 't'))
    await store.compareAndSet('d', null, lasting('1'))
    expectSame('of s', [...(await other.keysOf('s'))].sort(), ['a', 'b'])
    expectSame('of t', await other.keysOf('t'), ['c'])
    expectSame('of nobody', await other.keysOf('d'), [])
  },

  async 'a tag loses the keys that go to another, or to none'({ store, lasting }) {
    await store.compareAndSet('a', null, lasting('1', 'one'))
    await store.compareAndSet('b', null, lasting('1', 'one'))
    await store.compareAndSet('a', 1, lasting('2', 'two'))
    await store.compareAndSet('b', 1, lasting('2'))
    expectSame('of one', await store.keysOf('one'), [])
    expectSame('of two', await store.keysOf('two'), ['a'])
  },

  async 'a tag loses the keys that expire'({ store, lifeMs, advance, brief, lasting }) {
    await store.compareAndSet('brief', null, brief('1', 's'))
    await store.compareAndSet('longer', null, brief('1', 's'))
    await store.compareAndSet('longer', 1, lasting('2', 's'))
    await store.compareAndSet('lasting', null, lasting('1', 's'))
    await advance(lifeMs + 1)
    expectSame('of s', [...(await store.keysOf('s'))].sort(), ['lasting', 'longer'])
    // Another writer can use its key now.
    expectSame('anew', await store.compareAndSet('brief', null, lasting('1', 't')), 1)
    expectSame('of s', [...(await store.keysOf('s'))].sort(), ['lasting', 'longer'])
    expectSame('of t', await store.keysOf('t'), ['brief'])
  },

  async 'an entry is found by each of its tags'({ store, other, lasting }) {
    await store.compareAndSet('a', null, lasting('1', 's', 't', 'a "quoted" tag'))
    await store.compareAndSet('b', null, lasting('1', 't'))
    const found = async (tag: string) => [...(await other.keysOf(tag))].sort()
    expectSame('of s', await found('s'), ['a'])
    expectSame('of t', await found('t'), ['a', 'b'])
    expectSame('of the quoted one', await found('a "quoted" tag'), ['a'])
    await store.compareAndSet('a', 1, lasting('2', 't', 'u'))
    expectSame('of s, then', await found('s'), [])
    expectSame('of t, then', await found('t'), ['a', 'b'])
    expectSame('of u, then', await found('u'), ['a'])
    await store.compareAndSet('a', 2, lasting('3', 't'))
    expectSame('of t, at last', await found('t'), ['a', 'b'])
    expectSame('of u, at last', await found('u'), [])
  },

  async 'a write over what has expired leaves none of its tags'({ store, lifeMs, advance, brief, lasting }) {
    await store.compareAndSet('k', null, brief('1', 's', 't'))
    await advance(lifeMs + 1)
    await store.compareAndSet('k', null, lasting('2', 't'))
    expectSame('of s', await store.keysOf('s'), [])
    expectSame('of t', await store.keysOf('t'), ['k'])
  },

  async 'two handles see each other at once'({ store, other, lasting }) {
    expectSame('one writes', await store.compareAndSet('k', null, lasting('a')), 1)
    expectSame('the other reads', await other.read('k'), { value: 'a', revision: 1 })
    expectSame('and writes', await other.compareAndSet('k', 1, lasting('b')), 2)
    expectSame('the one is late', await store.compareAndSet('k', 1, lasting('c')), null)
    expectSame('and reads', await store.read('k'), { value: 'b', revision: 2 })
  },

  async 'its clock, if it tells one, is the same for all'({ store, other, now }) {
    const [one = now(), two = now()] = [await store.now?.(), await other.now?.()]
    expectSame('about the time', Math.abs(one - now()) < CLOCK_MS && Math.abs(two - one) < CLOCK_MS, true)
  },

  async 'who watches a key hears of its end, and of the write that it awaits'({ store, other, lasting }) {
    if (!store.watch) return
    let hints = 0
    let heard = 0
    /** Writes until a watcher hears of it, which may take long on a busy machine. */
    async function told(what: string, more: Pick<EntryWrite, 'isEnd'>) {
      heard = hints
      for (let tries = 0; hints === heard; tries++) {
        if (tries === MAX_TRIES) throw new Error(`No hint of ${what} came.`)
        const found = await other.read('k')
        await other.compareAndSet('k', found?.revision ?? null, { ...lasting('a'), ...more })
        await pause(HINT_MS)
      }
    }
    await other.compareAndSet('k', null, lasting('a'))
    const unwatch = store.watch('k', () => hints++, AWAITED_MS)
    // A store may begin with some hints.
    await pause(HINT_MS)
    await told('a write that is awaited', {})
    await pause(AWAITED_MS)
    await told('an end', { isEnd: true })
    unwatch()
    await pause(HINT_MS)
    heard = hints
    await other.compareAndSet('k', (await other.read('k'))?.revision ?? null, {
      ...lasting('b'),
      isEnd: true,
    })
    await pause(HINT_MS)
    expectSame('hints to who watches no more', hints, heard)
  },
}

/** The two clocks are not read at the same instant. */
const CLOCK_MS = 60_000
const AWAITED_MS = 1_000
const HINT_MS = 200
const MAX_TRIES = 20

const pause = (ms: number) =>
  new Promise<void>((resolve) => void systemClock.setTimer(resolve, ms, 'foreground'))
