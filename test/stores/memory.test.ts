import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/stores/memory.ts'
import type { SessionRecord, Tombstone } from '../../src/stores/store.ts'

const record = (epoch: number, version: number, refreshToken = `R${version}`): SessionRecord => ({
  v: 1,
  epoch,
  version,
  provider: 'openid',
  user: { id: 'ada' },
  bearer: `B${version}`,
  refreshToken,
  startedAt: 0,
})
const tombstone: Tombstone = { v: 1, epoch: 1, version: 3, ended: true }

describe('memoryStore', () => {
  test('starts empty', async () => {
    expect(await memoryStore().read()).toBeNull()
  })

  test('writes the first record only where nothing is stored', async () => {
    const store = memoryStore()
    expect(await store.compareAndSet({ epoch: 1, version: 1 }, record(1, 2))).toBe(false)
    expect(await store.read()).toBeNull()
    expect(await store.compareAndSet(null, record(1, 1))).toBe(true)
    expect(await store.compareAndSet(null, record(2, 1))).toBe(false)
    expect(await store.read()).toEqual(record(1, 1))
  })

  test.each([
    { epoch: 1, version: 1 },
    { epoch: 1, version: 3 },
    { epoch: 2, version: 2 },
  ])('a writer that expects %o and finds another position changes nothing', async (expected) => {
    const store = memoryStore()
    await store.compareAndSet(null, record(1, 2))
    expect(await store.compareAndSet(expected, record(1, 4))).toBe(false)
    expect(await store.read()).toEqual(record(1, 2))
  })

  test('of a hundred concurrent writers one wins, and its record is the one stored', async () => {
    const store = memoryStore()
    await store.compareAndSet(null, record(1, 1))
    const writers = Array.from({ length: 100 }, (_, index) => `by ${index}`)
    const won = await Promise.all(
      writers.map((token) => store.compareAndSet({ epoch: 1, version: 1 }, record(1, 2, token))),
    )
    expect(won.filter(Boolean)).toHaveLength(1)
    expect(await store.read()).toEqual(record(1, 2, writers[won.indexOf(true)]))
  })

  test('after logout a refresh that comes late does not bring the session back (I6)', async () => {
    const store = memoryStore()
    await store.compareAndSet(null, record(1, 2))
    expect(await store.compareAndSet({ epoch: 1, version: 2 }, tombstone)).toBe(true)
    expect(await store.compareAndSet({ epoch: 1, version: 2 }, record(1, 3))).toBe(false)
    expect(await store.read()).toEqual(tombstone)
  })

  test('a login takes the place of a tombstone', async () => {
    const store = memoryStore()
    await store.compareAndSet(null, tombstone)
    expect(await store.compareAndSet(tombstone, record(2, 1))).toBe(true)
    expect(await store.read()).toEqual(record(2, 1))
  })

  test('what goes in and what comes out are copies', async () => {
    const store = memoryStore()
    const given = structuredClone(record(1, 1))
    await store.compareAndSet(null, given)
    Object.assign(given.user, { id: 'mallory' })
    Object.assign(given, { version: 9 })
    const read = await store.read()
    if (!read || 'ended' in read) throw new Error('nothing stored')
    Object.assign(read.user, { id: 'mallory' })
    Object.assign(read, { version: 9 })
    expect(await store.read()).toEqual(record(1, 1))
  })

  test('two stores share nothing', async () => {
    await memoryStore().compareAndSet(null, record(1, 1))
    expect(await memoryStore().read()).toBeNull()
  })
})
