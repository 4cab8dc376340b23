import { describe, expect, test } from 'vitest'
import type { RefreshOutcome } from '../../src/session/strategy.ts'
import { ada, coordinatorOnFakeClock, flight, renewed } from './flights.ts'

const limited = (retryAfterMs?: number): RefreshOutcome => ({
  kind: 'refused',
  cause: 'limited',
  ...(retryAfterMs !== undefined && { retryAfterMs }),
})
const someone = (index: number) => ({ ...ada, userId: `user ${index}`, refreshToken: `R${index}` })

describe('the limiter of a backend', () => {
  test('one 429 holds all 50 sessions of its origin for the time it names, each with a place of its own (A31, I12, U61)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    await coordinator.run(flight(limited(120_000), sends, { identity: someone(0) }))
    for (const secondsLater of [0, 60, 59]) {
      clock.advance(secondsLater * 1_000)
      const waits = new Set<number>()
      for (let index = 0; index < 50; index += 1) {
        const answer = await coordinator.run(flight(renewed, sends, { identity: someone(index) }))
        expect(answer).toMatchObject({ kind: 'refused', cause: 'limited' })
        waits.add((answer as { retryAfterMs: number }).retryAfterMs)
      }
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(120_000 - clock.monotonic())
      expect(waits.size).toBe(50)
    }
    expect(sends).toEqual(['R0'])
    clock.advance(1_000)
    expect(await coordinator.run(flight(renewed, sends, { identity: someone(0) }))).toEqual(renewed)
  })

  test('U61: at the end of a line that is full nobody is told the same instant as all others', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight(limited(1_000), [], { identity: someone(0) }))
    const told = new Map<number, number>()
    for (let index = 1; index <= 1_000; index += 1) {
      const answer = await coordinator.run(flight(renewed, [], { identity: someone(index) }))
      const { retryAfterMs = 0 } = answer as { retryAfterMs?: number }
      expect(retryAfterMs).toBeLessThanOrEqual(121_000)
      told.set(retryAfterMs, (told.get(retryAfterMs) ?? 0) + 1)
    }
    expect(Math.max(...told.values())).toBeLessThan(1_000 / 30)
  })

  test('another origin is not held (A31)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight(limited(120_000)))
    const elsewhere = { identity: someone(1), origin: 'https://other.example' }
    expect(await coordinator.run(flight(renewed, [], elsewhere))).toEqual(renewed)
  })

  test('what is remembered is given all the same: it costs no send (A31, I25)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight(renewed))
    await coordinator.run(flight(limited(120_000), [], { identity: someone(1) }))
    expect(await coordinator.run(flight(renewed))).toEqual({ ...renewed, ageMs: 0 })
  })

  test('a later, shorter word does not shorten the wait (A31)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    await Promise.all([
      coordinator.run(flight(limited(120_000), [], { identity: someone(1) })),
      coordinator.run(flight(limited(1_000), [], { identity: someone(2) })),
    ])
    clock.advance(2_000)
    expect(await coordinator.run(flight(renewed))).toEqual(limited(118_000))
  })

  test.each([
    [undefined, 10_000],
    [Number.NaN, 10_000],
    [-5, 10_000],
    [Number.POSITIVE_INFINITY, 300_000],
    [10 ** 14, 300_000],
  ])('Retry-After of %s ms holds for %d ms (A31, I12)', async (retryAfterMs, heldMs) => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight(limited(retryAfterMs)))
    expect(await coordinator.run(flight(renewed))).toEqual(limited(heldMs))
    clock.advance(heldMs)
    expect(await coordinator.run(flight(renewed))).toEqual(renewed)
  })

  test.each(['network', 'unavailable', 'misconfigured'] as const)('%s holds nobody', async (cause) => {
    const { coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight({ kind: 'refused', cause, retryAfterMs: 120_000 }))
    expect(await coordinator.run(flight(renewed))).toEqual(renewed)
  })
})
