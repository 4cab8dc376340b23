import { describe, expect, test } from 'vitest'
import { createActor, type EventObject, fromCallback } from 'xstate'
import { sessionMachine } from '../../machines/session.machine.ts'
import { alarmPort, type PortInput, refreshPort, rereadPort } from '../../machines/session.ports.ts'
import { selectSession } from '../../machines/session.select.ts'
import type { SessionStateName, SessionTag } from '../../machines/session.types.ts'
import { begin, factsOf, LOGIN } from './chart.ts'
import { type Setting, settings } from './situations.ts'

interface Node {
  readonly description?: string
  readonly states?: Record<string, Node>
}

const config = sessionMachine.config as Node & Record<string, unknown>

describe('the chart', () => {
  test('has six states, each with a description and none with states of its own', () => {
    const states = Object.entries(config.states ?? {})
    expect(states).toHaveLength(6)
    for (const [name, state] of states) {
      expect(state.description, name).toMatch(/\w.*\./)
      expect(state.states, name).toBeUndefined()
    }
    expect(config.description).toMatch(/\w/)
  })

  test('U32: the tag `authenticated` is on the four states in which somebody is logged in', () => {
    for (const setting of Object.values(settings))
      for (const { snapshot } of Object.values(setting as Setting))
        expect(snapshot.hasTag('authenticated'), String(snapshot.value)).toBe(
          selectSession(snapshot).isAuthenticated,
        )
  })

  test('every row says in words what it is about', () => {
    const rows = [sessionMachine.root, ...Object.values(sessionMachine.states)].flatMap((node) => [
      ...(node.always ?? []),
      ...[...node.transitions.values()].flat(),
    ])
    expect(rows.filter(({ description }) => !description).map(({ eventType }) => eventType)).toEqual([])
    expect(rows.length).toBeLessThanOrEqual(44)
  })

  test.each<[SessionStateName, SessionTag[]]>([
    ['loggedOut', []],
    ['active', ['authenticated']],
    ['nearingExpiry', ['authenticated', 'warning']],
    ['refreshing', ['authenticated', 'busy']],
    ['retrying', ['authenticated', 'degraded']],
    ['expired', ['ended']],
  ])('in %s its tags are %j', (state, tags) => {
    expect([...(settings.eager[state]?.snapshot.tags ?? [])]).toEqual(tags)
  })

  test('knows no delay of its own: time enters with the events (T6, T14)', () => {
    const keys: string[] = []
    JSON.stringify(config, (key, value) => {
      keys.push(key)
      return value
    })
    for (const key of ['after', 'delay', 'onDone', 'onError', 'exit']) expect(keys).not.toContain(key)
  })

  test('has no field that a token could hide in, in any state (I15)', () => {
    for (const setting of Object.values(settings))
      for (const { snapshot } of Object.values(setting)) {
        const names: string[] = []
        JSON.stringify(snapshot.context, (key, value) => {
          names.push(key)
          return value
        })
        for (const name of names)
          expect(name).not.toMatch(/token|secret|credential|password|cookie|authorization/i)
        const { bearer } = snapshot.context
        expect(['good', 'rejected', 'ended', 'none']).toContain(bearer)
      }
  })

  test('takes of the facts only those it knows, so that nothing else rides along (I15)', () => {
    const facts = { ...factsOf(), refreshToken: 'smuggled' }
    expect(JSON.stringify(begin({ facts }).context)).not.toContain('smuggled')
  })
})

describe('the ports', () => {
  test('the refresh and the alarm throw until they are provided, and say how to', () => {
    for (const [name, port] of [
      ['alarm', alarmPort],
      ['refresh', refreshPort],
    ] as const) {
      const actor = createActor(port, { input: { session: {}, provider: '', epoch: 1, version: 1 } as never })
      const errors: unknown[] = []
      actor.subscribe({ error: (error) => errors.push(error) })
      actor.start()
      expect(errors.map(String)).toEqual([expect.stringContaining(`"${name}"`)])
      expect(String(errors[0])).toContain('provide')
    }
    expect(rereadPort).toThrow(/"reread".*provide/)
  })

  test('the alarm is started with the session that it is to wake', () => {
    const given: unknown[] = []
    const alarm = fromCallback<EventObject, PortInput>(({ input }) => void given.push(input.session))
    const actor = createActor(sessionMachine.provide({ actors: { alarm } }), { input: {} }).start()
    expect(given).toEqual([actor])
    actor.stop()
  })

  test('a machine without ports fails at its start, and loudly', () => {
    const actor = createActor(sessionMachine, { input: { facts: factsOf() } })
    const errors: unknown[] = []
    actor.subscribe({ error: (error) => errors.push(error) })
    actor.start()
    expect(errors.map(String).join()).toContain('alarm')
    expect(actor.getSnapshot().status).toBe('error')
  })

  test('a machine that is read, not run, needs none', () => {
    expect(begin({ facts: factsOf(), at: LOGIN }).value).toBe('active')
  })
})
