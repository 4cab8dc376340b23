import { describe, expect, test } from 'vitest'
import { type Coordinator, inProcessCoordinator } from 'xstate-session'
import { coordinatorConformance } from 'xstate-session/testing'

describe('the coordinator of one process', () => {
  for (const { name, run } of coordinatorConformance({
    create: async () => ({ coordinator: inProcessCoordinator() }),
  }))
    test(name, run)
})

describe('the suite refuses', () => {
  const failing = async (spoil: (inner: Coordinator) => Coordinator) => {
    const found: string[] = []
    const create = async () => ({ coordinator: spoil(inProcessCoordinator()) })
    for (const { name, run } of coordinatorConformance({ create })) await run().catch(() => found.push(name))
    return found
  }

  test('one that lets everybody send', async () => {
    expect(await failing((inner) => ({ ...inner, run: (flight) => flight.send() }))).toEqual([
      'callers of one flight share one send, and know it',
      'two handles share one send',
      'a straggler gets what the spent token brought',
      'a rejection counts for everybody',
      'in doubt only a session that knows of every send may send again',
      'a logout ends the flight: nobody adopts, and who sent may revoke',
    ])
  })

  test('one that mixes up users', async () => {
    const mixed = (inner: Coordinator): Coordinator => ({
      ...inner,
      run: (flight) => inner.run({ ...flight, identity: { ...flight.identity, userId: 'all' } }),
    })
    expect(await failing(mixed)).toContain('whatever of the identity differs, it is another flight')
  })

  test('one that forgets logouts', async () => {
    expect(await failing((inner) => ({ ...inner, end: () => {} }))).toEqual([
      'a logout ends the flight: nobody adopts, and who sent may revoke',
    ])
  })
})
