import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createActor, setup } from 'xstate'
import { createSessionLogic, type Session, sessionOf } from 'xstate-session'
import { type InspectSessionOptions, inspectSession } from 'xstate-session/inspect'
import { openidStrategy } from 'xstate-session/librechat'
import { sessionMachine } from '../../machines/session.machine.ts'
import { fakeClock } from '../fakeClock.ts'
import { SECOND } from '../session/fixture.ts'
import {
  answersOf,
  bearer,
  leaksOf,
  live,
  logIn,
  person,
  provider,
  refreshToken,
  sessionWithCanaries,
  tenantId,
} from './life.ts'

/** The inspector sends when nothing else is to be done. */
const idle = () => new Promise((resolve) => setTimeout(resolve, 0))

/** An inspector with an adapter of one's own, and what arrived at it. */
function inspected(session: Session, options?: InspectSessionOptions) {
  const messages: StatelyInspectionEvent[] = []
  const inspector = createInspector({ send: (message) => void messages.push(message) })
  return { messages, inspector, stop: inspectSession(session, inspector, options) }
}

function started() {
  const clock = fakeClock()
  const session = sessionWithCanaries(answersOf(clock.wall()), { clock })
  onTestFinished(() => session.dispose())
  return { clock, session, run: () => live(session, clock.wall, () => clock.advance(61 * SECOND)) }
}

const snapshots = (messages: readonly StatelyInspectionEvent[]) =>
  messages.flatMap((message) => (message.type === '@xstate.snapshot' ? [message] : []))
const contextOf = (message: StatelyInspectionEvent | undefined) =>
  (message as { snapshot: { context: Record<string, unknown> } }).snapshot.context
const stateOf = (message: StatelyInspectionEvent | undefined) =>
  (message as { snapshot: { value: string } }).snapshot.value

describe('an inspected session', () => {
  test('shows states, events, reasons, versions and times', async () => {
    const { clock, session, run } = started()
    const at = clock.wall()
    const { messages } = inspected(session)
    await run()
    await idle()
    const seen = snapshots(messages).map((message) => {
      const { reason, epoch, version } = contextOf(message)
      return `${message.event.type} ${stateOf(message)} ${reason} ${epoch}.${version}`
    })
    expect(seen).toContain('session.started active null 1.1')
    expect(seen).toContain('refresh.asked refreshing null 1.1')
    expect(seen).toContain('session.renewed active null 1.2')
    expect(seen).toContain('refresh.rejected expired accessRevoked 1.2')
    expect(seen).toContain('session.started active null 2.1')
    expect(seen).toContain('refresh.unknown retrying null 2.1')
    expect(seen.at(-1)).toBe('session.ended loggedOut user 2.1')
    const login = messages.find((message) => message.type === '@xstate.event')
    expect(login?.event).toEqual({
      type: 'session.started',
      at,
      facts: expect.objectContaining({ epoch: 1, version: 1, bearer: 'good', endsAt: at + 900 * SECOND }),
    })
    expect(contextOf(snapshots(messages)[1])).toMatchObject({
      bearer: 'good',
      refreshable: true,
      endsAt: at + 900 * SECOND,
    })
    const doubtful = snapshots(messages).find(({ event }) => event.type === 'refresh.unknown')
    expect(contextOf(doubtful).doubt).toMatchObject({ sends: 1, answers: 0, resend: 'afterBearerEnds' })
  })

  test('X1 and X2: no part of a token, and of no person', async () => {
    const { clock, session, run } = started()
    const { messages } = inspected(session)
    await run()
    const stray = [
      { type: bearer(1) },
      { type: 'time.checked', at: clock.wall(), [bearer(2)]: 1, more: person },
      { type: 'time.checked', at: refreshToken(1) },
      { type: 'user.changed', at: clock.wall(), idle: person.name },
      { type: 'refresh.asked', at: clock.wall(), by: person.email },
      { type: 'session.ended', at: clock.wall(), reason: refreshToken(1) },
      {
        type: 'session.started',
        at: clock.wall(),
        facts: {
          epoch: 9,
          version: bearer(1),
          bearer: bearer(1),
          user: { ...person, token: bearer(1) },
          provider,
          token: bearer(1),
          endsAt: Infinity,
        },
      },
      // The last one: it ends the chart.
      { type: 'xstate.error.actor.refresh', error: new Error(bearer(1)) },
    ]
    for (const event of stray) session.actorRef.send(event as never)
    session.dispose()
    await idle()
    expect(snapshots(messages).length).toBeGreaterThan(10)
    expect(leaksOf(JSON.stringify(messages))).toEqual([])
  })

  test('the same search finds what the inspector shows of a session that is attached without us', async () => {
    const { session, run } = started()
    const messages: StatelyInspectionEvent[] = []
    const inspector = createInspector({ send: (message) => void messages.push(message) })
    const { inspect } = inspector
    session.actorRef.system.inspect((event) => inspect.next?.(event))
    await run()
    await idle()
    expect(leaksOf(JSON.stringify(messages))).not.toEqual([])
  })

  test('whatever is sent to it, no text is shown that the package does not know itself', async () => {
    const { session } = started()
    const { messages } = inspected(session)
    await logIn(session, 1_000_000_000)
    const anything = fc.oneof(
      fc.string({ minLength: 12 }).map((rest) => `canary ${rest}`),
      fc.double(),
      fc.object(),
    )
    const fields = fc.dictionary(fc.string(), anything)
    const named = fc.record(
      {
        type: fc.constantFrom('user.changed', 'time.checked', 'refresh.asked', 'session.ended', '__proto__'),
        at: fc.oneof(fc.constant(1_000_001_000), anything),
        reason: anything,
        by: anything,
        idle: anything,
      },
      { requiredKeys: ['type'] },
    )
    fc.assert(
      fc.property(fields, named, (more, event) => {
        session.actorRef.send({ ...more, ...event } as never)
      }),
    )
    await idle()
    expect(messages.length).toBeGreaterThan(100)
    const words = JSON.stringify(sessionMachine.config)
    const strange = new Set<string>()
    const look = (value: unknown): void => {
      if (typeof value === 'string' && !words.includes(`"${value}"`)) strange.add(value)
      if (typeof value === 'object' && value !== null)
        for (const [name, part] of Object.entries(value)) if (name !== 'more') look(part)
    }
    for (const message of messages)
      if (message.type !== '@xstate.actor')
        look('snapshot' in message ? [message.snapshot, message.event] : message.event)
    // Words of the context and of the events, which the chart does not name.
    const ofEvents = ['xstate.init', 'caller', 'user', 'force', 'never']
    const known = ['openid', 'onDemand', 'good', 'none', 'active', ...ofEvents]
    expect([...strange].filter((word) => !known.includes(word))).toEqual([])
  })

  test('the chart arrives whole', async () => {
    const { session } = started()
    const { messages } = inspected(session)
    await idle()
    const [first] = messages
    if (first?.type !== '@xstate.actor') throw new Error('The first message names no actor.')
    const whole = JSON.stringify(sessionMachine.config, (_, value) =>
      typeof value === 'function' ? { type: value.name } : value,
    )
    expect(JSON.parse(first.definition ?? '')).toEqual(JSON.parse(whole))
    expect(Object.keys(JSON.parse(first.definition ?? '').states)).toHaveLength(6)
    expect([first.name, first.parentId]).toEqual(['session', undefined])
    expect([first.sessionId, first.rootId]).toEqual([session.actorRef.sessionId, session.actorRef.sessionId])
  })
})

describe('attaching and letting go', () => {
  test('a session that runs already is shown as it is', async () => {
    const { clock, session } = started()
    await logIn(session, clock.wall())
    const { messages } = inspected(session)
    await idle()
    expect(messages.map(({ type }) => type)).toEqual(['@xstate.actor', '@xstate.snapshot'])
    for (const message of messages) {
      expect(stateOf(message)).toBe('active')
      expect(contextOf(message)).toMatchObject({ epoch: 1, version: 1, bearer: 'good' })
    }
  })

  test('what the function stops is stopped, for this inspector alone', async () => {
    const { clock, session } = started()
    const first = inspected(session)
    const second = inspected(session)
    first.stop()
    first.stop()
    await logIn(session, clock.wall())
    await idle()
    expect(snapshots(first.messages).map(stateOf)).toEqual(['loggedOut'])
    expect(snapshots(second.messages).map(stateOf)).toContain('active')
  })

  test('a session that is disposed says so, and nothing more', async () => {
    const { clock, session } = started()
    const unsubscribed = vi.fn()
    const { inspect } = session.actorRef.system
    vi.spyOn(session.actorRef.system, 'inspect').mockImplementation((observer) => {
      const { unsubscribe } = inspect(observer)
      return { unsubscribe: () => [unsubscribed(), unsubscribe()] }
    })
    const { messages } = inspected(session)
    session.dispose()
    expect(unsubscribed).toHaveBeenCalledOnce()
    // XState warns of that.
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {})
    session.actorRef.send({ type: 'time.checked', at: clock.wall() })
    warned.mockRestore()
    await idle()
    const last = messages.at(-1)
    expect(last).toMatchObject({
      type: '@xstate.snapshot',
      snapshot: { status: 'stopped', value: 'loggedOut' },
    })
    expect(messages.filter(({ type }) => type === '@xstate.event')).toEqual([])
  })

  test('a session that was disposed before is shown, and nobody listens to it', async () => {
    const { session } = started()
    session.dispose()
    const { messages, stop } = inspected(session)
    await idle()
    expect(messages.at(-1)).toMatchObject({ snapshot: { status: 'stopped' } })
    stop()
  })

  test('a chart that fails says that, and not why', async () => {
    const { session } = started()
    const { messages } = inspected(session)
    session.actorRef.send({ type: 'session.started', at: 1 } as never)
    await idle()
    expect(session.getSnapshot().reason).toBe('internal')
    const last = messages.at(-1)
    expect(last).toMatchObject({ type: '@xstate.snapshot', snapshot: { status: 'error' } })
    expect(JSON.stringify(last)).not.toMatch(/TypeError|undefined|stack/)
  })

  test('an inspector that throws is let go, and the session lives on', async () => {
    const { clock, session } = started()
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => said.mockRestore())
    let calls = 0
    inspectSession(session, {
      inspect: {
        next() {
          if (++calls > 2) throw new Error('The window is gone.')
        },
      },
    })
    await logIn(session, clock.wall())
    expect(session.getSnapshot().state).toBe('active')
    expect([calls, said.mock.calls.length]).toEqual([3, 1])
  })

  test('one that throws at once costs nothing but a line', () => {
    const { session } = started()
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => said.mockRestore())
    const next = vi.fn(() => {
      throw new Error('No window.')
    })
    inspectSession(session, { inspect: { next } })
    session.actorRef.send({ type: 'time.checked', at: 1 })
    expect([next.mock.calls.length, said.mock.calls.length]).toEqual([1, 1])
  })

  test('a browser inspector that found no browser shows nothing', async () => {
    const { session } = started()
    expect(() => inspectSession(session, {} as never)).not.toThrow()
  })
})

describe('inside of a parent machine', () => {
  test('only the session is shown, under no name of the parent', async () => {
    const clock = fakeClock()
    const logic = createSessionLogic({
      baseUrl: 'https://chat.example/',
      strategies: { [provider]: openidStrategy() },
      clock,
      fetch: async () => new Response(),
    })
    const parent = setup({ actors: { session: logic } }).createMachine({
      id: person.name,
      context: { password: bearer(1) },
      invoke: { src: 'session', id: person.email, systemId: person.username },
      on: { [bearer(2)]: {} },
    })
    const actor = createActor(parent).start()
    onTestFinished(() => void actor.stop())
    const child = actor.getSnapshot().children[person.email]
    if (!child) throw new Error('The parent has no session.')
    const session = sessionOf(child)
    const { messages } = inspected(session)
    await logIn(session, clock.wall())
    actor.send({ type: bearer(2) })
    actor.stop()
    await idle()
    expect(new Set(messages.map(({ sessionId }) => sessionId))).toEqual(new Set([child.sessionId]))
    expect(snapshots(messages).map(stateOf)).toContain('active')
    expect(leaksOf(JSON.stringify(messages))).toEqual([])
    expect(messages.at(-1)).toMatchObject({ snapshot: { status: 'stopped' } })
  })
})

describe('asked to show the user', () => {
  test('it shows the user and the provider, and still no token and no picture', async () => {
    const { clock, session } = started()
    const { messages } = inspected(session, { showUser: true })
    await logIn(session, clock.wall())
    await idle()
    const { id: userId, email: userEmail, name: userName, role: userRole, avatar } = person
    const whose = { userId, userEmail, userName, userUsername: person.username, userRole, provider }
    expect(contextOf(messages.at(-1))).toMatchObject(whose)
    const bytes = JSON.stringify(messages)
    for (const secret of [bearer(1), refreshToken(1), avatar]) expect(bytes).not.toContain(secret)
    expect(bytes).not.toContain(tenantId)
  })
})
