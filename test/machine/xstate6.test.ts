import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as six from 'xstate-6'
import { createSessionLogic, type SessionState } from 'xstate-session'
import { openidStrategy } from 'xstate-session/librechat'
import { createFakeSession } from 'xstate-session/testing'
import type { SessionContext, SessionInput } from '../../machines/session.context.ts'
import { nextDeadline } from '../../machines/session.deadlines.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import { initial } from '../../machines/session.facts.ts'
import { sessionMachine } from '../../machines/session.machine.ts'
import manifest from '../../package.json' with { type: 'json' }
import { begin, LOGIN, type Snapshot, step } from './chart.ts'
import { inputs, instantOf, moves } from './walks.ts'

interface Now {
  readonly context: SessionContext
  readonly event: SessionEvent
}
type Assign = (now: Now, params: unknown) => Partial<SessionContext>
/** What enqueues its change of the context, and what is to be emitted. */
type Collect = (now: Now & { readonly enqueue: object }, params: unknown) => void
interface Row {
  readonly guard?: string
  readonly target?: string
  readonly reenter?: boolean
  readonly actions?: Action | readonly Action[]
}
type Action = string | { readonly type: string; readonly params?: object | ((now: Now) => unknown) }
type Rows = Readonly<Record<string, Row | readonly Row[]>>
interface State {
  readonly on?: Rows
  readonly always?: readonly Row[]
}

const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T]

const { guards, actions } = sessionMachine.implementations as unknown as {
  readonly guards: Readonly<Record<string, (now: Now) => boolean>>
  readonly actions: Readonly<Record<string, { readonly assignment?: Assign; readonly collect?: Collect }>>
}
const chart = sessionMachine.config as unknown as State & { readonly states: Readonly<Record<string, State>> }

/** The rows of one event as a transition of XState 6: one function, which decides and makes the next context. */
const transitionOf =
  (rows: Row | readonly Row[]) =>
  (now: Now): object | undefined => {
    const row = listOf(rows).find(({ guard }) => guard === undefined || guards[guard]?.(now))
    if (!row) return undefined
    let { context } = now
    for (const action of listOf(row.actions)) {
      const { type, params } = typeof action === 'string' ? { type: action, params: undefined } : action
      const said = typeof params === 'function' ? params({ ...now, context }) : params
      const assign = (change: Partial<SessionContext>) => {
        context = { ...context, ...change }
      }
      assign(actions[type]?.assignment?.({ ...now, context }, said) ?? {})
      actions[type]?.collect?.({ ...now, context, enqueue: { assign, emit() {} } }, said)
    }
    return { context, ...(row.target && { target: row.target }), ...(row.reenter && { reenter: true }) }
  }

const transitionsOf = (rows: Rows = {}) =>
  Object.fromEntries(Object.entries(rows).map(([type, row]) => [type, transitionOf(row)]))

/** The same chart, of the same guards and actions, for XState 6. */
const chartOfSix = six.createMachine({
  id: 'session',
  context: ({ input }: { input: SessionInput }) => initial(input),
  initial: 'loggedOut',
  on: transitionsOf(chart.on),
  states: Object.fromEntries(
    Object.entries(chart.states).map(([name, { on, always }]) => [
      name,
      { on: transitionsOf(on), ...(always && { always: transitionOf(always) }) },
    ]),
  ),
} as never)

type SnapshotOfSix = { readonly value: unknown; readonly context: SessionContext }
const beginSix = (input: SessionInput) =>
  six.initialTransition(chartOfSix as never, input as never)[0] as unknown as SnapshotOfSix
const stepSix = (before: SnapshotOfSix, event: SessionEvent) =>
  six.transition(chartOfSix as never, before as never, event as never)[0] as unknown as SnapshotOfSix

/** What a walk tells its instants by. */
const instantsOf = ({ value, context: c }: Snapshot) => ({
  deadline: nextDeadline(value, c),
  lead: c.leadAt,
  end: c.endsAt,
  floor: c.floorAt,
})

describe('the pure files under XState 6', () => {
  test('it is XState 6 that runs, and the package asks for 5', () => {
    expect(manifest.devDependencies['xstate-6']).toMatch(/^npm:xstate@6\./)
    expect('assign' in six).toBe(false)
    expect(manifest.peerDependencies.xstate).toMatch(/^\^5\./)
  })

  test('every decision is that of the chart of 5, step by step', () => {
    const states = new Set<unknown>()
    fc.assert(
      fc.property(inputs, moves, (input, walk) => {
        let five = begin(input)
        let sixth = beginSix(input)
        expect([sixth.value, sixth.context]).toEqual([five.value, five.context])
        let at = LOGIN
        for (const { after, make } of walk) {
          at = instantOf(after, at, instantsOf(five))
          const event = make(at, five.context)
          five = step(five, event).after
          sixth = stepSix(sixth, event)
          states.add(sixth.value)
          expect([sixth.value, sixth.context], JSON.stringify(event)).toEqual([five.value, five.context])
        }
      }),
      { numRuns: 500 },
    )
    expect([...states].sort()).toEqual(Object.keys(sessionMachine.states).sort())
  })

  // What docs/xstate-6.md says.
  test('an actor of 6 does not run a logic of 5; a session beside its machine is heard by callback logic', async () => {
    const session = createFakeSession({ state: 'active' })
    const sessionLogic = six.createCallbackLogic((({ sendBack }: { sendBack(event: object): void }) => {
      const tell = () => sendBack({ type: 'session.changed', session: session.getSnapshot() })
      tell()
      return session.subscribe(tell)
    }) as never)
    const panel = six.createMachine({
      initial: 'starting',
      invoke: { id: 'session', src: sessionLogic },
      on: {
        'session.changed': ({ event }: { event: { session: SessionState } }) => ({
          target: event.session.isAuthenticated ? '.signedIn' : '.signedOut',
        }),
      },
      states: { starting: {}, signedIn: {}, signedOut: {} },
    } as never)
    const actor = six.createActor(panel as never).start() as unknown as { getSnapshot(): { value: string } }
    expect(actor.getSnapshot().value).toBe('signedIn')
    await session.logout()
    expect(actor.getSnapshot().value).toBe('signedOut')

    const logic = createSessionLogic({
      baseUrl: 'https://chat.example/',
      strategies: { openid: openidStrategy() },
    })
    const foreign = six.createActor(logic as never)
    const error = new Promise((resolve) => foreign.subscribe({ error: resolve }))
    foreign.start()
    expect(await error).toBeInstanceOf(TypeError)
  })
})
