import fc from 'fast-check'
import { describe, test } from 'vitest'
import { carryOut, checkHistory, checkStep, command, commands, finish, run, worldOptions } from './model.ts'
import { createWorld, flush } from './world.ts'

const RUNS = Number(process.env.PROPERTY_RUNS ?? 1)

describe('any order of events', () => {
  test(
    'I1, I5, I6, I7, I9, I10, I11, I13, I15, I16, I17, I18, I23, I24 and I29: one session',
    async () => {
      await fc.assert(
        fc.asyncProperty(worldOptions(), commands(), async (options, way) => {
          await run(options, way)
        }),
        { numRuns: 700 * RUNS },
      )
    },
    60_000 * RUNS,
  )

  test(
    'I1, I5, I7, I9, I13, I17, I23, I24 and I25: copies of one session in one process',
    async () => {
      const copies = worldOptions({
        sessions: fc.constantFrom(2, 3),
        coordinated: fc.constant(true),
        stored: fc.constant(false),
      })
      await fc.assert(
        fc.asyncProperty(copies, commands(), async (options, way) => {
          await run(options, way)
        }),
        { numRuns: 500 * RUNS },
      )
    },
    60_000 * RUNS,
  )

  test(
    'I1, I5, I8, I9 and I17: sessions on one store and one coordinator',
    async () => {
      const peers = worldOptions({
        sessions: fc.constantFrom(2, 3),
        coordinated: fc.constant(true),
        stored: fc.constant(true),
      })
      await fc.assert(
        fc.asyncProperty(peers, commands(), async (options, way) => {
          await run(options, way)
        }),
        { numRuns: 500 * RUNS },
      )
    },
    60_000 * RUNS,
  )

  test(
    'C2, C7, I1, I5, I6, I8, I9 and I24: store, hash and answers take turns in any order',
    async () => {
      const step = fc.oneof(
        { weight: 2, arbitrary: command },
        { weight: 1, arbitrary: fc.constant('run' as const) },
      )
      const options = worldOptions({
        sessions: fc.constantFrom(1, 2),
        coordinated: fc.constant(true),
      })
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          options,
          fc.array(step, { maxLength: 30, size: 'max' }),
          async (s, given, way) => {
            const world = createWorld({ ...given, defer: (work) => s.schedule(Promise.resolve()).then(work) })
            const settle = async () => {
              await flush()
            }
            const logins = Promise.allSettled(world.login(0, 'ada'))
            await s.waitIdle()
            await logins
            for (const next of way) {
              if (next !== 'run') await carryOut(world, next, settle)
              else if (s.count() > 0) await s.waitNext(1)
            }
            await s.waitIdle()
            await flush()
            checkStep(world, { waiting: [], urls: 0, notices: 0 })
            checkHistory(world)
            await finish(world, async () => {
              await s.waitIdle()
              await flush()
            })
          },
        ),
        { numRuns: 400 * RUNS },
      )
    },
    60_000 * RUNS,
  )
})
