import { expect, test } from 'vitest'
import { coalescer } from '../../src/coordination/coalescer.ts'
import type { Coordinator } from '../../src/coordination/coordinator.ts'
import { sharedPaces } from '../../src/coordination/sharedPaces.ts'
import { readServerOptions } from '../../src/server/readServerOptions.ts'
import type { RefreshOutcome } from '../../src/session/strategy.ts'
import { memoryServerStore } from '../../src/stores/memoryServerStore.ts'
import { fakeClock } from '../fakeClock.ts'
import { ada, flight, renewed } from './flights.ts'

const ORIGIN = 'https://chat.example'
const limited = (retryAfterMs?: number): RefreshOutcome => ({
  kind: 'refused',
  cause: 'limited',
  ...(retryAfterMs !== undefined && { retryAfterMs }),
})

/** Processes over one store, whose clock goes `aheadMs` before theirs. */
function processes(count: number, aheadMs = 0) {
  const clock = fakeClock()
  const memory = memoryServerStore({ clock })
  const state = { isAway: false, reads: 0, writes: 0, clocks: 0 }
  const orAway = async <T>(call: () => T | Promise<T>): Promise<T> => {
    if (state.isAway) throw new Error('away')
    return call()
  }
  const store = {
    read: (key: string) => {
      state.reads++
      return orAway(() => memory.read(key))
    },
    compareAndSet: (...args: Parameters<typeof memory.compareAndSet>) => {
      state.writes++
      return orAway(() => memory.compareAndSet(...args))
    },
    now: () => {
      state.clocks++
      return orAway(() => clock.wall() + aheadMs)
    },
  }
  const paces = Array.from({ length: count }, () => sharedPaces(store, clock))
  return { clock, state, store: memory, paces: paces as [(typeof paces)[0], (typeof paces)[0]] }
}

test.each([0, 3_600_000, -3_600_000])(
  'U61: what a limiter tells one process holds the others, by a clock that is %d ms ahead of theirs',
  async (aheadMs) => {
    const { clock, paces } = processes(2, aheadMs)
    const [one, two] = paces
    expect(await one.enter(ORIGIN, 'a', false)).toBe(0)
    one.learn(ORIGIN, limited(120_000), clock.monotonic())
    expect(await one.enter(ORIGIN, 'b', false)).toBeGreaterThan(119_000)
    expect(await two.enter(ORIGIN, 'c', false)).toBeGreaterThan(119_000)
    expect(await two.enter(ORIGIN, 'c', true)).toBeGreaterThan(119_000)
    expect(await two.enter('https://other.example', 'c', false)).toBe(0)
    clock.advance(120_000)
    expect(await two.enter(ORIGIN, 'e', true)).toBe(0)
  },
)

test('U61: servers over such a store do so without being told', async () => {
  const { clock, store } = processes(0)
  const place = {
    logins: {},
    publicUrl: 'https://admin.example',
    secrets: ['a secret that is long enough for it'],
  }
  const [one, two] = [0, 1].map(
    () =>
      readServerOptions({ ...place, clock, store: { ...store, now: async () => clock.wall() } }).coordinator,
  ) as [Coordinator, Coordinator]
  await one.run(flight(limited(60_000)))
  const sends: string[] = []
  const someone = { ...ada, userId: 'grace', refreshToken: 'R9' }
  const answer = await two.run(flight(renewed, sends, { identity: someone }))
  expect([answer, sends]).toMatchObject([{ kind: 'refused', cause: 'limited' }, []])
})

test('U61: who logs out while the store is asked is not sent', async () => {
  const { clock } = processes(0)
  const asked = Promise.withResolvers<number>()
  const paces = { enter: () => asked.promise, learn: () => {} }
  const ring = coalescer({ replayWindowMs: 60_000, maxEntries: 9, clock, hash: (text) => text, paces })
  const sends: string[] = []
  const running = ring.run(flight(renewed, sends))
  await Promise.resolve().then(() => {})
  ring.end(ada)
  asked.resolve(0)
  expect([(await running).kind, sends]).toEqual(['ended', []])
})

test('U61: so many as ask at once in two processes have each a place of their own', async () => {
  const { clock, paces, state } = processes(2)
  const [one, two] = paces
  one.learn(ORIGIN, limited(1_000), clock.monotonic())
  await one.enter(ORIGIN, 'first', true)
  const waits = await Promise.all(
    Array.from({ length: 50 }, (_, n) => (n % 2 ? one : two).enter(ORIGIN, `${n}`, false)),
  )
  expect(new Set(waits).size).toBe(50)
  // What comes while a write is under way goes along with the next.
  expect(state.writes).toBeLessThan(20)
})

test('U61: where nobody is held a process asks once a second, writes nothing, and hears of the others by then', async () => {
  const { clock, paces, state } = processes(2)
  const [one, two] = paces
  for (let second = 0; second < 10; second++) {
    for (let n = 0; n < 100; n++) {
      expect(await one.enter(ORIGIN, `${n}`, false)).toBe(0)
      one.learn(ORIGIN, { kind: 'ok', bearer: 'b' }, clock.monotonic())
    }
    clock.advance(1_000)
  }
  expect(state).toMatchObject({ reads: 10, writes: 0, clocks: 1 })
  await one.enter(ORIGIN, 'a', false)
  two.learn(ORIGIN, limited(60_000), clock.monotonic())
  await two.enter(ORIGIN, 'b', false)
  clock.advance(1_000)
  expect(await one.enter(ORIGIN, 'a', false)).toBeGreaterThan(0)
})

test('U61: while the store is away each process goes by what it knows', async () => {
  const { clock, paces, state } = processes(2)
  const [one, two] = paces
  state.isAway = true
  expect(await one.enter(ORIGIN, 'a', false)).toBe(0)
  one.learn(ORIGIN, limited(60_000), clock.monotonic())
  expect(await one.enter(ORIGIN, 'b', false)).toBeGreaterThan(59_000)
  expect(await two.enter(ORIGIN, 'b', false)).toBe(0)
  state.isAway = false
  one.learn(ORIGIN, limited(60_000), clock.monotonic())
  await one.enter(ORIGIN, 'b', false)
  clock.advance(1_000)
  expect(await two.enter(ORIGIN, 'b', false)).toBeGreaterThan(57_000)
})

test('U61: a call that the store never answers holds nobody for good', async () => {
  const clock = fakeClock()
  const memory = memoryServerStore({ clock })
  const never = new Promise<never>(() => {})
  let hangs = true
  const once = <T>(call: () => T): T | Promise<never> => (hangs ? never : call())
  const paces = sharedPaces(
    {
      read: async (key) => once(() => memory.read(key)),
      compareAndSet: memory.compareAndSet,
      now: async () => clock.wall(),
    },
    clock,
  )
  const first = paces.enter(ORIGIN, 'a', false)
  for (let turns = 0; turns < 20; turns++) await Promise.resolve()
  hangs = false
  const second = paces.enter(ORIGIN, 'b', false)
  clock.advance(5_000)
  expect([await first, await second]).toEqual([0, 0])
})

test.each(['', '{}', 'null', '{"rate":"x"}'])('U61: %j in the store holds nobody', async (value) => {
  const { clock, paces, store } = processes(1)
  await store.compareAndSet(`pace ${ORIGIN}`, null, { value, expiresAt: clock.wall() + 1e9 })
  expect(await paces[0].enter(ORIGIN, 'a', false)).toBe(0)
})
