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

/** Which paths, and who drives them. */
export interface ModelSuiteOptions extends SessionModelOptions {
  /** @default 'transitions' */
  readonly paths?: ModelPathKind
}

/** How a suite goes on after failures. */
export interface ModelRunOptions {
  /**
   * After so many failed paths the others fail at once: what is wrong with all of them is told by a few. At least 1;
   * `Infinity` walks all of them. A path that begins with steps that have failed already is never walked.
   * @default 3
   */
  readonly maxFailures?: number
}

/** One test. */
export interface ModelPath {
  /** The events in order, and where they lead. */
  readonly name: string
  /** What happens, in order. */
  readonly steps: ModelWay
  /**
   * Rejects where the system under test is not where the model is, with the trace so far; and at once where its driver is
   * still walking another path.
   */
  run(): Promise<void>
}

/** Paths through the model, as tests for any runner. */
export interface ModelSuite {
  /** Give `name` and `run` of each to the `test` of any runner. */
  readonly paths: readonly ModelPath[]
  /** The events that the driver can bring about. */
  readonly events: readonly ModelEventType[]
  /**
   * A path of your own, under the first of the options. A number chooses among all that can happen and changes anything
   * where it comes, modulo how many that are: draw numbers for random walks, which each lead a step on. An event that
   * cannot happen, or changes nothing, is left out. Where a look at the clock is due, it comes first.
   */
  walk(choices: readonly (number | ModelEventType)[]): ModelPath
  /** What the paths cover together. */
  planned(): ModelCoverage
  /** What those that have run, and passed, cover. */
  walked(): ModelCoverage
}

/** What each driver is walking: a run that its test has given up goes on, and nobody else's is to stop with it. */
const walking = new WeakMap<ModelDriver, string>()

/**
 * The tests that the session machine makes for a driver: paths through its test model, as far as the driver can go.
 * Several options make one suite, each with paths of its own.
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

/** Rejects at the first step that fails, whose place in `steps` it tells. */
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
 * Whether anything is different after a step: a session need not tell its chart of what changes nothing, but for a refresh
 * that somebody wants whatever the clock says.
 */
const isNews = ({ snapshot: before }: ModelStep, { event, from, to, snapshot: after }: ModelStep): boolean =>
  event === 'caller.forced' ||
  event === 'user.stayed' ||
  after.context.now > before.context.now ||
  modelKey(after) !== modelKey(before) ||
  JSON.stringify(to) !== JSON.stringify(from)

/** `refresh.refused -> retrying`, with a reason where there is one. */
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

/** For each row that the driver cannot come to: what it says about that, of the row or of the way there. */
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

/** The steps of a whole graph that a driver comes to without one that it cannot take. */
function openSteps(driver: ModelDriver, ways: ModelGraph['ways'], edges: ModelGraph['edges']): ModelStep[] {
  const from = Map.groupBy(edges, ({ fromKey }) => fromKey)
  const start = ways.slice(0, 1).flat()
  const found = new Map(start.map((step) => [modelKey(step.snapshot), step]))
  const steps = [...start]
  // A Map that grows while it is walked is walked to its end.
  for (const key of found.keys())
    for (const { step, toKey } of from.get(key) ?? []) {
      if (whyUnreachable(driver, step) !== undefined) continue
      steps.push(step)
      found.set(toKey, step)
    }
  return steps
}
