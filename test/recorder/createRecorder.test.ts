import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createActor, fromCallback } from 'xstate'
import { createBffSession } from 'xstate-session/bff'
import { createRecorder, type RecorderOptions, type Trace } from 'xstate-session/recorder'
import { replayTrace } from 'xstate-session/testing'
import { sessionMachine } from '../../machines/session.machine.ts'
import { fakeClock } from '../fakeClock.ts'
import {
  answersOf,
  bearer,
  leaksOf,
  live,
  person,
  provider,
  refreshToken,
  sessionWithCanaries,
} from '../inspect/life.ts'
import { LOGIN } from '../machine/chart.ts'
import { inputs, instantOf, moves } from '../machine/walks.ts'
import { flush, SECOND } from '../session/fixture.ts'

const quiet = fromCallback(() => {})
const machine = sessionMachine.provide({
  actors: { alarm: quiet, refresh: quiet } as never,
  actions: { reread() {} },
})
const asJson = (trace: Trace | undefined): Trace => JSON.parse(JSON.stringify(trace))

/** A running chart, recorded from its start. */
function recorded(input: object, bounds?: RecorderOptions) {
  const recorder = createRecorder(bounds)
  const actor = createActor(machine, { input })
  recorder.attach(actor)
  actor.start()
  return { recorder, actor }
}

const rejected = (at: number) =>
  ({ type: 'refresh.rejected', at, epoch: 1, version: 1, reason: 'accessRevoked' }) as const
const bounds: RecorderOptions[] = [{}, { maxEntries: 2 }, { maxEntries: 7 }, { maxBytes: 1_000 }]

describe('a trace', () => {
  test('of any walk through the chart replays to the same state, however much was dropped', () => {
    let drops = 0
    fc.assert(
      fc.property(inputs, moves, fc.constantFrom(...bounds), (input, way, bound) => {
        const { recorder, actor } = recorded(input, bound)
        let now = LOGIN
        for (const { after, make } of way) {
          const { context: c } = actor.getSnapshot()
          now = instantOf(after, now, {
            deadline: c.refreshAt,
            lead: c.leadAt,
            end: c.endsAt,
            floor: c.floorAt,
          })
          actor.send(make(now, c))
        }
        const trace = asJson(recorder.trace())
        drops += trace.dropped
        const { end, divergence } = replayTrace(trace)
        const { value, context } = actor.getSnapshot()
        expect(divergence).toBeUndefined()
        expect(end?.state).toBe(value)
        for (const [name, fact] of Object.entries(end?.context ?? {}))
          if (name !== 'user')
            expect(isDeepStrictEqual(fact, context[name as keyof typeof context]), name).toBe(true)
        expect(end?.context.user === true).toBe(context.user !== null)
        expect(trace.entries.length).toBeLessThanOrEqual(bound.maxEntries ?? 200)
        const bytes = trace.entries.reduce((sum, entry) => sum + JSON.stringify(entry).length, 0)
        expect(bytes).toBeLessThanOrEqual(bound.maxBytes ?? 8_192)
        actor.stop()
      }),
      { numRuns: 500 },
    )
    expect(drops).toBeGreaterThan(100)
  })

  test('is told apart from a chart that does something else', () => {
    const { recorder, actor } = recorded({ facts: null })
    const facts = { epoch: 1, version: 1, user: person, provider, bearer: 'good', refreshable: true } as const
    const ends = { endsAt: LOGIN + 600_000, leadAt: LOGIN + 570_000, refreshAt: LOGIN + 560_000 }
    actor.send({
      type: 'session.started',
      at: LOGIN,
      facts: { ...facts, ...ends, startedAt: LOGIN, floorAt: LOGIN },
    })
    actor.send({ type: 'refresh.asked', by: 'force', at: LOGIN + 10_000 })
    actor.send(rejected(LOGIN + 11_000))
    const trace = asJson(recorder.trace())
    const { steps } = replayTrace(trace)
    expect(steps.map(({ row, state }) => [row, state])).toEqual([
      [undefined, 'loggedOut'],
      ['login', 'active'],
      ['due, and a caller asks; or the user asks', 'refreshing'],
      ['rejected for good', 'expired'],
    ])
    const other = {
      ...trace,
      entries: trace.entries.with(3, { ...trace.entries[3], state: 'retrying' } as never),
    }
    expect(replayTrace(other).divergence).toEqual({ index: 3, recorded: 'retrying', replayed: 'expired' })
    // A fixture of it has what the chart does now.
    expect(replayTrace(replayTrace(other).trace).divergence).toBeUndefined()
    const later = { ...trace, end: { ...trace.end, context: { ...trace.end?.context, attempts: 3 } } }
    expect(replayTrace(later).divergence).toMatchObject({ index: 4, recorded: { context: { attempts: 3 } } })
  })

  test('goes on where an actor is started again, and with a stranger’s event', () => {
    const { recorder, actor } = recorded({ facts: null })
    actor.send({ type: 'session.ended', reason: 'never', at: LOGIN })
    actor.send({ type: refreshToken(1) } as never)
    actor.stop()
    expect(replayTrace(asJson(recorder.trace())).divergence).toBeUndefined()
    expect(leaksOf(JSON.stringify(recorder.trace()))).toEqual([])
  })

  test('X1 and X2: of a session holds no part of a token, and of no person', async () => {
    const clock = fakeClock()
    const recorder = createRecorder()
    const session = sessionWithCanaries(answersOf(clock.wall()), { clock, recorder })
    onTestFinished(() => session.dispose())
    await live(session, clock.wall, () => clock.advance(61 * SECOND))
    const stray = [
      { type: bearer(1) },
      { type: 'time.checked', at: clock.wall(), [bearer(2)]: 1, more: person },
      { type: 'session.ended', at: clock.wall(), reason: refreshToken(1) },
      { type: 'refresh.asked', at: refreshToken(1), by: person.email },
      {
        type: 'session.started',
        at: clock.wall(),
        facts: { epoch: 9, user: person, provider, endsAt: bearer(1) },
      },
    ]
    for (const event of stray) session.actorRef.send(event as never)
    recorder.note({ type: 'expired', reason: bearer(1), [bearer(1)]: 1 } as never, clock.wall())
    recorder.note({ type: bearer(1) }, clock.wall())
    await flush()
    const trace = recorder.trace()
    const text = JSON.stringify(trace)
    expect(leaksOf(text)).toEqual([])
    expect(text.length).toBeLessThan(8_192)
    // What is told stands after the event that it is of.
    const names = trace?.entries.map((entry) =>
      'notice' in entry ? entry.notice.type : 'event' in entry ? entry.event.type : 'start',
    )
    expect(names?.slice(0, 6)).toEqual([
      'start',
      'session.started',
      'refresh.asked',
      'refreshSent',
      'session.renewed',
      'refreshed',
    ])
    const types = trace?.entries.map((entry) => ('notice' in entry ? entry.notice.type : ''))
    expect(types).toEqual(
      expect.arrayContaining(['refreshed', 'refreshSent', 'expired', 'refreshDeferred', 'loggedOut']),
    )
  })

  test('of a page behind its server says why it shows a login', async () => {
    const recorder = createRecorder()
    const answers = [Response.json({ error: 'no_session', reason: 'idle' }, { status: 401 })]
    const session = createBffSession({
      baseUrl: 'https://admin.example',
      fetch: async () => answers.shift() ?? new Response(null, { status: 502 }),
      recorder,
    })
    onTestFinished(() => session.dispose())
    await flush()
    expect(replayTrace(asJson(recorder.trace()))).toMatchObject({
      steps: [{ state: 'loggedOut' }, { row: 'logout, or there is no session', state: 'loggedOut' }],
      end: { state: 'loggedOut' },
    })
  })

  test('is nothing where nothing happened, and only bounds that are some are taken', () => {
    expect(createRecorder().trace()).toBeUndefined()
    for (const wrong of [{ maxEntries: 1 }, { maxBytes: 999 }, { maxSessions: 0 }, { maxEntries: 2.5 }])
      expect(() => createRecorder(wrong), JSON.stringify(wrong)).toThrow(/^Option "max/)
  })

  test('of many sessions: the one that nothing happened to for longest makes room', () => {
    const recorder = createRecorder({ maxSessions: 2 })
    for (const name of ['a', 'b', 'a', 'c']) recorder.note({ type: 'login' }, LOGIN, name)
    expect(['a', 'b', 'c'].map((name) => recorder.trace(name)?.entries.length)).toEqual([2, undefined, 1])
  })
})
