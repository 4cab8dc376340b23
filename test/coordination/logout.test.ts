import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RefreshOutcome } from '../../src/session/strategy.ts'
import { ada, coordinatorOnFakeClock, flight, heldFlight, knowing, renewed } from './flights.ts'

const ended = { kind: 'ended' }
const { refreshToken: _, ...cookieJar } = ada
/** The identity of a provider that names no sessions. */
const { sessionId: _id, ...anySession } = ada

describe('logout', () => {
  test('stragglers with any known token of the session are told that it ended (C7, I5, I6)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    await coordinator.run(flight(renewed, sends))
    const third = { ...renewed, refreshToken: 'R3' }
    await coordinator.run(flight(third, sends, { identity: { ...ada, refreshToken: 'R2' } }))
    coordinator.end({ ...ada, refreshToken: 'R3' })
    clock.advance(59_999)
    for (const refreshToken of ['R1', 'R2', 'R3']) {
      expect(await coordinator.run(flight(renewed, sends, { identity: { ...ada, refreshToken } }))).toEqual(
        ended,
      )
    }
    expect(sends).toEqual(['R1', 'R2'])
  })

  test('who logs out with an old token ends its successor too (C7, I6)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight(renewed))
    coordinator.end(ada)
    const sends: string[] = []
    expect(
      await coordinator.run(flight(renewed, sends, { identity: { ...ada, refreshToken: 'R2' } })),
    ).toEqual(ended)
    expect(sends).toEqual([])
  })

  test('a token that was never sent is told too, from the very moment (C7, I5)', async () => {
    // Hashes land in any order: the tombstone's may be the slowest.
    const waiting: (() => void)[] = []
    const hash = (text: string) => new Promise<string>((resolve) => waiting.push(() => resolve(text)))
    const { coordinator } = coordinatorOnFakeClock({ hash })
    const sends: string[] = []
    coordinator.end(ada)
    const answer = coordinator.run(flight(renewed, sends))
    expect(waiting).toHaveLength(2)
    for (const land of waiting.toReversed()) {
      land()
      await Promise.resolve()
    }
    expect(await answer).toEqual(ended)
    expect(sends).toEqual([])
  })

  test('who had asked and was not yet sent is told (C7, I5)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    const asked = coordinator.run(flight(renewed, sends, { identity: { ...ada, refreshToken: 'R0' } }))
    coordinator.end(ada)
    expect(await asked).toEqual(ended)
    expect(
      await coordinator.run(flight(renewed, sends, { identity: { ...ada, refreshToken: 'R0' } })),
    ).toEqual(ended)
    expect(sends).toEqual([])
  })

  test('followers are told at once; the caller whose send is under way gets what it brings, to revoke it (C7, I6)', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    const held = heldFlight(sends)
    const leader = coordinator.run(held.flight)
    await held.tookOff
    const follower = coordinator.run(held.flight)
    coordinator.end(ada)
    expect(await follower).toEqual(ended)
    expect(await coordinator.run(held.flight)).toEqual(ended)
    // The tombstone outlives the flight by the whole window.
    clock.advance(100_000)
    expect(await coordinator.run(held.flight)).toEqual(ended)
    held.land(renewed)
    expect(await leader).toEqual({ kind: 'ended', late: renewed })
    clock.advance(59_999)
    expect(await coordinator.run(flight(renewed, sends))).toEqual(ended)
    expect(sends).toHaveLength(1)
  })

  test('a limiter that answers after the logout still holds its origin (A31, C7)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const limited: RefreshOutcome = { kind: 'refused', cause: 'limited', retryAfterMs: 5_000 }
    const held = heldFlight()
    const leader = coordinator.run(held.flight)
    await held.tookOff
    coordinator.end(ada)
    held.land(limited)
    expect(await leader).toEqual({ kind: 'ended', late: limited })
    expect(await coordinator.run(flight(renewed, [], { identity: { ...ada, userId: 'bob' } }))).toEqual(
      limited,
    )
  })

  test('the next login of the same user has other tokens and is not affected (C9, I7)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight(renewed))
    coordinator.end(ada)
    const next = { kind: 'ok', bearer: 'B', refreshToken: 'N2' } as const
    const identity = { ...ada, refreshToken: 'N1' }
    expect(await coordinator.run(flight(next, [], { identity }))).toEqual(next)
    expect(await coordinator.run(flight(next, [], { identity }))).toEqual({ ...next, ageMs: 0 })
  })

  test('nor is one whose token is in a cookie jar, even while the old flight is in the air (C9)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    const old = heldFlight(sends, { identity: cookieJar })
    const leader = coordinator.run(old.flight)
    await old.tookOff
    coordinator.end(cookieJar)
    const next = heldFlight(sends, { identity: cookieJar })
    const fresh = coordinator.run(next.flight)
    await next.tookOff
    old.land(renewed)
    expect(await leader).toEqual({ kind: 'ended', late: renewed })
    const joined = coordinator.run(next.flight)
    next.land({ kind: 'ok', bearer: 'NEW' })
    expect(await Promise.all([fresh, joined])).toEqual([
      { kind: 'ok', bearer: 'NEW', shared: true },
      { kind: 'ok', bearer: 'NEW', shared: true },
    ])
    expect(sends).toHaveLength(2)
    // Nothing is remembered of either.
    expect(await coordinator.run(flight(renewed, sends, { identity: cookieJar }))).toEqual(renewed)
  })

  test('a cookie jar that had asked is told, its next login is not (C7, C9)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const asked = coordinator.run(flight(renewed, [], { identity: cookieJar }))
    coordinator.end(cookieJar)
    expect(await asked).toEqual(ended)
    expect(await coordinator.run(flight(renewed, [], { identity: cookieJar }))).toEqual(renewed)
  })

  test('a token that was the last of its session has no successor to end: a cookie jar goes on (C9)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight({ kind: 'ok', bearer: 'B2', final: true }))
    coordinator.end(ada)
    expect(await coordinator.run(flight(renewed))).toEqual(ended)
    expect(await coordinator.run(flight(renewed, [], { identity: cookieJar }))).toEqual(renewed)
  })

  test('a flight under way is ended whichever token of its session who logs out names (C7, I6)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const held = heldFlight([], { identity: { ...ada, refreshToken: 'R9' } })
    const leader = coordinator.run(held.flight)
    await held.tookOff
    const follower = coordinator.run(held.flight)
    coordinator.end(ada)
    expect(await follower).toEqual(ended)
    held.land(renewed)
    expect(await leader).toEqual({ kind: 'ended', late: renewed })
  })

  test.each([
    ['user', { ...ada, userId: 'bob' }],
    ['tenant', { ...ada, tenantId: 'green' }],
    ['session', { ...ada, sessionId: 's2' }],
    ['provider', { ...ada, provider: 'librechat' }],
  ])('another %s goes on (I7, X18)', async (_name, other) => {
    const { coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight(renewed, [], { identity: other }))
    coordinator.end(ada)
    expect(await coordinator.run(flight(renewed, [], { identity: other }))).toEqual({ ...renewed, ageMs: 0 })
  })

  test('nor does a logout touch what others ask or have in the air (I7, X18)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const identity = { ...ada, userId: 'bob' }
    const held = heldFlight([], { identity })
    const leader = coordinator.run(held.flight)
    coordinator.end(ada)
    await held.tookOff
    const follower = coordinator.run(held.flight)
    coordinator.end(ada)
    held.land(renewed)
    expect(await Promise.all([leader, follower])).toMatchObject([renewed, renewed])
  })

  test('after the window nothing is left of it', async () => {
    const { clock, coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight(renewed))
    coordinator.end(ada)
    await coordinator.run(flight(renewed))
    clock.advance(60_000)
    expect(await coordinator.run(flight(renewed))).toEqual(renewed)
  })

  test.each([
    ['with a session id', ada],
    ['without', anySession],
  ])('in no order does a token come back, %s (C7, I5, I6)', async (_name, identity) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 6 }), async (s, callers) => {
        const { coordinator } = coordinatorOnFakeClock({
          hash: s.scheduleFunction(async (text: string) => text),
        })
        const land = s.scheduleFunction(async (outcome: RefreshOutcome) => outcome)
        let isOut = false
        const sends: string[] = []
        const send = () => {
          sends.push(isOut ? 'after the logout' : 'before')
          return land(renewed)
        }
        const ask = async () => {
          await s.schedule(Promise.resolve())
          const wasOut = isOut
          const answer = await coordinator.run(flight(renewed, [], { identity, send }))
          return { answer, wasOut }
        }
        const logout = s.scheduleFunction(async () => {
          isOut = true
          coordinator.end(identity)
        })
        const asked = Array.from({ length: callers }, ask)
        await s.waitFor(Promise.all([...asked, logout()]))
        for (const { answer, wasOut } of await Promise.all(asked)) {
          if (wasOut) expect(answer).toEqual(ended)
        }
        const late = coordinator.run(flight(renewed, [], { identity, send }))
        await s.waitFor(late)
        expect(await late).toEqual(ended)
        expect([[], ['before']]).toContainEqual(sends)
      }),
    )
  })
})

describe('logout without a session id', () => {
  const mine = (refreshToken: string) => ({ identity: { ...anySession, refreshToken } })
  const to = (refreshToken: string): RefreshOutcome => ({ kind: 'ok', bearer: 'B', refreshToken })

  test('another login of the same user keeps its flight, its memory and whom it asks (C7, C9, I7)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const sends: string[] = []
    await coordinator.run(flight(to('A2'), [], mine('A1')))
    await coordinator.run(flight(to('B2'), [], mine('B1')))
    const held = heldFlight([], mine('B2'))
    const leader = coordinator.run(held.flight)
    await held.tookOff
    const asked = coordinator.run(held.flight)
    coordinator.end(mine('A2').identity)
    const later = coordinator.run(held.flight)
    await coordinator.run(flight(renewed, [], mine('A2')))
    held.land(to('B3'))
    const shared = { ...to('B3'), shared: true }
    expect(await Promise.all([leader, asked, later])).toEqual([shared, shared, shared])
    for (const [token, next] of [
      ['B1', 'B2'],
      ['B2', 'B3'],
    ] as const)
      expect(await coordinator.run(flight(renewed, sends, mine(token)))).toEqual({ ...to(next), ageMs: 0 })
    for (const token of ['A1', 'A2'])
      expect(await coordinator.run(flight(renewed, sends, mine(token)))).toEqual(ended)
    expect(sends).toEqual([])
  })

  test.each(['R1', 'R2', 'R3', 'R4'])(
    'who logs out with %s ends all that it came from and became (C7, I6)',
    async (token) => {
      const { coordinator } = coordinatorOnFakeClock()
      const sends: string[] = []
      await coordinator.run(flight(to('R2'), [], mine('R1')))
      await coordinator.run(flight(to('X2'), [], mine('X1')))
      await coordinator.run(flight(to('R3'), [], mine('R2')))
      await coordinator.run(flight(to('R4'), [], mine('R3')))
      coordinator.end(mine(token).identity)
      for (const known of ['R4', 'R1', 'R3', 'R2'])
        expect(await coordinator.run(flight(renewed, sends, mine(known)))).toEqual(ended)
      expect(await coordinator.run(flight(renewed, sends, mine('X1')))).toEqual({ ...to('X2'), ageMs: 0 })
      expect(sends).toEqual([])
    },
  )

  test.each(['R1', 'R2'])(
    'a flight under way is ended by who logs out with %s; what it brings is to be revoked (C7, I6)',
    async (token) => {
      const { coordinator } = coordinatorOnFakeClock()
      await coordinator.run(flight(renewed, [], mine('R1')))
      const held = heldFlight([], mine('R2'))
      const leader = coordinator.run(held.flight)
      await held.tookOff
      const follower = coordinator.run(held.flight)
      coordinator.end(mine(token).identity)
      expect(await follower).toEqual(ended)
      held.land(to('R3'))
      expect(await leader).toEqual({ kind: 'ended', late: to('R3') })
      expect(await coordinator.run(flight(renewed, [], mine('R2')))).toEqual(ended)
    },
  )

  test('a flight that lands at the very moment is ended too (C7, I5)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const held = heldFlight([], mine('R1'))
    const leader = coordinator.run(held.flight)
    await held.tookOff
    held.land(renewed)
    coordinator.end(mine('R1').identity)
    expect(await leader).toEqual({ kind: 'ended', late: renewed })
  })

  test('nor does it land while the logout still waits for its hash (C7, I5)', async () => {
    let isSlow = false
    const hash = (text: string) => (isSlow ? new Promise<string>(() => {}) : text)
    const { coordinator } = coordinatorOnFakeClock({ hash })
    const held = heldFlight([], mine('R1'))
    const leader = coordinator.run(held.flight)
    await held.tookOff
    isSlow = true
    coordinator.end(mine('R1').identity)
    held.land({ kind: 'ok', bearer: 'B2' })
    expect(await leader).toEqual({ kind: 'ended', late: { kind: 'ok', bearer: 'B2' } })
  })

  test('a straggler that had asked with an older token is told (C7, I5)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight(renewed, [], mine('R1')))
    const asked = coordinator.run(flight(renewed, [], mine('R1')))
    coordinator.end(mine('R2').identity)
    expect(await asked).toEqual(ended)
  })

  test('a doubtful token is told too, whatever its session knows (C7, I5)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    await coordinator.run(flight({ kind: 'unknown', cause: 'timeout', answered: false }, [], mine('R1')))
    coordinator.end(mine('R1').identity)
    const sends: string[] = []
    expect(await coordinator.run(flight(renewed, sends, { ...mine('R1'), ask: knowing(1) }))).toEqual(ended)
    expect(sends).toEqual([])
  })

  test('where the hash of a successor fails, its flight lands all the same', async () => {
    const hash = (text: string) => {
      if (text.includes('R2')) throw new Error('no')
      return text
    }
    const { coordinator } = coordinatorOnFakeClock({ hash })
    expect(await coordinator.run(flight(renewed, [], mine('R1')))).toEqual(renewed)
    coordinator.end(mine('R1').identity)
    expect(await coordinator.run(flight(renewed, [], mine('R1')))).toEqual(ended)
  })

  test('a cookie jar has nothing else to go by: every login of its user is ended (C7)', async () => {
    const { coordinator } = coordinatorOnFakeClock()
    const { refreshToken: _token, ...jar } = anySession
    await coordinator.run(flight(to('A2'), [], mine('A1')))
    for (const more of [{ identity: jar }, mine('B1')]) {
      const held = heldFlight([], more)
      const leader = coordinator.run(held.flight)
      await held.tookOff
      const asked = coordinator.run(flight(renewed, [], mine('C1')))
      coordinator.end(jar)
      held.land(renewed)
      expect(await leader).toEqual({ kind: 'ended', late: renewed })
      expect(await asked).toEqual(ended)
    }
    expect(await coordinator.run(flight(renewed, [], mine('A1')))).toEqual(ended)
  })
})
