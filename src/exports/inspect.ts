export {
  type InspectSessionOptions,
  inspectSession,
  type SessionInspector,
} from '../inspect/inspectSession.ts'
