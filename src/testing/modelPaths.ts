import { createSessionModel, type SessionModelOptions } from './createSessionModel.ts'
import type { StepLimits } from './modelDriver.ts'
import { lastOf, type ModelGraph, type ModelWay, modelGraph, startOf, stepsFrom } from './modelGraph.ts'
import { modelKey } from './modelKey.ts'
import type { ModelStep } from './modelStep.ts'

/**
 * `transitions`: a shortest path to each row of the chart, each of its reasons, and each event. `shortest`: a shortest path
 * to each state of the model. `simple`: every way through the six states that visits none of them twice. `tours`: a few
 * long paths that take each row and give each reason, for a system that starts slowly.
 */
export type ModelPathKind = 'transitions' | 'shortest' | 'simple' | 'tours'

/** A longer path that fails says too little about the cause. */
const TOUR_STEPS = 25

/** The paths of one kind that a driver can walk, the shortest first. No path is the beginning of another. */
export function modelPaths(
  options: SessionModelOptions,
  driver: StepLimits,
  kind: ModelPathKind = 'transitions',
): ModelWay[] {
  if (kind === 'simple') return simplePaths(options, driver)
  const graph = modelGraph(options, driver)
  if (kind === 'tours') return tours(options, graph, driver)
  if (kind === 'shortest') return withoutBeginnings(graph.ways)
  if (kind === 'transitions') return withoutBeginnings(toEveryRow(graph))
  throw new TypeError(`"paths" are "transitions", "shortest", "simple" or "tours", not "${kind}".`)
}

/** One path to each event, row and reason that no earlier path has. The edges come with the shortest ways first. */
function toEveryRow({ edges }: ModelGraph): ModelWay[] {
  const shown = new Set<string>()
  return edges.flatMap(({ way, step }): ModelWay[] => {
    const { event, transition, from, to } = step
    if (!transition) return []
    const given = to.reason === from.reason ? '' : to.reason
    const news = [event, transition, `${transition} ${given}`].filter((what) => !shown.has(what))
    for (const what of news) shown.add(what)
    return news.length > 0 ? [[...way, step]] : []
  })
}

/** Each tour continues to the nearest row or reason that no earlier step has shown. */
function tours(options: SessionModelOptions, { edges }: ModelGraph, driver: StepLimits): ModelWay[] {
  const model = createSessionModel(options)
  const keyOf = (step: ModelStep) => modelKey(step.snapshot)
  const from = Map.groupBy(edges, ({ fromKey }) => fromKey)
  const shown = new Set<string>()
  const newsOf = ({ transition, from, to }: ModelStep) =>
    transition ? [transition, `${transition} ${to.reason === from.reason ? '' : to.reason}`] : []
  const show = (step: ModelStep) => {
    for (const what of newsOf(step)) shown.add(what)
  }
  function nearest(start: string): readonly ModelStep[] {
    const found = new Map<string, readonly ModelStep[]>([[start, []]])
    for (const [key, way] of found)
      for (const { step, toKey } of from.get(key) ?? []) {
        if (newsOf(step).some((what) => !shown.has(what))) return [...way, step]
        if (!found.has(toKey)) found.set(toKey, [...way, step])
      }
    return []
  }
  const all: ModelWay[] = []
  for (;;) {
    let way: ModelWay = [startOf(model)]
    for (let ahead = nearest(keyOf(way[0])); ahead.length > 0; ahead = nearest(keyOf(lastOf(way)))) {
      if (way.length > TOUR_STEPS) break
      for (const { event } of ahead) {
        const [step] = event === 'start' ? [] : stepsFrom(model, lastOf(way).snapshot, driver, [event])
        if (!step) break
        show(step)
        way = [...way, step]
      }
      // A step of the graph that this path could not take counts as shown, so that the loop ends.
      for (const step of ahead) show(step)
    }
    if (way.length === 1) return all
    all.push(way)
  }
}

/** If several events take the same row, one of them stands for all. */
function simplePaths(options: SessionModelOptions, driver: StepLimits): ModelWay[] {
  const model = createSessionModel(options)
  function onFrom(way: ModelWay): ModelWay[] {
    const seen = new Set(way.map(({ to }) => to.state))
    const rows = new Set<string>()
    const longer = stepsFrom(model, lastOf(way).snapshot, driver).flatMap((step) => {
      if (!step.transition || seen.has(step.to.state) || rows.has(step.transition)) return []
      rows.add(step.transition)
      return onFrom([...way, step])
    })
    return longer.length > 0 ? longer : [way]
  }
  return onFrom([startOf(model)]).sort((a, b) => a.length - b.length)
}

function withoutBeginnings(ways: readonly ModelWay[]): ModelWay[] {
  const nameOf = (way: readonly ModelStep[]) => way.map(({ event }) => event).join(' ')
  const beginnings = new Set(ways.flatMap((way) => way.map((_, length) => nameOf(way.slice(0, length)))))
  return ways.filter((way) => !beginnings.has(nameOf(way)))
}
