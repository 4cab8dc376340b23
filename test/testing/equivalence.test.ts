import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AnyTransitionDefinition, initialTransition, transition } from 'xstate'
import type { SessionInput } from '../../machines/session.context.ts'
import type { EventOf } from '../../machines/session.events.ts'
import { sessionMachine } from '../../machines/session.machine.ts'
import { selectSession } from '../../machines/session.select.ts'
import {
  createSessionModel,
  FOUND,
  MODEL_START,
  type ModelSnapshot,
  type SessionModelOptions,
} from '../../src/testing/createSessionModel.ts'
import { type ModelEventType, modelEvents } from '../../src/testing/modelEvents.ts'
import { lastOf, modelGraph } from '../../src/testing/modelGraph.ts'
import type { ModelStep } from '../../src/testing/modelStep.ts'
import { modelTransitions, transitionName } from '../../src/testing/modelTransitions.ts'
import { LOGIN } from '../machine/chart.ts'
import { inputs, instantOf, moves } from '../machine/walks.ts'

const names = Object.keys(modelEvents) as ModelEventType[]
const limits = { idleTimeoutMs: 3_600_000, absoluteLifetimeMs: 8 * 3_600_000 }
const policies = ['eager', 'onDemand', 'prompt'] as const
const resends = ['afterBearerEnds', 'never', { withinMs: 40_000 }] as const
const every: SessionModelOptions[] = policies.flatMap((policy) =>
  resends.flatMap((resend) =>
    (['pending', 'loggedOut', 'loggedIn', 'inDoubt'] as const).map((start) => ({
      ...limits,
      shared: true,
      policy,
      resend,
      start,
    })),
  ),
)

/** Everything from a start that knows nothing, and the little that a start with facts adds. */
const graphs = [
  ...every.filter(({ start }) => start === 'pending'),
  { start: 'loggedIn', resend: 'never' } as const,
  { start: 'inDoubt', resend: 'afterBearerEnds' } as const,
].map((options) => ({ options, ...modelGraph(options) }))

type Chart = ReturnType<typeof chartOf>
const chartOf = (options: SessionModelOptions, facts: SessionInput['facts']) => {
  const { policy, idleTimeoutMs, absoluteLifetimeMs, shared } = options
  const given = { policy, idleTimeoutMs, absoluteLifetimeMs, shared } as SessionInput
  return initialTransition(sessionMachine, {
    ...given,
    at: MODEL_START,
    ...(facts !== undefined && { facts }),
  })[0]
}

/** What a model and a chart must agree in. */
const seen = ({ value, context: c }: Chart | ModelSnapshot) => ({
  state: value,
  reason: c.reason,
  policy: c.policy,
  bearer: c.bearer,
  refreshable: c.refreshable,
})

/** The same, and everything else besides. */
function whole({ value, context, tags }: Chart | ModelSnapshot) {
  const { now: _, sentAt: __, ...facts } = context as ModelSnapshot['context']
  return { value, facts, tags }
}

/** Whether the machine has any row for such an event where it is. */
const isListed = ({ value }: Chart, type: string) =>
  [sessionMachine.root, sessionMachine.states[value]].some((node) => node?.ownEvents.includes(type as never))

const settingsOf = ({ resend = 'afterBearerEnds' }: SessionModelOptions) => ({
  resend,
  lifeMs: 600_000,
  leadTimeMs: 30_000,
  user: { id: 'ada' },
})

/** `expect` costs more than a transition, and here are a hundred thousand. */
function agree(one: object, other: object) {
  if (!isDeepStrictEqual(one, other)) expect(one).toEqual(other)
}

/** What a name means to the shipped machine where the model is; `undefined` where it means nothing. */
function told(options: SessionModelOptions, { context, value }: ModelSnapshot, name: ModelEventType) {
  const { ofFlight, read } = modelEvents[name]
  // Where no flight is, none has an outcome.
  return ofFlight && value !== 'refreshing' ? undefined : read(context, settingsOf(options))
}

/** The model and the machine at the start. */
function pair(options: SessionModelOptions): readonly [ModelSnapshot, Chart] {
  const [modelled] = initialTransition(createSessionModel(options)) as [ModelSnapshot, unknown]
  const before = { ...modelled.context, epoch: 0, version: 0 }
  const { start = 'loggedOut' } = options
  const login = FOUND[start === 'inDoubt' ? start : 'loggedIn']
  const found = modelEvents[login].read(before, settingsOf(options)) as EventOf<'session.started'>
  const facts = start === 'pending' ? undefined : start === 'loggedOut' ? null : found.facts
  return [modelled, chartOf(options, facts)]
}

describe('the model and the machine', () => {
  test('are the same at every start', () => {
    for (const options of every) {
      const [modelled, chart] = pair(options)
      expect(whole(modelled)).toEqual(whole(chart))
    }
  })

  test('are the same after any events, under every policy', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...every),
        fc.array(fc.constantFrom(...names), { maxLength: 60, size: 'max' }),
        (options, walk) => {
          const model = createSessionModel(options)
          let [modelled, chart] = pair(options)
          for (const name of walk) {
            const event = told(options, modelled, name)
            const before = modelled
            const canHappen = event && isListed(chart, event.type)
            ;[modelled] = transition(model, modelled, { type: name }) as [ModelSnapshot, unknown]
            if (event) [chart] = transition(sessionMachine, chart, event)
            agree(seen(modelled), seen(chart))
            agree(whole(modelled), whole(chart))
            // What cannot happen changes nothing, and no time passes by it.
            if (!canHappen) agree(modelled, before)
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  test.each(graphs)(
    'are the same along every edge of the graph: $options.policy, $options.resend, $options.start',
    ({ options, ways, edges }) => {
      const charts = new Map<ModelStep, Chart>()
      const [first] = ways[0] ?? []
      if (first) charts.set(first, pair(options)[1])
      for (const { way, step } of edges) {
        const before = charts.get(lastOf(way))
        const event = step.event !== 'start' && told(options, lastOf(way).snapshot, step.event)
        if (!before || !event) throw new Error(`${step.event} comes from nowhere`)
        const [chart] = transition(sessionMachine, before, event)
        charts.set(step, chart)
        agree(seen(step.snapshot), seen(chart))
        agree(step.to, selectSession(chart))
      }
      expect(charts.size).toBe(edges.length + 1)
    },
  )
})

describe('the model lacks nothing', () => {
  test('every row of the machine is taken by an event of the model', () => {
    const taken = new Set<string | undefined>()
    for (const { ways, edges } of graphs) {
      for (const step of [...ways.flat(), ...edges.map((edge) => edge.step)]) taken.add(step.transition)
    }
    expect(modelTransitions().filter((row) => !taken.has(row))).toEqual([])
    expect(new Set(modelTransitions()).size).toBe(modelTransitions().length)
  })

  test('what the machine does at any event, the model can do by one of its own', () => {
    fc.assert(
      fc.property(inputs, moves, (input, walk) => {
        let chart: Chart = initialTransition(sessionMachine, input)[0]
        let now = LOGIN
        for (const { after, make } of walk) {
          const { context: c } = chart
          const at = instantOf(after, now, { lead: c.leadAt, end: c.endsAt, floor: c.floorAt })
          const event = make(at, c)
          const row = sessionMachine.getTransitionData(chart, event)[0]
          // Without a bearer no call goes out, and none is answered with 401.
          const isOfNoCall =
            (event.type === 'bearer.rejected' && c.bearer === 'none') ||
            (event.type === 'bearer.accepted' && (c.bearer === 'none' || at >= c.endsAt))
          if (row && !isOfNoCall && !canTake(chart, at, event.type, row))
            expect.fail(transitionName(chart.value, event.type, row))
          ;[chart] = transition(sessionMachine, chart, event)
          now = at
        }
      }),
      { numRuns: 100 },
    )
  })
})

const models = resends.map((resend) => createSessionModel({ resend }))

/** Whether some event of the model takes a row from a state of the machine, with the clock at `now`. */
function canTake(
  { value, context }: Chart,
  now: number,
  event: string,
  row: AnyTransitionDefinition,
): boolean {
  return models.some((model) => {
    const here = model.resolveState({ value, context: { ...context, now } }) as ModelSnapshot
    return names
      .filter((name) => modelEvents[name].stands === event)
      .map((name) => model.getTransitionData(here, { type: name })[0])
      .some((own) => own && transitionName(value, event, own) === transitionName(value, event, row))
  })
}
