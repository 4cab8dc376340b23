/**
 * Shows a running session in the Stately inspector, without its tokens.
 *
 * Install: `npm install xstate-session xstate` and `npm install --save-dev @statelyai/inspect`
 * @module
 */

export {
  type InspectSessionOptions,
  inspectSession,
  type SessionInspector,
} from '../inspect/inspectSession.ts'
