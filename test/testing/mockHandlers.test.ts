import fc from 'fast-check'
import { getResponse } from 'msw'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type DrivenBackend, modelSuite, sessionDriver } from 'xstate-session/testing'
import { createSessionModel, type ModelSnapshot } from '../../src/testing/createSessionModel.ts'
import { driveStep, whyUnreachable } from '../../src/testing/modelDriver.ts'
import { lastOf, modelGraph, stepsFrom } from '../../src/testing/modelGraph.ts'
import { driven, mock, mockSuite, policies, resends } from './drivers.ts'

// Some ten thousand steps: MSW's handlers answer, and its interception, which costs more than all the rest, is walked
// in mockBackend.test.ts.
beforeAll(() =>
  vi.stubGlobal('fetch', async (...given: ConstructorParameters<typeof Request>) => {
    const request = new Request(...given)
    const answer = await getResponse([...mock.handlers], request)
    if (!answer) throw new Error(`No handler for ${request.url}.`)
    if (answer.type === 'error') throw new TypeError('Failed to fetch')
    return answer
  }),
)
afterAll(() => vi.unstubAllGlobals())

describe('paths of every kind pass', () => {
  const kinds = ['transitions', 'shortest', 'simple', 'tours'] as const
  const settings = policies.flatMap((policy, row) =>
    resends.map((resend, column) => ({ policy, resend, row, column })),
  )
  test.each(settings)('$policy, resend $resend', async ({ policy, resend, row, column }) => {
    // Shortest paths under each pair; the other kinds under three, in which each policy and each `resend` is once.
    const chosen = kinds.filter((kind) => kind === 'shortest' || row === column)
    const suite = mockSuite(chosen.map((paths) => ({ ...driven, policy, resend, paths })))
    for (const { run } of suite.paths) await run()
  })
})

describe('what the driver says that it cannot do, it cannot', () => {
  const driver = sessionDriver({ backend: mock, patienceMs: 50 })
  const model = createSessionModel(driven)
  const { ways } = modelGraph(driven, driver)
  /** A bearer that no refresh is due for yet is handed out without a word to the chart. */
  const isServed = ({ context: c }: ModelSnapshot) => c.bearer === 'good' && c.now < c.leadAt

  const onward = ways.flatMap((way) =>
    stepsFrom(model, lastOf(way).snapshot, { isChart: true })
      .filter((step) => !step.isOverdue)
      .map((step) => ({ way, step })),
  )

  /** Each listed step, once from each state, each reason, and with a bearer or without; behind steps that are open. */
  const cases = Object.keys(driver.unreachable ?? {}).flatMap((place) => {
    const listed = onward
      .filter(({ step }) => whyUnreachable({ unreachable: { [place]: 'listed' } }, step))
      .map(({ way, step }) => {
        const from =
          step.from.reason ?? `${step.from.state}${isServed(lastOf(way).snapshot) ? ', served' : ''}`
        return { place, from, path: [...way, step] }
      })
    expect(listed, place).not.toEqual([])
    return [...new Map(listed.toReversed().map((one) => [one.from, one])).values()]
  })

  /** What the list leaves out for the sake of the rest of its place: it says so. */
  const able: readonly string[] = [
    // Such an end may yet turn out to be none, and the session looks on.
    'expired: peer.loggedOut, from refreshRejected',
    'expired: peer.loggedOut, from refreshOutcomeUnknown',
    'expired: provider.loggedOut, from refreshRejected',
    'expired: provider.loggedOut, from refreshOutcomeUnknown',
    // The first who comes without a bearer.
    'refreshing: caller.asked, from refreshing',
  ]

  test.each(cases)('$place, from $from', async ({ place, from, path }) => {
    await driver.start?.(driven)
    const walk = async () => {
      for (const step of path) await driveStep(driver, step)
    }
    if (able.includes(`${place}, from ${from}`)) await walk()
    else await expect(walk()).rejects.toThrow(/^Expected|^No way/)
    await driver.stop?.()
  })
})

describe('random walks', () => {
  /** As the page about testing shows it. */
  const walks = fc.array(fc.nat(99), { minLength: 1, maxLength: 60, size: 'max' })
  const { seed: first = Date.now() } = fc.readConfigureGlobal()
  const seeds = [0, 1, 2].map((more) => first + more)

  const suites = policies.flatMap((policy) =>
    resends.map((resend) => mockSuite({ ...driven, policy, resend, paths: 'simple' })),
  )

  test.each(seeds)('pass where the backend is in order, and are long: seed %i', async (seed) => {
    let steps = 0
    const walkOne = async (which: number, walk: number[]) => {
      const path = suites[which]?.walk(walk)
      steps += path?.steps.length ?? 0
      await path?.run()
    }
    const which = fc.nat({ max: suites.length - 1 })
    await fc.assert(fc.asyncProperty(which, walks, walkOne), { numRuns: 100, seed })
    expect(steps).toBeGreaterThan(2_000)
  })

  const deaf: Readonly<Record<string, DrivenBackend>> = {
    'fails no refresh': { ...mock, failRefresh() {} },
    'cannot revoke an admin': {
      ...mock,
      failRefresh: (failure) =>
        failure !== 'networkError' && failure.status === 403 ? undefined : mock.failRefresh(failure),
    },
  }
  test.each(seeds.flatMap((seed) => Object.keys(deaf).map((name) => [name, seed] as const)))(
    'find a backend that %s: seed %i',
    async (name, seed) => {
      const backend = deaf[name] ?? mock
      const suite = modelSuite(sessionDriver({ backend, patienceMs: 50 }), {
        shared: true,
        start: 'pending',
        paths: 'simple',
      })
      const property = fc.asyncProperty(walks, (walk) => suite.walk(walk).run())
      const { failed, errorInstance } = await fc.check(property, { seed })
      expect(failed).toBe(true)
      // They shrink to few events, in order.
      const { message } = errorInstance as Error
      expect(message).toContain('<- here')
      expect(message.match(/ -> /g)?.length).toBeLessThan(12)
    },
  )

  test('take of given events those that can happen and change anything, in order', async () => {
    const { steps } = mockSuite().walk([
      'user.wentIdle',
      'login.completed',
      'refresh.refused',
      'caller.forced',
    ])
    expect(steps.map(({ event }) => event)).toEqual(['start', 'login.completed', 'caller.forced'])
  })

  test('go a step on by every number', () => {
    const suite = mockSuite()
    fc.assert(
      fc.property(walks, (walk) => {
        const { steps } = suite.walk(walk)
        const looks = steps.filter(({ event }) => event === 'time.woke')
        expect(steps.length - 1).toBeGreaterThanOrEqual(walk.length)
        expect(steps.length - 1 - looks.length).toBeLessThanOrEqual(walk.length)
      }),
      { numRuns: 20 },
    )
  })
})
