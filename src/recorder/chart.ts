import { type SnapshotFrom, transition } from 'xstate'
import type { SessionFacts } from '../../machines/session.context.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import { initial } from '../../machines/session.facts.ts'
import { sessionMachine } from '../../machines/session.machine.ts'
import { shown } from '../inspect/shown.ts'
import { context as facts } from '../inspect/vocabulary.ts'
import type { TraceEntry, TraceStart } from '../session/trace.ts'

export type ChartSnapshot = SnapshotFrom<typeof sessionMachine>
type TraceEvent = Extract<TraceEntry, { event: unknown }>['event']

/** Any user will do: no row of the chart reads the user. */
const SOMEBODY = { id: 'somebody' }
const blank = initial({ facts: null })
const blankFacts = shown(blank, facts)

/** The recorded part of a snapshot. */
export function startOf({ value, context }: ChartSnapshot): TraceStart {
  const all = shown(context, facts)
  const other = Object.entries(all).filter(([name, fact]) => fact !== blankFacts[name])
  return {
    state: value,
    context: { ...Object.fromEntries(other), ...(context.user && { user: true }) },
  }
}

/** The chart where a trace begins. */
export function chartAt({ state, context: { user, ...other } }: TraceStart): ChartSnapshot {
  const context = { ...blank, ...other, user: user ? SOMEBODY : null }
  return sessionMachine.resolveState({ value: state, context })
}

/** An event as it came, except for its user and provider. */
export function eventOf(recorded: TraceEvent): SessionEvent {
  const whole = { ...recorded } as { facts?: object; input?: { facts?: object } }
  if (whole.facts) whole.facts = factsOf(whole.facts)
  if (whole.input?.facts) whole.input = { ...whole.input, facts: factsOf(whole.input.facts) }
  return whole as unknown as SessionEvent
}

const factsOf = (recorded: object) => ({ ...recorded, user: SOMEBODY, provider: '' }) as SessionFacts

/** The chart after an event. No action is carried out. */
export const chartAfter = (before: ChartSnapshot, event: SessionEvent): ChartSnapshot =>
  transition(sessionMachine, before, event)[0]
