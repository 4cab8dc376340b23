import { describe, expect, test } from 'vitest'
import { serverStoreConformance } from 'xstate-session/testing'
import { memoryServerStore } from '../../src/stores/memoryServerStore.ts'
import { fakeClock } from '../fakeClock.ts'

describe('memoryServerStore', () => {
  const suite = serverStoreConformance({
    async create() {
      const clock = fakeClock()
      return { store: memoryServerStore({ clock }), now: clock.wall, advance: clock.advance }
    },
  })
  for (const { name, run } of suite) test(name, run)

  test('forgets what has expired while others write, and arms no timer', async () => {
    const clock = fakeClock()
    const store = memoryServerStore({ clock })
    const until = clock.wall() + 1_000
    for (let i = 0; i < 1_000; i++)
      await store.compareAndSet(`k${i}`, null, { value: 'x', expiresAt: until, tags: ['s'] })
    clock.advance(1_000)
    // A clock set back shows what is still there.
    const left = async () => {
      clock.jumpWall(-1_000)
      const keys = await store.keysOf('s')
      const values = await Promise.all(Array.from({ length: 1_000 }, (_, i) => store.read(`k${i}`)))
      clock.jumpWall(1_000)
      expect(values.filter(Boolean)).toHaveLength(keys.length)
      return keys.length
    }
    expect(await left()).toBe(1_000)
    await store.compareAndSet('first', null, { value: 'x', expiresAt: until + 1_000_000 })
    // One write must not pay for all.
    expect(await left()).toBe(996)
    let revision: number | null = null
    for (let i = 0; i < 502; i++)
      revision = await store.compareAndSet('other', revision, { value: 'x', expiresAt: until + 1_000_000 })
    expect(await left()).toBe(0)
    expect(clock.pending()).toEqual([])
  })

  test('an entry has expired at the instant that it names', async () => {
    const clock = fakeClock()
    const store = memoryServerStore({ clock })
    await store.compareAndSet('k', null, { value: 'x', expiresAt: clock.wall() + 1_000, tags: ['s'] })
    clock.advance(999)
    expect(await store.read('k')).toEqual({ value: 'x', revision: 1 })
    clock.advance(1)
    expect([await store.read('k'), await store.keysOf('s')]).toEqual([null, []])
  })

  test('what it cannot do is found out by a check', async () => {
    expect(await memoryServerStore().check?.()).toEqual([
      { check: 'store', state: 'unknown', message: expect.stringContaining('`store`') },
    ])
  })
})
