/**
 * The chart itself, for machines of your own and for tools: the machine with ports that throw until they are provided,
 * its arithmetic, and the one reading of its snapshots. Who embeds a session in a parent machine takes
 * `createSessionLogic` instead.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export type { Doubt, SessionContext, SessionFacts, SessionInput } from '../../machines/session.context.ts'
export { clampDelay, deadlinesOf, nextDeadline } from '../../machines/session.deadlines.ts'
export type { SessionEvent, TransitionNotice } from '../../machines/session.events.ts'
export { sessionMachine } from '../../machines/session.machine.ts'
export type { PortInput, RefreshInput } from '../../machines/session.ports.ts'
export {
  type AnySessionState,
  type ExpiredState,
  type LivingState,
  type LoggedOutState,
  type SessionState,
  selectSession,
} from '../../machines/session.select.ts'
export type {
  BearerFact,
  ExpiredReason,
  LoggedOutReason,
  Position,
  RefreshPolicy,
  RejectedReason,
  ResendPolicy,
  SessionStateName,
  SessionTag,
  SessionUser,
  UserIdentity,
} from '../../machines/session.types.ts'
