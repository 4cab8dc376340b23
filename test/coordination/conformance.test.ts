import { describe, expect, test, vi } from 'vitest'
import { inProcessCoordinator } from 'xstate-session'
import { type CoordinatorUnderTest, coordinatorConformance } from 'xstate-session/testing'
import { fakeClock } from '../fakeClock.ts'
import { oneProcess, twoServers, twoTabs } from './subjects.ts'
import { lockingCoordinators, wrongCoordinators } from './wrong.ts'

vi.mock('../../src/browser/database.ts', async () => {
  const { fakeDatabase } = await import('./fakeDatabase.ts')
  return { createDatabase: fakeDatabase }
})

describe.each([
  ['of one process', oneProcess],
  ['whose ledger is the record of a server', twoServers],
  ['whose ledger is the vault of several tabs', twoTabs],
] as const)('U36, U37: the coordinator %s', (_, create) => {
  for (const { name, run } of coordinatorConformance({ create })) test(name, run)
})

describe('U36, U37: the suite refuses', () => {
  const failing = async (create: () => CoordinatorUnderTest) => {
    const found: string[] = []
    for (const { name, run } of coordinatorConformance({ create: async () => create() }))
      await run().catch(() => found.push(name))
    return found
  }
  const spoiled = (name: string) => () => {
    const clock = fakeClock()
    const coordinator = wrongCoordinators[name]?.(inProcessCoordinator({ clock }), clock)
    if (!coordinator) throw new Error(`No wrong coordinator ${name}`)
    return { coordinator, advance: clock.advance }
  }

  test.each([
    ['lets everybody send', 'callers of one flight share one send'],
    ['mixes up users', 'whatever of the identity differs'],
    ['knows no token from the next', 'the next token is sent'],
    ['forgets logouts', 'a logout ends the flight'],
    ['logs a user out for good', 'a login after a logout'],
    ['sends again only for who knows of every send', 'in doubt who remembers nothing'],
    ['takes the words of a gateway for those of the backend', 'without an answer of the backend'],
    ['counts no answers', 'four answers that tell nothing'],
    ['forgets after five minutes and a half', 'what is known to be spent'],
    ['files a token that is spent as one that may be', 'what is known to be spent'],
    ['loses the reason of a rejection', 'a rejection counts for everybody'],
    ['lets nobody hurry', 'who asks early'],
    ['does not hear a Retry-After', 'who asks early'],
    ['believes no holder', 'what a holder remembers'],
    ['takes the word of the last holder for all', 'what a holder remembers'],
    ['counts what was not processed', 'a send that was not processed'],
    ['knows one policy', 'in doubt the policy decides'],
    ['never frees a token that lives on', 'a token that a renewal left as it is'],
  ])('one that %s', async (name, begins) => {
    expect(await failing(spoiled(name))).toContainEqual(expect.stringMatching(`^${begins}`))
  })

  test('one whose sender locks a token for ever if it dies', async () => {
    expect(await failing(lockingCoordinators)).toContainEqual(expect.stringMatching('^an owner that died'))
  })

  test('something in each of its cases', async () => {
    const every = coordinatorConformance({ create: oneProcess }).map(({ name }) => name)
    const refused = [lockingCoordinators, ...Object.keys(wrongCoordinators).map(spoiled)].map(failing)
    expect(new Set((await Promise.all(refused)).flat())).toEqual(new Set(every))
  })
})
