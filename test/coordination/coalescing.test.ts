import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Misconfigured } from '../../src/base/errors.ts'
import type { FlightIdentity } from '../../src/coordination/coordinator.ts'
import { inProcessCoordinator } from '../../src/coordination/inProcess.ts'
import { ada, coordinatorOnFakeClock, flight, heldFlight, renewed, shared } from './flights.ts'

describe('flights in the air', () => {
  test.each([1, 2, 100, 10_000])('%i callers share one send (C1, I9, I24)', async (callers) => {
    const { coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    const held = heldFlight(sends)
    const answers = Array.from({ length: callers }, () => coordinator.run(held.flight))
    await held.tookOff
    held.land(renewed)
    for (const answer of new Set(await Promise.all(answers)))
      expect(answer).toEqual(callers > 1 ? shared : renewed)
    expect(sends).toHaveLength(1)
  })

  test('who sent is told that others got its tokens too: they are not its alone to revoke (C7, I6)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const held = heldFlight()
    const leader = coordinator.run(held.flight)
    await held.tookOff
    const follower = coordinator.run(held.flight)
    held.land(renewed)
    expect(await Promise.all([leader, follower])).toEqual([shared, shared])
    // Nobody shares what came before it was asked for: its age says that it was another's.
    expect(await coordinator.run(held.flight)).toEqual({ ...renewed, ageMs: 0 })
  })

  test('only what was renewed is told to be shared', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const rejected = { kind: 'rejected', reason: 'refreshRejected' } as const
    const both = [0, 1].map(() => coordinator.run(flight(rejected)))
    expect(await Promise.all(both)).toEqual([rejected, rejected])
  })

  test('with the default hash too (C1)', async () => {
    const coordinator = inProcessCoordinator()
    const sends: string[] = []
    const answers = await Promise.all(
      Array.from({ length: 500 }, () => coordinator.run(flight(renewed, sends))),
    )
    expect(sends).toHaveLength(1)
    expect(answers.every(({ kind }) => kind === 'ok')).toBe(true)
    await coordinator.run(flight(renewed, sends))
    expect(sends).toHaveLength(1)
  })

  test("with a server's own hash, which may be synchronous", async () => {
    const { coordinator } = coordinatorOnFakeClock({
      hash: (input) => createHmac('sha256', 'key').update(input).digest('base64'),
    })
    const sends: string[] = []
    await Promise.all([coordinator.run(flight(renewed, sends)), coordinator.run(flight(renewed, sends))])
    expect(sends).toHaveLength(1)
  })

  const { tenantId, sessionId, refreshToken, ...bare } = ada
  const others: [string, FlightIdentity][] = [
    ['provider', { ...ada, provider: 'librechat' }],
    ['user', { ...ada, userId: 'bob' }],
    ['tenant', { ...ada, tenantId: 'green' }],
    ['session', { ...ada, sessionId: 's2' }],
    ['refresh token', { ...ada, refreshToken: 'R9' }],
    ['empty tenant', { ...ada, tenantId: '' }],
    ['absent tenant', { ...bare, ...(sessionId && { sessionId }), ...(refreshToken && { refreshToken }) }],
    ['absent session', { ...bare, ...(tenantId && { tenantId }), ...(refreshToken && { refreshToken }) }],
    ['absent refresh token', { ...bare, ...(tenantId && { tenantId }), ...(sessionId && { sessionId }) }],
  ]
  test.each(others)('another or %s: a flight of its own (I7, X18)', async (_, identity) => {
    const { coordinator } = coordinatorOnFakeClock()
    const first = heldFlight()
    const answer = coordinator.run(first.flight)
    await first.tookOff
    const bob = { kind: 'ok', bearer: 'BOB' } as const
    expect(await coordinator.run(flight(bob, [], { identity }))).toEqual(bob)
    first.land(renewed)
    expect(await answer).toEqual(renewed)
    // Nor what is remembered.
    expect(await coordinator.run(flight(bob, [], { identity }))).toEqual(bob)
  })

  test('an absent tenant is not an empty one (I7, X18)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const { tenantId: _, ...absent } = ada
    const sends: string[] = []
    await coordinator.run(flight(renewed, sends, { identity: absent }))
    await coordinator.run(flight(renewed, sends, { identity: { ...absent, tenantId: '' } }))
    expect(sends).toHaveLength(2)
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('R1')
      },
    ],
    ['rejects', () => Promise.reject(new Error('R1'))],
  ])('a send that %s is an unknown outcome for everybody, and remembered', async (_, send) => {
    const { coordinator } = coordinatorOnFakeClock()
    const unknown = { kind: 'unknown', cause: 'internal', answered: false }
    const answers = await Promise.all([0, 1].map(() => coordinator.run(flight(renewed, [], { send }))))
    expect(answers).toMatchObject([unknown, unknown])
    const sends: string[] = []
    expect(await coordinator.run(flight(renewed, sends))).toMatchObject({ kind: 'unknown', answered: false })
    expect(sends).toEqual([])
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
  ])('a hash that %s: nothing is sent and nothing thrown', async (_, hash) => {
    const { coordinator } = coordinatorOnFakeClock({ hash })
    const sends: string[] = []
    coordinator.end(ada)
    expect(await coordinator.run(flight(renewed, sends))).toEqual({ kind: 'refused', cause: 'misconfigured' })
    expect(sends).toEqual([])
  })

  test('a late answer of one flight never becomes the answer of another, in any order (I1, I9, I24)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.constantFrom('R1', 'R2', 'R3'), { maxLength: 12 }),
        async (s, tokens) => {
          const { coordinator } = coordinatorOnFakeClock({
            hash: s.scheduleFunction(async (text: string) => text),
          })
          const sends: string[] = []
          const land = s.scheduleFunction(async (outcome: typeof renewed) => outcome)
          const answers = tokens.map((refreshToken) =>
            coordinator.run(
              flight(renewed, sends, {
                identity: { ...ada, refreshToken },
                send() {
                  sends.push(refreshToken)
                  return land({
                    kind: 'ok',
                    bearer: `for ${refreshToken}`,
                    refreshToken: `after ${refreshToken}`,
                  })
                },
              }),
            ),
          )
          await s.waitFor(Promise.all(answers))
          expect(sends.toSorted()).toEqual([...new Set(tokens)].toSorted())
          expect(await Promise.all(answers)).toMatchObject(
            tokens.map((token) => ({ bearer: `for ${token}` })),
          )
        },
      ),
    )
  })
})

describe('options', () => {
  afterEach(() => vi.unstubAllGlobals())

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
    'replayWindowMs %d is refused by name',
    (replayWindowMs) => {
      expect(() => inProcessCoordinator({ replayWindowMs })).toThrow(Misconfigured)
      expect(() => inProcessCoordinator({ replayWindowMs })).toThrow('replayWindowMs')
    },
  )

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'maxEntries %d is refused by name',
    (maxEntries) => {
      expect(() => inProcessCoordinator({ maxEntries })).toThrow(Misconfigured)
      expect(() => inProcessCoordinator({ maxEntries })).toThrow('maxEntries')
    },
  )

  test.each([
    ['outside a secure context', { getRandomValues: () => {} }],
    ['where there is no crypto at all', undefined],
  ])('%s it asks for a hash, at once', (_, crypto) => {
    vi.stubGlobal('crypto', crypto)
    expect(() => inProcessCoordinator()).toThrow(Misconfigured)
    expect(() => inProcessCoordinator()).toThrow('crypto.subtle')
    expect(() => inProcessCoordinator({ hash: (input) => input })).not.toThrow()
  })

  test('the key of the default hash cannot be read out', async () => {
    const importKey = vi.spyOn(crypto.subtle, 'importKey')
    await inProcessCoordinator().run(flight(renewed))
    const keys = await Promise.all(importKey.mock.results.map(({ value }) => value))
    importKey.mockRestore()
    expect(keys).toMatchObject([{ extractable: false, usages: ['sign'] }])
  })
})
