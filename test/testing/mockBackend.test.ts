import fc from 'fast-check'
import { setupServer } from 'msw/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Session } from 'xstate-session'
import { describeCoverage, modelSuite, sessionDriver } from 'xstate-session/testing'
import { driven, mock, mockSuite } from './drivers.ts'

const server = setupServer(...mock.handlers)
const policies = ['eager', 'onDemand', 'prompt'] as const
const resends = ['afterBearerEnds', 'never', { withinMs: 20_000 }] as const
beforeAll(() => server.listen({ onUnhandledFrame: 'error' }))
afterAll(() => server.close())

describe('a session against the mock backend', () => {
  const suite = mockSuite()
  test.each(suite.paths)('$name', ({ run }) => run())
  test('walks every row that it can reach', () => {
    expect(suite.walked()).toEqual(suite.planned())
    console.info(`The mock backend\n${describeCoverage(suite.walked())}`)
  })
})

describe('paths of every kind pass', () => {
  const kinds = ['transitions', 'shortest', 'simple', 'tours'] as const
  const settings = policies.flatMap((policy) => resends.map((resend) => ({ ...driven, policy, resend })))
  test.each(settings)('$policy, resend $resend', async (given) => {
    const suite = mockSuite(kinds.map((paths) => ({ ...given, paths })))
    for (const { run } of suite.paths) await run()
  })
})

describe('the driver notices', () => {
  const endingWith = (backend: typeof mock, event: string) =>
    modelSuite(sessionDriver({ backend, patienceMs: 50 }), driven).paths.find(
      ({ steps }) => steps.at(-1)?.event === event,
    )

  test('a backend that does not do as it is told', async () => {
    const deaf = { ...mock, failRefresh() {} }
    await expect(endingWith(deaf, 'refresh.accessRevoked')?.run()).rejects.toThrow(
      /^Expected expired \(accessRevoked\), .*; it is active, /,
    )
  })

  test('and says where, before the usual limit of a test runner is over', { timeout: 5_000 }, async () => {
    const deaf = sessionDriver({ backend: { ...mock, failRefresh() {} } })
    const path = modelSuite(deaf, driven).paths.find(({ name }) => name.endsWith('(accessRevoked)'))
    await expect(path?.run()).rejects.toThrow('refresh.accessRevoked -> expired (accessRevoked)  <- here')
  })

  test('a UI that is not taken down, and lets its session go all the same', async () => {
    let shown: Session | undefined
    const mount = async (session: Session) => {
      shown = session
      return () => Promise.reject(new Error('The root is gone'))
    }
    const [path] = modelSuite(sessionDriver({ backend: mock, mount }), driven).paths
    await expect(path?.run()).rejects.toThrow('The root is gone')
    await expect(shown?.getToken()).rejects.toMatchObject({ code: 'disposed' })
  })

  test('a UI that shows something else', async () => {
    const shows = () => {
      throw new Error('No users to be seen')
    }
    const [path] = modelSuite(sessionDriver({ backend: mock, shows }), driven).paths.filter(
      ({ steps }) => steps.length > 2,
    )
    await expect(path?.run()).rejects.toThrow('No users to be seen')
  })
})

describe('random walks', () => {
  const events = fc.constantFrom(...mockSuite().events)

  const suites = policies.flatMap((policy) =>
    resends.map((resend) => mockSuite({ ...driven, policy, resend, paths: 'simple' })),
  )

  test('pass where the backend is in order', async () => {
    let steps = 0
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: suites.length - 1 }),
        fc.array(events, { minLength: 5, maxLength: 40, size: 'max' }),
        async (which, walk) => {
          const path = suites[which]?.walk(walk)
          steps += path?.steps.length ?? 0
          await path?.run()
        },
      ),
      { numRuns: 200 },
    )
    // Many of them cannot happen where they come.
    expect(steps).toBeGreaterThan(500)
  })

  test('shrink to the events that matter, in order', async () => {
    const deaf = { ...mock, failRefresh() {} }
    const suite = modelSuite(sessionDriver({ backend: deaf, patienceMs: 50 }), { ...driven, paths: 'simple' })
    const found = await fc.check(
      fc.asyncProperty(fc.array(events, { minLength: 3, maxLength: 12 }), (walk) => suite.walk(walk).run()),
      {
        seed: 1,
        examples: [
          [['user.wentIdle', 'login.completed', 'user.cameBack', 'caller.forced', 'refresh.refused']],
        ],
        endOnFailure: false,
      },
    )
    expect(found.failed).toBe(true)
    expect(found.counterexample?.[0]).toHaveLength(3)
    expect(String(found.errorInstance)).toContain('<- here')
  })
})
