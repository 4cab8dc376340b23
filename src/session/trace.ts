import type { SessionStateName } from '../../machines/session.types.ts'

/** The chart as it stood: its state, and what of its context is not as in a chart that nothing has happened to. */
export interface TraceStart {
  /** One of the six. */
  readonly state: SessionStateName
  /** Facts of the context; `user` says whether there was one. */
  readonly context: Readonly<Record<string, unknown>>
}

/** One line of a trace. */
export type TraceEntry =
  /** The chart began here, or is known from here on. */
  | { readonly start: TraceStart }
  /** What happened to it, and the state that it came to. What changed nothing is not kept. */
  | {
      readonly event: { readonly type: string; readonly at: number; readonly [field: string]: unknown }
      readonly state: SessionStateName
    }
  /** What an observer was told; `at`: wall clock. */
  | { readonly at: number; readonly notice: { readonly type: string; readonly [field: string]: unknown } }

/** The last that happened to a session, as JSON. No token, no name, no mail: numbers, flags and words of this package. */
export interface Trace {
  /** What this is. */
  readonly format: 'xstate-session trace'
  /** Of the format. */
  readonly version: 1
  /** How many older entries were dropped. */
  readonly dropped: number
  /** The oldest first. */
  readonly entries: readonly TraceEntry[]
  /** Where the chart stands after them; absent: no chart has run. */
  readonly end?: TraceStart
}
