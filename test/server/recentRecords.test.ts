import { describe, expect, test } from 'vitest'
import { recentRecords } from '../../src/server/recentRecords.ts'
import { fakeClock } from '../fakeClock.ts'

describe('the records of a moment ago', () => {
  const record = (revision: number) => ({ revision, of: 'ada' })

  test('serve for a time without the store, and no longer', () => {
    const clock = fakeClock()
    const recent = recentRecords<ReturnType<typeof record>>(clock, 1_000)
    recent.note('a', record(1))
    clock.advance(999)
    expect(recent.of('a')).toEqual(record(1))
    clock.advance(1)
    expect(recent.of('a')).toBeUndefined()
  })

  test('are the newest: a read that began before a write tells nothing', () => {
    const recent = recentRecords<ReturnType<typeof record>>(fakeClock(), 1_000)
    recent.note('a', record(2))
    recent.note('a', record(1))
    expect(recent.of('a')).toEqual(record(2))
    recent.note('a', record(2))
    recent.note('a', record(3))
    expect(recent.of('a')).toEqual(record(3))
    recent.note('a', undefined)
    expect(recent.of('a')).toBeUndefined()
  })

  test('are none where their time is zero', () => {
    const recent = recentRecords<ReturnType<typeof record>>(fakeClock(), 0)
    recent.note('a', record(1))
    expect(recent.of('a')).toBeUndefined()
  })

  test('are ten thousand at most, the newest of them', () => {
    const recent = recentRecords<ReturnType<typeof record>>(fakeClock(), 1_000)
    for (let n = 0; n <= 10_000; n++) recent.note(String(n), record(1))
    expect(recent.of('0')).toBeUndefined()
    expect([recent.of('1'), recent.of('10000')]).toEqual([record(1), record(1)])
  })
})
