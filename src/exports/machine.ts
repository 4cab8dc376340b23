/**
 * The chart itself, for machines of your own and for tools: the machine with ports that throw until they are provided,
 * its arithmetic, and the one reading of its snapshots. Who embeds a session in a parent machine takes
 * `createSessionLogic` instead.
 */

export { clampDelay, deadlinesOf, nextDeadline } from '../../machines/session.deadlines.ts'
export { sessionMachine } from '../../machines/session.machine.ts'
export { type SessionState, selectSession } from '../../machines/session.select.ts'
export type {
  BearerFact,
  Doubt,
  ExpiredReason,
  LoggedOutReason,
  PortInput,
  Position,
  RefreshInput,
  RefreshPolicy,
  RejectedReason,
  ResendPolicy,
  SessionContext,
  SessionEvent,
  SessionFacts,
  SessionInput,
  SessionStateName,
  SessionTag,
  SessionUser,
} from '../../machines/session.types.ts'
