import { sessionMachine } from '../../machines/session.machine.ts'
import type { SessionStateName } from '../../machines/session.types.ts'
import type { ReplayDivergence, ReplayStep } from '../replay/replayTrace.ts'
import type { TraceStart } from '../session/trace.ts'

/** One line for one entry: its time, its kind, and its meaning in the words of the chart. */
export function stepInWords({ index, entry, from, state, row }: ReplayStep): string {
  const place = String(index).padStart(4)
  if ('start' in entry) return `${place}  ${' '.repeat(24)}  The chart begins: ${startInWords(entry.start)}.`
  if ('notice' in entry)
    return `${place}  ${timeOf(entry.at)}    told: ${entry.notice.type}${detailsOf(entry.notice)}`
  const { event } = entry
  const way = state === from ? `stays ${state}` : `${from} → ${state}. ${describe(state)}`
  return `${place}  ${timeOf(event.at)}  ${event.type}${detailsOf(event)}: ${row ?? 'no row is for it here'}; ${way}`
}

export function divergenceInWords({ index, recorded, replayed }: ReplayDivergence): string {
  const head = `Trace and chart disagree at entry ${index}`
  if (typeof recorded === 'string')
    return `${head}: recorded was ${recorded}, and the chart comes to ${String(replayed)}.`
  const names = differences(recorded, replayed as TraceStart)
  return `${head}, the end: ${names.join(', ')} ${names.length > 1 ? 'differ' : 'differs'} (recorded ${startInWords(recorded)}; the chart comes to ${startInWords(replayed as TraceStart)}).`
}

const timeOf = (at: number) => new Date(at).toISOString().padEnd(24)

const startInWords = ({ state, context }: TraceStart) =>
  `${state}${typeof context.reason === 'string' ? ` (${context.reason})` : ''}${context.pending ? ' (not yet known)' : ''}`

const describe = (state: SessionStateName | undefined) =>
  state === undefined ? '' : (sessionMachine.root.states[state]?.description ?? '')

/** The words and flags of an event; its numbers are in the trace. */
function detailsOf(recorded: Readonly<Record<string, unknown>>): string {
  const words = Object.entries(recorded).flatMap(([name, value]) =>
    name === 'type' ? [] : typeof value === 'string' ? [value] : value === true ? [name] : [],
  )
  return words.length > 0 ? ` (${words.join(', ')})` : ''
}

function differences(a: TraceStart, b: TraceStart): string[] {
  const names = new Set([...Object.keys(a.context), ...Object.keys(b.context)])
  const differing = [...names].filter(
    (name) => JSON.stringify(a.context[name]) !== JSON.stringify(b.context[name]),
  )
  return a.state === b.state ? differing : ['the state', ...differing]
}
