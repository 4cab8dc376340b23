import { expect, test } from 'vitest'
import { interval } from './interval.ts'

// Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
test.each([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])('%i of %i', (good, tried, from, to) => {
  const found = interval(good, tried)
  expect(found[0]).toBeCloseTo(from, 4)
  expect(found[1]).toBeCloseTo(to, 4)
})

test('nothing tried says nothing', () => {
  expect(interval(0, 0)).toEqual([0, 1])
})
