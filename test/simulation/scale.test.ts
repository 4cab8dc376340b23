import { expect, test } from 'vitest'
import { measureScale } from './scale.ts'

test('T15 jitter spreads the refreshes of sessions that logged in together', () => {
  const peakOf = (isJittered: boolean) => measureScale(20_000, 900_000, 1_000, 2, isJittered, 1)
  expect(peakOf(false).peak).toBe(20_000)
  const { peak, mean } = peakOf(true)
  expect(peak / mean).toBeLessThan(8)
})
