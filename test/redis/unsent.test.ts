import { expect, test } from 'vitest'
import { redisUnsent } from '../../src/redis/unsent.ts'
import { knowing } from '../coordination/flights.ts'
import { fakeClock } from '../fakeClock.ts'

test('U61: what Redis is yet to be told has a bound, however many sessions ask while it is away', async () => {
  const clock = fakeClock()
  const told: string[] = []
  const unsent = redisUnsent(clock, {
    async finish({ name }) {
      told.push(name)
      return { kind: 'lost' }
    },
  })
  const names = Array.from({ length: 10_003 }, (_, n) => `flight ${n}`)
  for (const name of names) unsent.owe({ name, scope: '', origin: '', owner: '' }, knowing(0))
  expect(clock.pending()).toHaveLength(10_000)
  for (const name of ['flight 2', 'flight 3', 'flight 10002']) await unsent.notify(name)
  expect(told).toEqual(['flight 3', 'flight 10002'])
  unsent.close()
  expect(clock.pending()).toEqual([])
})
