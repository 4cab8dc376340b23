import type { Trace } from './trace.ts'

/** Records sessions: `createRecorder` of `xstate-session/recorder` makes one. */
export interface SessionRecorder {
  /** Records a chart that starts; `actorRef`: its actor. `session` tells the sessions of a server apart. */
  attach(actorRef: object, session?: string): void
  /** Records a notice of the observer. `at`: wall clock, milliseconds since the Unix epoch. */
  note(notice: { readonly type: string }, at: number, session?: string): void
  /**
   * The recorded trace, as JSON. `session`: a server's session, as notices and `sessions` name it. `undefined`: there
   * is none.
   */
  trace(session?: string): Trace | undefined
}
