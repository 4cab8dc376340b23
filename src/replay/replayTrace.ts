import { sessionMachine } from '../../machines/session.machine.ts'
import type { SessionStateName } from '../../machines/session.types.ts'
import { type ChartSnapshot, chartAfter, chartAt, eventOf, startOf } from '../recorder/chart.ts'
import type { Trace, TraceEntry, TraceStart } from '../session/trace.ts'
import { readTrace } from './readTrace.ts'

/** One replayed entry of a trace. */
export interface ReplayStep {
  /** Its place in `entries` of the trace. */
  readonly index: number
  /** The entry as it was recorded. */
  readonly entry: TraceEntry
  /** The state of the chart before; absent: no chart had begun. */
  readonly from?: SessionStateName
  /** The state of the chart after. */
  readonly state?: SessionStateName
  /** For an event: the row that it takes, in the words of the chart; absent: there is no row for it. */
  readonly row?: string
}

/** The first disagreement: the chart has changed since, or the trace was changed. */
export interface ReplayDivergence {
  /** The place in `entries`; if the end differs, their number. */
  readonly index: number
  /** As it was recorded. */
  readonly recorded: TraceStart | SessionStateName
  /** As the chart does it now. */
  readonly replayed: TraceStart | SessionStateName
}

/** A trace after its replay on the chart. */
export interface Replay {
  /** Every entry, or those up to the divergence. */
  readonly steps: readonly ReplayStep[]
  /** The chart after the last step; absent: no chart had begun. */
  readonly end?: TraceStart
  /** The same trace, as the chart records it now. */
  readonly trace: Trace
  /** The first place where trace and chart disagree. */
  readonly divergence?: ReplayDivergence
}

/**
 * Plays a trace of `createRecorder` on the chart, event by event. It sends nothing and reads no clock. `trace`: parsed
 * JSON. Throws a `TypeError` that says what is wrong and where, if it is no trace.
 *
 * @example
 * const answer = await fetch('/support/trace.json')
 * const { end, divergence } = replayTrace(await answer.json())
 * if (divergence === undefined && end?.state === 'expired') console.log(end.context.reason)
 */
export function replayTrace(trace: unknown): Replay {
  const { entries, end: recordedEnd, ...head } = readTrace(trace)
  const steps: ReplayStep[] = []
  let chart: ChartSnapshot | undefined
  let divergence: ReplayDivergence | undefined
  for (const [index, entry] of entries.entries()) {
    const from = chart && { from: chart.value }
    if ('start' in entry) {
      chart = chartAt(entry.start)
      steps.push({ index, entry, ...from, state: chart.value })
    } else if ('notice' in entry) steps.push({ index, entry, ...from, ...(chart && { state: chart.value }) })
    else {
      if (!chart) throw new TypeError(`entries[${index}]: an event, and no "start" before it`)
      const event = eventOf(entry.event)
      const row = sessionMachine.getTransitionData(chart, event)[0]?.description
      chart = chartAfter(chart, event)
      steps.push({ index, entry, ...from, state: chart.value, ...(row !== undefined && { row }) })
      if (chart.value !== entry.state) {
        divergence = { index, recorded: entry.state, replayed: chart.value }
        break
      }
    }
  }
  const end = chart && startOf(chart)
  if (!divergence && end && recordedEnd && textOf(end) !== textOf(recordedEnd))
    divergence = { index: entries.length, recorded: recordedEnd, replayed: end }
  const now = steps.map(({ entry, state }) =>
    'event' in entry ? { ...entry, state: state as SessionStateName } : entry,
  )
  return {
    steps,
    ...(end && { end }),
    trace: { ...head, entries: now, ...(end && { end }) },
    ...(divergence && { divergence }),
  }
}

/** The order of names does not matter. */
const textOf = ({ state, context }: TraceStart) =>
  JSON.stringify([state, Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))])
