import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Command, carryOut, commands, finish, pass, run, worldOptions } from './model.ts'
import { createWorld, flush, type WorldOptions } from './world.ts'

const base: WorldOptions = {
  lifeMs: 60_000,
  policy: 'eager',
  resend: 'afterBearerEnds',
  sessions: 1,
  coordinated: false,
  stored: false,
}

async function start(options: Partial<WorldOptions> = {}) {
  const world = createWorld({ ...base, ...options })
  await flush()
  await Promise.all(world.login(0, 'ada'))
  return world
}

const minute = 60_000

describe('rates', () => {
  test('I12: sends of a session stay under one per floor, whatever is answered and however often it is asked', async () => {
    await fc.assert(
      fc.asyncProperty(worldOptions(), commands(40), async (options, way) => {
        const world = await run(options, way)
        const { shocks } = world.history
        const sends = world.history.sends.map(({ send }) => send)
        const floorMs = Math.min(5_000, options.lifeMs / 2)
        for (const { at } of sends) {
          const inWindow = (other: { at: number }) => other.at >= at && other.at < at + minute
          const logins = shocks.filter(inWindow).length
          // Refusals back off from half a second up to a minute: seven of them fit into the first one.
          expect(sends.filter(inWindow).length).toBeLessThanOrEqual(minute / floorMs + 1 + 7 + logins)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('I12: the sends of an hour without answers are few', async () => {
    for (const kind of ['refused', 'unknown', 'answered', 'limited', 'short', 'misconfigured'] as const) {
      const world = await start()
      for (let passed = 0; passed < 60 * minute; passed += 250) {
        world.clock.advance(250)
        await flush()
        if (world.pending.length > 0) world.answer(0, kind)
        await flush()
      }
      // Backoff up to a minute; what nobody answers up to five minutes; what the backend answers is sent four times, three useless ones end
      // what has no bearer any more, and one more fits into the time that the old bearer has left.
      const most = {
        refused: 70 * 3,
        limited: 70 * 3,
        misconfigured: 61,
        unknown: 17,
        answered: 4,
        short: 4,
      }[kind]
      expect(world.history.sends.length, kind).toBeLessThanOrEqual(most)
      await finish(world)
    }
  })

  test('I27: k jumps of the wall clock cost k + 1 refreshes at most, and no bearer is handed out that had ended', async () => {
    const jumps = fc.array(
      fc.record({
        after: fc.integer({ min: 1, max: 20 * minute }),
        by: fc.integer({ min: -90 * minute, max: 90 * minute }),
      }),
      { maxLength: 6 },
    )
    await fc.assert(
      fc.asyncProperty(
        jumps,
        fc.constantFrom('eager' as const, 'onDemand' as const),
        async (given, policy) => {
          const count = async (isJumping: boolean) => {
            const world = await start({ lifeMs: 10 * minute, policy })
            const step = async (ms: number) => {
              await pass(world, ms)
              world.getToken(0)
              await flush()
              while (world.pending.length > 0) {
                world.answer(0, 'ok')
                await flush()
              }
            }
            for (const { after, by } of given) {
              for (let passed = 0; passed < after; passed += minute)
                await step(Math.min(minute, after - passed))
              if (isJumping) world.jumpWall(by)
              await step(0)
            }
            for (let passed = 0; passed < 30 * minute; passed += minute) await step(minute)
            const sends = world.history.sends.length
            expect(world.history.dishonest).toEqual([])
            await finish(world)
            return sends
          }
          expect(await count(true)).toBeLessThanOrEqual((await count(false)) + given.length + 1)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('timers', () => {
  test('I28: every delay is sane, one background timer per session, one more per unstored renewal and per open request', async () => {
    const life = fc.constantFrom(1, 2_000, 60_000, 40 * 86_400_000)
    await fc.assert(
      fc.asyncProperty(
        worldOptions({ lifeMs: life, sessions: fc.constantFrom(1, 2) }),
        commands(),
        async (options, way) => {
          const world = await start(options)
          for (const given of way) {
            // The clock throws for a delay that a real one would get wrong.
            await carryOut(world, given)
            const kinds = world.clock.pending().map(({ kind }) => kind)
            const lively = world.members.filter(({ isDisposed }) => !isDisposed).length
            // Of a disposed session, too: what it owes its store is the only valid token.
            const owing = way.some(({ do: what }) => what === 'store') ? world.members.length : 0
            const background = kinds.filter((kind) => kind === 'background').length
            expect(background).toBeLessThanOrEqual(lively + owing)
            if (!way.some(({ do: what }) => what === 'logout' || what === 'login' || what === 'dispose'))
              expect(kinds.length - lively - owing).toBeLessThanOrEqual(
                Math.max(world.pending.length, lively),
              )
          }
          await finish(world)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('I29: any word over login, logout, callers and dispose ends with nothing armed and nobody listening', async () => {
    const word = fc.array(
      fc.oneof<fc.Arbitrary<Command>[]>(
        fc.constant({ do: 'login', by: 0, user: 'ada' }),
        fc.constant({ do: 'logout', by: 0 }),
        fc.constant({ do: 'getToken', by: 0, times: 2 }),
        fc.constant({ do: 'dispose', by: 1 }),
        fc.constant({ do: 'tick', ms: 45_000 }),
        fc.constant({ do: 'next' }),
      ),
      { maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(word, fc.boolean(), fc.boolean(), async (way, stored, coordinated) => {
        const world = await start({ stored, coordinated })
        for (const given of way) await carryOut(world, given)
        await finish(world)
      }),
      { numRuns: 300 },
    )
  })
})

describe('recovery', () => {
  test('I26: when the backend is well again, a session that is not over is active within 375 s and the deadline', async () => {
    const eager = worldOptions({
      policy: fc.constant('eager'),
      resend: fc.constant('afterBearerEnds'),
      lateMs: fc.constant(0),
      lifeMs: fc.constantFrom(2_000, 60_000),
    })
    await fc.assert(
      fc.asyncProperty(eager, commands(), async (options, way) => {
        const world = await start(options)
        for (const given of way) await carryOut(world, given)
        const { session } = world.members[0] as (typeof world.members)[number]
        world.members[0]?.report('userActive')
        world.heal()
        await flush()
        const isOver = () => ['expired', 'loggedOut'].includes(session.getSnapshot().state)
        const family = world.familyOf(0)
        const { doubt, refreshable, lastChance } = session.actorRef.getSnapshot().context
        // Of two answers to one token that both came late, the one that rotated it may be the one that lost.
        const isLate = world.history.proofsCameLate
        const isHopeless = world.members[0]?.isDisposed || isOver() || !refreshable || lastChance || isLate
        if (isHopeless || !family || world.isConsumed(family)) return finish(world)
        // In doubt nothing is sent before the bearer ends.
        await pass(world, 25_000 + 375_000 + 1_000 + (doubt ? options.lifeMs : 0))
        if (!isOver() || doubt === null)
          expect(['active', 'refreshing']).toContain(session.getSnapshot().state)
        await finish(world)
      }),
      { numRuns: 250 },
    )
  })

  test('I14: a session whose backend is well, and whose user neither idles nor logs out, is never lost', async () => {
    const calm = fc.array(
      fc.oneof<fc.Arbitrary<Command>[]>(
        fc.record({
          do: fc.constant('getToken' as const),
          by: fc.constant(0),
          times: fc.integer({ min: 1, max: 3 }),
        }),
        fc.record({
          do: fc.constant('fetch' as const),
          by: fc.constant(0),
          api: fc.constantFrom('ok' as const, 'once401' as const, 'always401' as const),
        }),
        fc.record({ do: fc.constant('tick' as const), ms: fc.integer({ min: 0, max: 100_000 }) }),
        fc.record({ do: fc.constant('sleep' as const), ms: fc.integer({ min: 0, max: 40_000_000 }) }),
        fc.record({ do: fc.constant('jump' as const), ms: fc.integer({ min: -4_000_000, max: 4_000_000 }) }),
        fc.constant({ do: 'next' as const }),
        fc.record({
          do: fc.constant('signal' as const),
          by: fc.constant(0),
          signal: fc.constantFrom('userIdle' as const, 'userActive' as const, 'networkRestored' as const),
        }),
      ),
      { maxLength: 40, size: 'max' },
    )
    const policies = worldOptions({ policy: fc.constantFrom('eager', 'onDemand') })
    await fc.assert(
      fc.asyncProperty(policies, calm, async (options, way) => {
        const world = await start(options)
        world.heal()
        for (const given of way) {
          await carryOut(world, given)
          expect(world.members[0]?.session.getSnapshot().reason).toBeNull()
        }
        await finish(world)
      }),
      { numRuns: 250 },
    )
  })
})
