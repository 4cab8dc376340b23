import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RefreshOutcome } from '../../src/strategies/strategy.ts'
import { ada, coordinatorOnFakeClock, flight, heldFlight, renewed, shared } from './flights.ts'

const unknown: RefreshOutcome = { kind: 'unknown', cause: 'timeout', answered: false }
const rejected: RefreshOutcome = { kind: 'rejected', reason: 'refreshRejected' }

describe('stragglers', () => {
  test('who comes with the spent token gets its successor and its age, and sends nothing (C3, I25)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    await coordinator.run(flight(renewed, sends))
    for (const ageMs of [0, 3, 59_999]) {
      clock.advance(ageMs - clock.monotonic())
      expect(await coordinator.run(flight(rejected, sends))).toEqual({ ...renewed, ageMs })
    }
    expect(sends).toEqual(['R1'])
  })

  test('twenty callers that read R1 and arrive over 60 ms: one send, no failure (C3, I1)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    let spent = false
    const send = async (): Promise<RefreshOutcome> => {
      sends.push('R1')
      if (spent) return rejected
      spent = true
      return renewed
    }
    for (let caller = 0; caller < 20; caller += 1) {
      expect((await coordinator.run(flight(renewed, [], { send }))).kind).toBe('ok')
      clock.advance(3)
    }
    expect(sends).toHaveLength(1)
  })

  test('the age is told by the monotonic clock, and on top of the age that came with it (I25)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight({ kind: 'ok', bearer: 'B2', refreshToken: 'R2', ageMs: 500 }))
    clock.jumpWall(3_600_000)
    clock.advance(1_000)
    expect(await coordinator.run(flight(rejected))).toEqual({ ...renewed, ageMs: 1_500 })
  })

  test('after the window the token is sent again, the wall clock notwithstanding', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock({ replayWindowMs: 1_000 })
    const sends: string[] = []
    await coordinator.run(flight(renewed, sends))
    clock.jumpWall(1_000_000)
    clock.advance(999)
    await coordinator.run(flight(rejected, sends))
    expect(sends).toHaveLength(1)
    clock.advance(1)
    expect(await coordinator.run(flight(rejected, sends))).toEqual(rejected)
    expect(sends).toHaveLength(2)
  })

  test('no timer is armed', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight(renewed))
    coordinator.end(ada)
    expect(clock.pending()).toEqual([])
  })

  test('none follows a rejection inside the window (I1)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    await coordinator.run(flight(rejected, sends))
    clock.advance(59_999)
    expect(await coordinator.run(flight(renewed, sends, { doubtfulSends: 1 }))).toEqual(rejected)
    expect(sends).toHaveLength(1)
  })

  test.each<[string, RefreshOutcome]>([
    ['an identical token', { kind: 'ok', bearer: 'B2', refreshToken: 'R1' }],
    ['no token', { kind: 'ok', bearer: 'B2' }],
    ['a refusal', { kind: 'refused', cause: 'unavailable', retryAfterMs: 1_000 }],
    ['a backend without the route', { kind: 'unsupported', forGood: false }],
  ])('%s is not remembered: the token is not spent', async (_, outcome) => {
    const { coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    await coordinator.run(flight(outcome, sends))
    expect(await coordinator.run(flight(renewed, sends))).toEqual(renewed)
    expect(sends).toHaveLength(2)
  })

  test('a deleted refresh cookie is remembered, although no token came', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const final: RefreshOutcome = { kind: 'ok', bearer: 'B2', final: true }
    await coordinator.run(flight(final))
    expect(await coordinator.run(flight(rejected))).toEqual({ ...final, ageMs: 0 })
  })

  test('without a token only the flight in the air is shared: a cookie jar changes unseen', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const { refreshToken: _, ...identity } = ada
    const sends: string[] = []
    const held = heldFlight(sends, { identity })
    const both = [coordinator.run(held.flight), coordinator.run(held.flight)]
    await held.tookOff
    held.land(rejected)
    expect(await Promise.all(both)).toEqual([rejected, rejected])
    expect(sends).toHaveLength(1)
    expect(await coordinator.run(flight(renewed, sends, { identity }))).toEqual(renewed)
    expect(await coordinator.run(flight(renewed, sends, { identity }))).toEqual(renewed)
    expect(sends).toHaveLength(3)
  })
})

describe('doubt', () => {
  test('an unknown outcome is not sent again without a permission (I1)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    await coordinator.run(flight(unknown, sends))
    clock.advance(30_000)
    expect(await coordinator.run(flight(renewed, sends))).toEqual({ ...unknown, ageMs: 30_000 })
    expect(sends).toHaveLength(1)
  })

  test('an unknown outcome is as old as the oldest send that it tells of (I1)', async () => {
    const told = [
      [40_000, 40_000],
      [5, 10],
    ]
    for (const [known, ageMs] of told) {
      const { clock, coordinator } = coordinatorOnFakeClock()
      clock.advance(5_000)
      const send = async (): Promise<RefreshOutcome> => {
        clock.advance(10)
        return { kind: 'unknown', cause: 'timeout', answered: false, ageMs: known ?? 0 }
      }
      expect(await coordinator.run(flight(unknown, [], { send }))).toMatchObject({ kind: 'unknown', ageMs })
    }
  })

  test('with a permission it is, once for all who ask, and its result counts (I1, I9)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    await coordinator.run(flight(unknown, sends))
    const again = flight(renewed, sends, { doubtfulSends: 1 })
    const answers = await Promise.all([coordinator.run(again), coordinator.run(again)])
    expect(answers).toEqual([shared, shared])
    expect(await coordinator.run(flight(rejected, sends, { doubtfulSends: 1 }))).toEqual({
      ...renewed,
      ageMs: 0,
    })
    expect(sends).toHaveLength(2)
  })

  test('what one session sent again, no other does, until it knows of that doubt too (I1)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    const ask = (doubtfulSends: number) => coordinator.run(flight(unknown, sends, { doubtfulSends }))
    await ask(0)
    await ask(1)
    for (const known of [0, 1, 1]) expect(await ask(known)).toEqual(unknown)
    expect(sends).toHaveLength(2)
    await ask(2)
    expect(await ask(2)).toEqual(unknown)
    expect(sends).toHaveLength(3)
  })

  test('what a session brings from before counts, though it was forgotten here (I1)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    await coordinator.run(flight(unknown, sends, { doubtfulSends: 3 }))
    expect(await coordinator.run(flight(renewed, sends, { doubtfulSends: 3 }))).toEqual(unknown)
    expect(sends).toHaveLength(1)
  })

  test.each([
    ['withinMs', 2],
    ['afterBearerEnds', 4],
  ])('five sessions under %s send one token %i times at most, in any order (I1)', async (_, budget) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (s) => {
        const { clock, coordinator } = coordinatorOnFakeClock({
          hash: s.scheduleFunction(async (text: string) => text),
        })
        const land = s.scheduleFunction(async (outcome: RefreshOutcome) => outcome)
        let sends = 0
        const send = () => {
          sends += 1
          return land(unknown)
        }
        const session = async () => {
          for (let doubtfulSends = 0; doubtfulSends < budget; doubtfulSends += 1) {
            await s.schedule(Promise.resolve())
            clock.advance(5_000)
            expect(await coordinator.run(flight(renewed, [], { doubtfulSends, send }))).toMatchObject(unknown)
          }
        }
        await s.waitFor(Promise.all(Array.from({ length: 5 }, session)))
        // As often as one session alone.
        expect(sends).toBe(budget)
      }),
    )
  })

  test.each([
    [1_000, 86_400_000],
    [172_800_000, 172_800_000],
  ])(
    'with a window of %i ms it is remembered for %i ms, as long as a bearer may live (I1)',
    async (replayWindowMs, keptMs) => {
      const { clock, coordinator } = coordinatorOnFakeClock({ replayWindowMs })
      const sends: string[] = []
      await coordinator.run(flight(unknown, sends))
      clock.advance(keptMs - clock.monotonic() - 1)
      expect(await coordinator.run(flight(renewed, sends))).toEqual({ ...unknown, ageMs: keptMs - 1 })
      clock.advance(1)
      expect(await coordinator.run(flight(renewed, sends))).toEqual(renewed)
      expect(sends).toHaveLength(2)
    },
  )

  test('a rejection is remembered as long: who slept meanwhile does not present the dead token again (I1)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    await coordinator.run(flight(rejected, sends))
    clock.advance(86_400_000 - 1)
    expect(await coordinator.run(flight(renewed, sends))).toEqual(rejected)
    expect(sends).toHaveLength(1)
  })

  test('what is kept for longer counts against maxEntries, and goes first (I1)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock({ maxEntries: 2 })
    const sends: string[] = []
    const of = (refreshToken: string) => ({ identity: { ...ada, refreshToken } })
    await coordinator.run(flight(unknown, sends, of('R1')))
    clock.advance(60_000)
    await coordinator.run(flight(unknown, sends, of('R2')))
    expect(await coordinator.run(flight(renewed, sends, of('R1')))).toMatchObject(unknown)
    await coordinator.run(flight(unknown, sends, of('R3')))
    await coordinator.run(flight(renewed, sends, of('R2')))
    await coordinator.run(flight(renewed, sends, of('R1')))
    expect(sends).toEqual(['R1', 'R2', 'R3', 'R1'])
  })

  test('what is younger than a doubt is forgotten before it', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock({ replayWindowMs: 1_000 })
    const sends: string[] = []
    const other = { identity: { ...ada, refreshToken: 'X1' } }
    await coordinator.run(flight(unknown, sends))
    await coordinator.run(flight(renewed, sends, other))
    clock.advance(1_000)
    await coordinator.run(flight(renewed, sends, other))
    await coordinator.run(flight(renewed, sends))
    expect(sends).toEqual(['R1', 'X1', 'X1'])
  })

  test('what is known to be consumed is never sent again, permission or not (I1)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    const consumed: RefreshOutcome = { kind: 'unknown', cause: 'consumed', answered: true, consumed: true }
    await coordinator.run(flight(consumed, sends))
    expect(await coordinator.run(flight(renewed, sends, { doubtfulSends: 1 }))).toEqual(consumed)
    expect(sends).toHaveLength(1)
  })

  test.each<[string, RefreshOutcome]>([
    ['refused', { kind: 'refused', cause: 'network' }],
    ['unsupported', { kind: 'unsupported', forGood: false }],
  ])('a second send that was %s leaves the doubt of the first (I1)', async (_, outcome) => {
    const { coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    await coordinator.run(flight(unknown, sends))
    await coordinator.run(flight(outcome, sends, { doubtfulSends: 1 }))
    expect(await coordinator.run(flight(renewed, sends))).toEqual(unknown)
    expect(sends).toHaveLength(2)
  })

  test('an unchanged token ends the doubt: it is alive', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight(unknown))
    await coordinator.run(flight({ kind: 'ok', bearer: 'B2' }, [], { doubtfulSends: 1 }))
    expect(await coordinator.run(flight(renewed))).toEqual(renewed)
  })

  test('a remembered Retry-After is told from now', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight({ ...unknown, retryAfterMs: 5_000 }))
    clock.advance(2_000)
    expect(await coordinator.run(flight(renewed))).toEqual({ ...unknown, retryAfterMs: 3_000, ageMs: 2_000 })
    clock.advance(10_000)
    expect(await coordinator.run(flight(renewed))).toEqual({ ...unknown, retryAfterMs: 0, ageMs: 12_000 })
  })
})

describe('bounds', () => {
  const identityOf = (index: number) => ({ ...ada, refreshToken: `R${index}` })
  const successor = (index: number): RefreshOutcome => ({
    kind: 'ok',
    bearer: 'B',
    refreshToken: `S${index}`,
  })

  test('beyond maxEntries the flight that finished first is forgotten', async () => {
    const { coordinator } = coordinatorOnFakeClock({ maxEntries: 3 })
    const sends: string[] = []
    for (const index of [0, 1, 2, 3]) {
      await coordinator.run(flight(successor(index), sends, { identity: identityOf(index) }))
    }
    sends.length = 0
    for (const index of [1, 2, 3]) {
      await coordinator.run(flight(rejected, sends, { identity: identityOf(index) }))
    }
    expect(sends).toEqual([])
    await coordinator.run(flight(rejected, sends, { identity: identityOf(0) }))
    expect(sends).toEqual(['R0'])
  })

  test('a token that was sent again counts from its last flight', async () => {
    const { coordinator } = coordinatorOnFakeClock({ maxEntries: 2 })
    const sends: string[] = []
    await coordinator.run(flight(unknown, [], { identity: identityOf(0) }))
    await coordinator.run(flight(successor(1), [], { identity: identityOf(1) }))
    await coordinator.run(flight(successor(0), [], { identity: identityOf(0), doubtfulSends: 1 }))
    await coordinator.run(flight(successor(2), [], { identity: identityOf(2) }))
    for (const index of [0, 2, 1]) {
      await coordinator.run(flight(rejected, sends, { identity: identityOf(index) }))
    }
    expect(sends).toEqual(['R1'])
  })

  test('doubts are bounded like everything else', async () => {
    const { coordinator } = coordinatorOnFakeClock({ maxEntries: 2 })
    const sends: string[] = []
    for (const index of [0, 1, 2]) {
      await coordinator.run(flight(unknown, [], { identity: identityOf(index) }))
    }
    for (const index of [2, 1, 0]) {
      await coordinator.run(flight(renewed, sends, { identity: identityOf(index) }))
    }
    expect(sends).toEqual(['R0'])
  })

  test('a flight in the air is never forgotten, however many finish (I9)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock({ maxEntries: 1, replayWindowMs: 1_000 })
    const sends: string[] = []
    const held = heldFlight(sends)
    const first = coordinator.run(held.flight)
    await held.tookOff
    for (let index = 10; index < 30; index += 1) {
      await coordinator.run(flight(successor(index), [], { identity: identityOf(index) }))
      clock.advance(1_000)
    }
    const second = coordinator.run(held.flight)
    held.land(renewed)
    expect(await Promise.all([first, second])).toEqual([shared, shared])
    expect(sends).toHaveLength(1)
  })
})

describe('any order', () => {
  test('one send per rotated token, and everybody gets the same tokens (C2, I1, I24, I25)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 8 }),
        async (s, early, late) => {
          const { clock, coordinator } = coordinatorOnFakeClock({
            hash: s.scheduleFunction(async (text: string) => text),
          })
          let sends = 0
          const land = s.scheduleFunction(async (outcome: RefreshOutcome) => outcome)
          const send = () => land(++sends === 1 ? renewed : rejected)
          const ask = async () => {
            await s.schedule(Promise.resolve())
            clock.advance(1)
            return coordinator.run(flight(renewed, [], { send }))
          }
          const answers = Array.from({ length: early }, () => coordinator.run(flight(renewed, [], { send })))
          answers.push(...Array.from({ length: late }, ask))
          await s.waitFor(Promise.all(answers))
          expect(sends).toBe(1)
          for (const answer of await Promise.all(answers)) expect(answer).toMatchObject(renewed)
        },
      ),
    )
  })

  test('sends of one token never overlap, and follow only refused or a permitted unknown (I1, I9)', async () => {
    const outcomes = fc.constantFrom<RefreshOutcome>(
      renewed,
      rejected,
      unknown,
      { kind: 'unknown', cause: 'consumed', answered: true, consumed: true },
      { kind: 'refused', cause: 'network' },
      { kind: 'ok', bearer: 'B2', refreshToken: 'R1' },
    )
    const calls = fc.array(fc.record({ outcome: outcomes, doubtfulSends: fc.nat(3) }), {
      minLength: 1,
      maxLength: 10,
    })
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), calls, async (s, script) => {
        const { coordinator } = coordinatorOnFakeClock({
          hash: s.scheduleFunction(async (text: string) => text),
        })
        const land = s.scheduleFunction(async (outcome: RefreshOutcome) => outcome)
        const history: { outcome: RefreshOutcome; doubtfulSends: number }[] = []
        let inTheAir = 0
        let most = 0
        const ask = async ({ outcome, doubtfulSends }: (typeof history)[number]) => {
          await s.schedule(Promise.resolve())
          return coordinator.run(
            flight(outcome, [], {
              doubtfulSends,
              async send() {
                most = Math.max(most, ++inTheAir)
                const landed = await land(outcome)
                inTheAir -= 1
                history.push({ outcome, doubtfulSends })
                return landed
              },
            }),
          )
        }
        await s.waitFor(Promise.all(script.map(ask)))
        expect(most).toBe(1)
        let doubts = 0
        for (const [at, { outcome, doubtfulSends }] of history.entries()) {
          const before = history[at - 1]?.outcome
          expect(before?.kind === 'rejected' || (before?.kind === 'ok' && before.refreshToken === 'R2')).toBe(
            false,
          )
          expect(before?.kind === 'unknown' && before.consumed === true).toBe(false)
          if (doubts > 0) expect(doubtfulSends).toBeGreaterThanOrEqual(doubts)
          if (outcome.kind === 'unknown') doubts = doubtfulSends + 1
          else if (outcome.kind !== 'refused') doubts = 0
        }
      }),
      { numRuns: 300 },
    )
  })
})
