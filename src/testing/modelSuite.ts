import { createSessionModel, type SessionModel, type SessionModelOptions } from './createSessionModel.ts'
import { type FailureList, failureList } from './failureList.ts'
import { coverageOf, type ModelCoverage } from './modelCoverage.ts'
import { assertPlaces, driveStep, type ModelDriver, whyUnreachable } from './modelDriver.ts'
import { type ModelEventType, modelEvents } from './modelEvents.ts'
import { lastOf, type ModelGraph, type ModelWay, modelGraph, startOf, stepsFrom } from './modelGraph.ts'
import { modelKey } from './modelKey.ts'
import { type ModelPathKind, modelPaths } from './modelPaths.ts'
import type { ModelStep } from './modelStep.ts'
import { modelTransitions } from './modelTransitions.ts'

/** The kind of the paths. */
export interface ModelSuiteOptions extends SessionModelOptions {
  /** @default 'transitions' */
  readonly paths?: ModelPathKind
}

/** The behaviour of a suite after failures. */
export interface ModelRunOptions {
  /**
   * After so many failed paths the others fail at once, because a few failures say enough. At least 1; `Infinity`: all
   * paths are walked. A path that begins with steps that have failed before is never walked.
   * @default 3
   */
  readonly maxFailures?: number
}

/** One test. */
export interface ModelPath {
  /** The events in order, and the last state. */
  readonly name: string
  /** The steps in order. */
  readonly steps: ModelWay
  /**
   * Walks the path. Rejects with the trace if the system under test does not have the state of the model. Rejects at once
   * if the driver still walks another path.
   */
  run(): Promise<void>
}

/** Paths through the model as tests for any runner. */
export interface ModelSuite {
  /** Give `name` and `run` of each to the `test` of any runner. */
  readonly paths: readonly ModelPath[]
  /** The events that the driver can cause. */
  readonly events: readonly ModelEventType[]
  /**
   * Makes your own path, with the first options of the suite. A number chooses one of the events that can happen there and
   * that change something, modulo their count. Draw numbers for a random walk: each of them is a step. The path leaves out
   * an event that cannot happen or that changes nothing. If a check of the clock is due, it comes first.
   */
  walk(choices: readonly (number | ModelEventType)[]): ModelPath
  /** The coverage of all paths. */
  planned(): ModelCoverage
  /** The coverage of the paths that have passed so far. */
  walked(): ModelCoverage
}

/** The path that each driver walks now. A path goes on after its test has given up, and the next one must not disturb it. */
const walking = new WeakMap<ModelDriver, string>()

/**
 * Makes tests of the session machine for a driver: all paths through its test model that the driver can walk. Several
 * options make one suite; each of them has its own paths.
 *
 * @example
 * const suite = modelSuite(driver, { shared: true, start: 'pending' })
 * for (const { name, run } of suite.paths) test(name, run)
 */
export function modelSuite(
  driver: ModelDriver,
  options: ModelSuiteOptions | readonly ModelSuiteOptions[] = {},
  { maxFailures = 3 }: ModelRunOptions = {},
): ModelSuite {
  assertPlaces(driver)
  if (!(maxFailures >= 1)) throw new TypeError(`"maxFailures" is a number of at least 1, not ${maxFailures}.`)
  const settings: readonly ModelSuiteOptions[] = [options].flat()
  const passed: ModelStep[] = []
  const failures = failureList(maxFailures)
  const pathOf = (
    steps: ModelWay,
    { paths: _, ...model }: ModelSuiteOptions,
    seen?: FailureList,
  ): ModelPath => {
    const name = nameOf(steps)
    return {
      name: settings.length > 1 ? `${nameOfOptions(model)}: ${name}` : name,
      steps,
      async run() {
        const other = walking.get(driver)
        if (other !== undefined)
          throw new Error(`The driver is still walking "${other}": it walks one path at a time.`)
        seen?.assertWorthWalking(model, steps)
        walking.set(driver, name)
        try {
          await walk(driver, model, steps, (at) => seen?.add(model, steps.slice(0, at + 1), name))
        } finally {
          walking.delete(driver)
        }
        passed.push(...steps)
      },
    }
  }
  const paths = settings.flatMap((given) => {
    const { paths: kind, ...model } = given
    return modelPaths(model, driver, kind).map((steps) => pathOf(steps, given, failures))
  })
  let ofWalks: SessionModel | undefined
  let reasons: Record<string, string> | undefined
  const unreachable = () => {
    reasons ??= reasonsOf(driver, settings)
    return reasons
  }
  return {
    paths,
    events: (Object.keys(modelEvents) as ModelEventType[]).filter((event) => !driver.unreachable?.[event]),
    walk(choices) {
      const [first = {}] = settings
      ofWalks ??= createSessionModel(first)
      const model = ofWalks
      let way: ModelWay = [startOf(model)]
      const open = (events?: ModelEventType[]) =>
        stepsFrom(model, lastOf(way).snapshot, driver, events).filter((step) => isNews(lastOf(way), step))
      for (const choice of choices) {
        if (typeof choice === 'number' ? choice < 0 || choice % 1 !== 0 : !Object.hasOwn(modelEvents, choice))
          throw new TypeError(`"walk" takes whole numbers from 0 on, and events of the model, not ${choice}.`)
        for (let look = dueLook(open); look; look = dueLook(open)) way = [...way, look]
        const steps = typeof choice === 'number' ? open() : open([choice])
        const step = steps[typeof choice === 'number' ? choice % steps.length : 0]
        if (step) way = [...way, step]
      }
      return pathOf(way, first)
    },
    planned: () =>
      coverageOf(
        paths.flatMap(({ steps }) => steps),
        unreachable(),
      ),
    walked: () => coverageOf(passed, unreachable()),
  }
}

/** Rejects at the first step that fails. The error has the index of the step in `steps`. */
async function walk(
  driver: ModelDriver,
  options: SessionModelOptions,
  steps: ModelWay,
  onFailed: (at: number) => void,
): Promise<void> {
  let at = -1
  let failure: Error | undefined
  try {
    await driver.start?.(options)
    for (const [index, step] of steps.entries()) {
      at = index
      await driveStep(driver, step)
    }
  } catch (error) {
    onFailed(at)
    const trace = steps.slice(0, at + 1).map(describeStep)
    failure = new Error(
      `${String((error as Error)?.message ?? error)}\n\nThe path:\n${trace.join('\n')}  <- here`,
      { cause: error },
    )
  }
  try {
    await driver.stop?.()
  } catch (error) {
    throw failure ?? error
  }
  if (failure) throw failure
}

const dueLook = (open: (events: ModelEventType[]) => ModelStep[]) =>
  open(['time.woke']).find(({ from, to }) => from.state !== to.state)

/**
 * Whether a step changes anything. A session need not send its chart an event that changes nothing. A refresh that
 * ignores the clock is the exception.
 */
const isNews = ({ snapshot: before }: ModelStep, { event, from, to, snapshot: after }: ModelStep): boolean =>
  event === 'caller.forced' ||
  event === 'user.stayed' ||
  after.context.now > before.context.now ||
  modelKey(after) !== modelKey(before) ||
  JSON.stringify(to) !== JSON.stringify(from)

/** `refresh.refused -> retrying`, with the reason if there is one. */
const describeStep = ({ event, to }: ModelStep): string =>
  `  ${event} -> ${to.state}${to.reason === null ? '' : ` (${to.reason})`}`

function nameOf(steps: ModelWay): string {
  const { state, reason } = lastOf(steps).to
  return `${steps
    .slice(1)
    .map(({ event }) => event)
    .join(' > ')} = ${state}${reason === null ? '' : ` (${reason})`}`
}

const nameOfOptions = (options: SessionModelOptions) =>
  Object.entries(options)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ')

/** For each row that the driver cannot reach: its reason for the row, or for a step on the way there. */
function reasonsOf(driver: ModelDriver, settings: readonly ModelSuiteOptions[]): Record<string, string> {
  const taken = new Set<string | undefined>()
  const closed = new Map<string, string>()
  for (const { paths: _, ...options } of settings) {
    const { ways, edges } = modelGraph(options)
    for (const step of openSteps(driver, ways, edges)) taken.add(step.transition)
    for (const { way, step } of edges) {
      const reason = [step, ...way].map((each) => whyUnreachable(driver, each)).find((why) => why)
      if (reason !== undefined && step.transition && !closed.has(step.transition))
        closed.set(step.transition, reason)
    }
  }
  return Object.fromEntries(
    modelTransitions()
      .filter((row) => !taken.has(row))
      .map((row) => [row, closed.get(row) ?? 'No event of the model leads there, with these options.']),
  )
}

/** The steps of a whole graph that a driver can reach. */
function openSteps(driver: ModelDriver, ways: ModelGraph['ways'], edges: ModelGraph['edges']): ModelStep[] {
  const from = Map.groupBy(edges, ({ fromKey }) => fromKey)
  const start = ways.slice(0, 1).flat()
  const found = new Map(start.map((step) => [modelKey(step.snapshot), step]))
  const steps = [...start]
  // The loop also visits the entries that it adds.
  for (const key of found.keys())
    for (const { step, toKey } of from.get(key) ?? []) {
      if (whyUnreachable(driver, step) !== undefined) continue
      steps.push(step)
      found.set(toKey, step)
    }
  return steps
}
