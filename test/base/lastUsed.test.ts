import { expect, test } from 'vitest'
import { lastUsed } from '../../src/base/lastUsed.ts'

test('what was used last stays, and no more than that', () => {
  const known = lastUsed<number>(2)
  known.set('a', 1)
  known.set('b', 2)
  expect(known.get('a')).toBe(1)
  known.set('c', 3)
  expect(['a', 'b', 'c'].map((key) => known.get(key))).toEqual([1, undefined, 3])
  known.set('a', 4)
  known.set('d', 5)
  expect(['a', 'c', 'd'].map((key) => known.get(key))).toEqual([4, undefined, 5])
})

test('and nothing stays for longer than was said after its last use', () => {
  let now = 0
  const known = lastUsed<number>(9, { now: () => now, forMs: 60 })
  known.set('a', 1)
  known.set('b', 2)
  now = 60
  expect(known.get('a')).toBe(1)
  now = 61
  expect(['a', 'b'].map((key) => known.get(key))).toEqual([1, undefined])
})
