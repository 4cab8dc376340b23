import type { Trace } from './trace.ts'

/** What records sessions: `createRecorder` of `xstate-session/recorder` makes one. */
export interface SessionRecorder {
  /** Records a chart that starts; `actorRef`: its actor. `session` tells the sessions of a server apart. */
  attach(actorRef: object, session?: string): void
  /** Records what an observer is told. `at`: wall clock, milliseconds since the Unix epoch. */
  note(notice: { readonly type: string }, at: number, session?: string): void
  /**
   * What is recorded, as JSON. `session`: which one of a server's, as notices and `sessions` name it. `undefined`: nothing.
   */
  trace(session?: string): Trace | undefined
}
