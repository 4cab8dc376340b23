import { createTestModel as createWithTest } from '@xstate/test'
import { describe, expect, test } from 'vitest'
import { createActor } from 'xstate'
import { createTestModel } from 'xstate/graph'
import { sessionMachine } from '../../machines/session.machine.ts'
import { createSessionModel, type ModelSnapshot } from '../../src/testing/createSessionModel.ts'
import { modelKey } from '../../src/testing/modelKey.ts'

const model = createSessionModel({ resend: 'never', absoluteLifetimeMs: 8 * 3_600_000 })
const states = Object.keys(model.states)
const serializeState = (snapshot: unknown) => modelKey(snapshot as ModelSnapshot)

const libraries = { 'xstate/graph': createTestModel, '@xstate/test': createWithTest } as unknown as Record<
  string,
  typeof createTestModel
>

describe.each(Object.entries(libraries))('%s', (_, create) => {
  test('refuses the machine itself, for its invocations', () => {
    expect(() => create(sessionMachine)).toThrow('Invocations on test machines are not supported')
  })

  test('takes the model, and its shortest paths come to all six states', () => {
    const paths = create(model, { serializeState }).getShortestPaths()
    const reached = new Set(paths.flatMap(({ steps }) => steps.map(({ state }) => state.value)))
    expect([...reached].sort()).toEqual([...states].sort())
  })

  test('runs a path against handlers', async () => {
    const seen: string[] = []
    const handler = new Proxy({} as never, { get: (_, type: string) => () => void seen.push(type) })
    const [path] = create(model, { serializeState }).getShortestPaths({
      toState: (snapshot) => snapshot.matches('retrying'),
    })
    await path?.test({ events: handler, states: { retrying: () => void seen.push('is retrying') } })
    expect(seen).toEqual([...(path?.steps.map(({ event }) => event.type) ?? []), 'is retrying'])
    expect(seen).toContain('login.completed')
  })
})

test('the model runs as an actor, and knows what it can do', () => {
  const actor = createActor(model).start()
  expect(actor.getSnapshot().can({ type: 'refresh.succeeded' })).toBe(false)
  expect(actor.getSnapshot().can({ type: 'login.completed' })).toBe(true)
  actor.send({ type: 'login.completed' })
  expect(actor.getSnapshot().can({ type: 'user.stayed' })).toBe(true)
  actor.send({ type: 'user.stayed' })
  actor.send({ type: 'refresh.accessRevoked' })
  expect(actor.getSnapshot()).toMatchObject({ value: 'expired', context: { reason: 'accessRevoked' } })
  actor.stop()
  expect(actor.getSnapshot().status).toBe('stopped')
})
