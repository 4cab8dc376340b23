/**
 * Records what happens to sessions, and hands it out as JSON: no token, no name, no mail.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export { createRecorder, type RecorderOptions } from '../recorder/createRecorder.ts'
export type { SessionRecorder } from '../session/recorder.ts'
export type { Trace, TraceEntry, TraceStart } from '../session/trace.ts'
