/**
 * Shows a running session in the Stately inspector, without its tokens.
 * @module
 */

export {
  type InspectSessionOptions,
  inspectSession,
  type SessionInspector,
} from '../inspect/inspectSession.ts'
