import { expect, test } from 'vitest'
import { pacedNotices } from '../../src/server/pacedNotices.ts'
import { fakeClock } from '../fakeClock.ts'

test('U61: who observes hears of every session that waits, the last ones included', () => {
  const clock = fakeClock()
  const told: unknown[] = []
  const paced = pacedNotices(clock, (notice) => told.push({ ...notice, at: clock.monotonic() }))
  const times = (count: number) => {
    for (let n = 0; n < count; n++) paced()
  }
  times(5)
  clock.advance(3_000)
  times(7)
  clock.advance(60_000)
  times(1)
  expect(told).toEqual([
    { type: 'refreshesPaced', count: 1, at: 0 },
    { type: 'refreshesPaced', count: 11, at: 10_000 },
    { type: 'refreshesPaced', count: 1, at: 63_000 },
  ])
  expect(clock.pending()).toEqual([])
})
