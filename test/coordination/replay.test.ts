import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RefreshOutcome } from '../../src/session/strategy.ts'
import { ada, coordinatorOnFakeClock, flight, heldFlight, knowing, renewed, shared } from './flights.ts'

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
    expect(await coordinator.run(flight(renewed, sends, { ask: knowing(1) }))).toEqual(rejected)
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

/** What a session is told of a token in doubt that was not sent for it. */
const inDoubt = (sends: number, sinceMs: number, waitMs: number) => ({
  kind: 'unknown',
  cause: 'inDoubt',
  answered: false,
  doubt: { sends, sinceMs, answers: 0, waitMs },
})

const served = { ...knowing(0), isSpent: false }

describe('doubt', () => {
  test('an unknown outcome is not sent again while the bearer is good (I1)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    await coordinator.run(flight(unknown, sends))
    clock.advance(30_000)
    expect(await coordinator.run(flight(renewed, sends, { ask: served }))).toEqual(inDoubt(1, 30_000, 0))
    expect(sends).toHaveLength(1)
  })

  test('who sent is told of the row, too: its age counts from the send (I1)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    const send = async () => {
      clock.advance(10)
      return unknown
    }
    const doubt = { sends: 1, sinceMs: 10, answers: 0, waitMs: 10_000 }
    expect(await coordinator.run(flight(unknown, [], { send }))).toEqual({ ...unknown, doubt })
  })

  test('after its wait it is sent again, once for all who ask, and its result counts (I1, I9)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    await coordinator.run(flight(unknown, sends))
    expect(await coordinator.run(flight(renewed, sends))).toEqual(inDoubt(1, 0, 10_000))
    clock.advance(9_999)
    expect(await coordinator.run(flight(renewed, sends))).toEqual(inDoubt(1, 9_999, 1))
    clock.advance(1)
    const again = flight(renewed, sends)
    const answers = await Promise.all([coordinator.run(again), coordinator.run(again)])
    expect(answers).toEqual([shared, shared])
    expect(await coordinator.run(flight(rejected, sends))).toEqual({ ...renewed, ageMs: 0 })
    expect(sends).toHaveLength(2)
  })

  test('what one session sent again, no other does, whatever it remembers (I1)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    const ask = (known: number) => coordinator.run(flight(unknown, sends, { ask: knowing(known) }))
    await ask(0)
    clock.advance(10_000)
    await ask(0)
    for (const known of [0, 1, 2])
      expect(await ask(known)).toMatchObject({ cause: 'inDoubt', doubt: { sends: 2 } })
    expect(sends).toHaveLength(2)
    clock.advance(30_000)
    await ask(0)
    expect(sends).toHaveLength(3)
  })

  test('what a session brings from before counts, though it was forgotten here (I1)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    expect(await coordinator.run(flight(unknown, sends, { ask: knowing(3) }))).toMatchObject({
      doubt: { sends: 4, answers: 3 },
    })
    expect(await coordinator.run(flight(renewed, sends, { ask: knowing(3) }))).toMatchObject({
      cause: 'inDoubt',
      doubt: { sends: 4, answers: 3 },
    })
    expect(sends).toHaveLength(1)
  })

  test.each([
    ['withinMs', 2, { resend: { withinMs: 3_600_000 }, isSpent: true, known: null } as const],
    ['afterBearerEnds', 4, knowing(0)],
  ])('five sessions under %s send one token %i times at most, in any order (I1)', async (_, budget, ask) => {
    const answered: RefreshOutcome = { kind: 'unknown', cause: 'refreshFailed', answered: true }
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (s) => {
        const { clock, coordinator } = coordinatorOnFakeClock({
          hash: s.scheduleFunction(async (text: string) => text),
        })
        const land = s.scheduleFunction(async (outcome: RefreshOutcome) => outcome)
        let sends = 0
        const send = () => {
          sends += 1
          return land(answered)
        }
        const session = async () => {
          for (let count = 0; count < 6; count += 1) {
            await s.schedule(Promise.resolve())
            clock.advance(100_000)
            expect(await coordinator.run(flight(renewed, [], { ask, send }))).toMatchObject({
              kind: 'unknown',
            })
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
      expect(await coordinator.run(flight(renewed, sends, { ask: served }))).toEqual(
        inDoubt(1, keptMs - 1, 0),
      )
      clock.advance(1)
      expect(await coordinator.run(flight(renewed, sends, { ask: served }))).toEqual(renewed)
      expect(sends).toHaveLength(2)
    },
  )

  test.each<[string, RefreshOutcome]>([
    ['a rejection', rejected],
    ['a token that is spent', { kind: 'unknown', cause: 'consumed', answered: true, consumed: true }],
  ])(
    'U37: %s is remembered as long: who slept meanwhile does not present the dead token again (I1)',
    async (_, outcome) => {
      const { clock, coordinator } = coordinatorOnFakeClock()
      const sends: string[] = []
      await coordinator.run(flight(outcome, sends))
      for (const passMs of [600_000, 82_800_000, 3_000_000 - 1]) {
        clock.advance(passMs)
        for (const known of [0, 1, 9])
          expect(await coordinator.run(flight(renewed, sends, { ask: knowing(known) }))).toMatchObject(
            outcome,
          )
      }
      expect(sends).toHaveLength(1)
    },
  )

  test('what is kept for longer counts against maxEntries, and goes first (I1)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock({ maxEntries: 2 })
    const sends: string[] = []
    const of = (refreshToken: string) => ({ identity: { ...ada, refreshToken }, ask: served })
    await coordinator.run(flight(unknown, sends, of('R1')))
    clock.advance(60_000)
    await coordinator.run(flight(unknown, sends, of('R2')))
    expect(await coordinator.run(flight(renewed, sends, of('R1')))).toMatchObject({ cause: 'inDoubt' })
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

  test.each<[string, RefreshOutcome]>([
    ['refused', { kind: 'refused', cause: 'network' }],
    ['unsupported', { kind: 'unsupported', forGood: false }],
  ])('a second send that was %s leaves the doubt of the first (I1)', async (_, outcome) => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    await coordinator.run(flight(unknown, sends))
    clock.advance(10_000)
    await coordinator.run(flight(outcome, sends))
    expect(await coordinator.run(flight(renewed, sends, { ask: served }))).toEqual(inDoubt(1, 10_000, 0))
    expect(sends).toHaveLength(2)
  })

  test('an unchanged token ends the doubt: it is alive', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight(unknown))
    clock.advance(10_000)
    await coordinator.run(flight({ kind: 'ok', bearer: 'B2' }))
    expect(await coordinator.run(flight(renewed, [], { ask: served }))).toEqual(renewed)
  })

  test('a remembered Retry-After is told from now', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight({ ...unknown, retryAfterMs: 15_000 }))
    clock.advance(2_000)
    const told = { ...inDoubt(1, 2_000, 8_000), retryAfterMs: 13_000 }
    expect(await coordinator.run(flight(renewed))).toEqual(told)
    clock.advance(12_999)
    expect(await coordinator.run(flight(renewed))).toMatchObject({ retryAfterMs: 1 })
    clock.advance(1)
    expect(await coordinator.run(flight(renewed))).toEqual(renewed)
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
    const { clock, coordinator } = coordinatorOnFakeClock({ maxEntries: 2 })
    const sends: string[] = []
    await coordinator.run(flight(unknown, [], { identity: identityOf(0) }))
    await coordinator.run(flight(successor(1), [], { identity: identityOf(1) }))
    clock.advance(10_000)
    await coordinator.run(flight(successor(0), [], { identity: identityOf(0) }))
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

  test('sends of one token never overlap, and follow only refused or an unknown that is due (I1, I9)', async () => {
    const outcomes = fc.constantFrom<RefreshOutcome>(
      renewed,
      rejected,
      unknown,
      unknown,
      { kind: 'unknown', cause: 'refreshFailed', answered: true },
      { kind: 'unknown', cause: 'consumed', answered: true, consumed: true },
      { kind: 'refused', cause: 'network' },
      { kind: 'ok', bearer: 'B2', refreshToken: 'R1' },
    )
    const calls = fc.array(
      fc.record({ outcome: outcomes, knows: fc.nat(3), passMs: fc.constantFrom(0, 3_000, 20_000, 200_000) }),
      { minLength: 1, maxLength: 12 },
    )
    let resent = 0
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), calls, async (s, script) => {
        const { clock, coordinator } = coordinatorOnFakeClock({
          replayWindowMs: 36_000_000,
          hash: s.scheduleFunction(async (text: string) => text),
        })
        const land = s.scheduleFunction(async (outcome: RefreshOutcome) => outcome)
        const history: { readonly outcome: RefreshOutcome; readonly knows: number; readonly at: number }[] =
          []
        let inTheAir = 0
        let most = 0
        const ask = async ({ outcome, knows, passMs }: (typeof script)[number]) => {
          await s.schedule(Promise.resolve())
          clock.advance(passMs)
          return coordinator.run(
            flight(outcome, [], {
              ask: knowing(knows),
              async send() {
                history.push({ outcome, knows, at: clock.monotonic() })
                most = Math.max(most, ++inTheAir)
                const landed = await land(outcome)
                inTheAir -= 1
                return landed
              },
            }),
          )
        }
        await s.waitFor(Promise.all(script.map(ask)))
        expect(most).toBeLessThanOrEqual(1)
        let doubtAt: number | undefined
        let answers = 0
        for (const [index, { outcome, knows, at }] of history.entries()) {
          const before = history[index - 1]?.outcome
          const isReplaced = before?.kind === 'ok' && before.refreshToken === 'R2'
          expect(before?.kind === 'rejected' || isReplaced).toBe(false)
          expect(before?.kind === 'unknown' && before.consumed === true).toBe(false)
          if (doubtAt !== undefined) {
            resent++
            expect(at - doubtAt).toBeGreaterThanOrEqual(10_000)
            expect(Math.max(answers, knows)).toBeLessThan(4)
          }
          if (outcome.kind === 'unknown') {
            doubtAt = at
            answers = Math.max(answers, knows) + (outcome.answered ? 1 : 0)
          } else if (outcome.kind === 'ok') {
            doubtAt = undefined
            answers = 0
          }
        }
      }),
      { numRuns: 300 },
    )
    expect(resent).toBeGreaterThan(20)
  })
})
