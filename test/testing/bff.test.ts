import fc from 'fast-check'
import { setupServer } from 'msw/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ModelEventType, modelEvents, modelSuite } from 'xstate-session/testing'
import { whyUnreachable } from '../../src/testing/modelDriver.ts'
import { bffOver, bffSuite, mock, reference } from './drivers.ts'

beforeAll(() => reference.open())
afterAll(() => reference.close())

/** Of one seed alone a fault may happen to be missed. */
const { seed: first = Date.now() } = fc.readConfigureGlobal()
test.each([0, 1, 2, 3, 4].map((more) => first + more))('random walks hold, too: seed %i', async (seed) => {
  const suite = bffSuite(bffOver(reference, { patienceMs: 1_000 }))
  const walks = fc.array(fc.nat(99), { minLength: 1, maxLength: 40, size: 'max' })
  const property = fc.asyncProperty(walks, (walk) => suite.walk(walk).run())
  await fc.assert(property, { numRuns: 50, seed })
})

describe('what the driver says that it cannot do, it cannot', () => {
  const driver = bffOver(reference, { patienceMs: 50 })
  const { unreachable = {}, ...able } = driver
  const ways: Readonly<Record<string, readonly ModelEventType[]>> = {
    loggedOut: [],
    active: ['login.completed'],
    nearingExpiry: ['login.completed', 'user.wentIdle', 'time.refreshDue'],
    refreshing: ['login.completed', 'time.refreshDue'],
    retrying: ['login.completed', 'time.refreshDue', 'refresh.refused'],
    expired: ['login.completed', 'time.refreshDue', 'refresh.rejected'],
  }
  const free = bffSuite(able)
  /** A path that comes by what is listed. */
  function pathBy(place: string) {
    const [state = '', event = ''] = place.split(': ')
    if (event in modelEvents) return free.walk([...(ways[state] ?? []), event as ModelEventType])
    return free.paths.find(({ steps }) =>
      steps.some((step) => step.event === place || step.transition === place),
    )
  }

  test.each(Object.keys(unreachable))('%s', async (place) => {
    const path = pathBy(place)
    expect(path?.steps.some((step) => whyUnreachable({ unreachable }, step))).toBe(true)
    await expect(path?.run()).rejects.toThrow()
  })
})

describe('the driver notices', () => {
  const spoilt = (spoil: (answer: Response) => Response) =>
    bffSuite(bffOver(reference, { spoil, patienceMs: 100 }))
  const endingWith = (suite: ReturnType<typeof spoilt>, event: ModelEventType) =>
    suite.paths.find(({ steps }) => steps.at(-1)?.event === event)

  test('a server that answers 503 where the session has ended', async () => {
    const suite = spoilt((answer) => (answer.status === 401 ? new Response(null, { status: 503 }) : answer))
    await expect(endingWith(suite, 'refresh.accessRevoked')?.run()).rejects.toThrow(
      /^Expected expired \(accessRevoked\), .*; it is retrying, /,
    )
  })

  test('a server that says 401 where it only has no bearer yet', async () => {
    const ended = () => Response.json({ error: 'no_session' }, { status: 401 })
    const suite = spoilt((answer) => (answer.status === 503 ? ended() : answer))
    await expect(endingWith(suite, 'refresh.limited')?.run()).rejects.toThrow(/; it is loggedOut/)
  })
})

describe('over the mock backend', () => {
  const msw = setupServer(...mock.handlers)
  beforeAll(() => msw.listen({ onUnhandledFrame: 'error' }))
  afterAll(() => msw.close())
  const suite = modelSuite(bffOver(mock), { start: 'pending', paths: 'shortest' })
  test.each(suite.paths)('$name', ({ run }) => run())
})
