import type { SessionStateName } from '../../machines/session.types.ts'

/** A chart at one instant: its state, and the parts of its context that differ from those of a new chart. */
export interface TraceStart {
  /** One of the six states. */
  readonly state: SessionStateName
  /** Facts of the context; `user` says whether there was one. */
  readonly context: Readonly<Record<string, unknown>>
}

/** One line of a trace. */
export type TraceEntry =
  /** The chart began here, or is known from here on. */
  | { readonly start: TraceStart }
  /** An event, and the state after it. An event that changed nothing is not kept. */
  | {
      readonly event: { readonly type: string; readonly at: number; readonly [field: string]: unknown }
      readonly state: SessionStateName
    }
  /** A notice of the observer; `at`: wall clock. */
  | { readonly at: number; readonly notice: { readonly type: string; readonly [field: string]: unknown } }

/**
 * The last events of a session, as JSON. It has no token, no name and no mail: only numbers, flags and words of this
 * package.
 */
export interface Trace {
  /** The name of the format. */
  readonly format: 'xstate-session trace'
  /** The version of the format. */
  readonly version: 1
  /** How many older entries were dropped. */
  readonly dropped: number
  /** The oldest first. */
  readonly entries: readonly TraceEntry[]
  /** The chart after all entries; absent: no chart has run. */
  readonly end?: TraceStart
}
