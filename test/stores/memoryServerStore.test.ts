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
      clock.jumpWall(1_000)
      return keys.length
    }
    expect(await left()).toBe(1_000)
    let revision: number | null = null
    for (let i = 0; i < 502; i++)
      revision = await store.compareAndSet('other', revision, { value: 'x', expiresAt: until + 1_000_000 })
    expect(await left()).toBe(0)
    expect(clock.pending()).toEqual([])
  })
})
