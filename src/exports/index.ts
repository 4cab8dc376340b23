/**
 * A session in one page or process: created, logged in, refreshed, watched, ended. Its errors, and the contracts that
 * parts of your own keep. Strategies come from `xstate-session/librechat` and `xstate-session/oauth`.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export type { SessionContext } from '../../machines/session.context.ts'
export type { SessionEvent, TransitionNotice } from '../../machines/session.events.ts'
export type { PortInput, RefreshInput } from '../../machines/session.ports.ts'
export type {
  AnySessionState,
  ExpiredState,
  LivingState,
  LoggedOutState,
  SessionState,
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
  UserDocument,
  UserIdentity,
} from '../../machines/session.types.ts'
export { type Clock, systemClock } from '../base/clock.ts'
export {
  type AnySessionError,
  Disposed,
  InvalidAnswer,
  LoggedOut,
  LoginFailed,
  LoginRefused,
  Misconfigured,
  RedirectBlocked,
  RefreshUnavailable,
  SessionChanged,
  SessionError,
  type SessionErrorCode,
  SessionExpired,
} from '../base/errors.ts'
export type { SessionClock } from '../base/sessionClock.ts'
export type { StandardSchemaV1 } from '../base/standardSchema.ts'
export type { UserSchema } from '../base/userReader.ts'
export type {
  Coordinator,
  EndedElsewhere,
  Flight,
  FlightAsk,
  FlightIdentity,
} from '../coordination/coordinator.ts'
export { type InProcessOptions, inProcessCoordinator } from '../coordination/inProcess.ts'
export { createSession } from '../session/createSession.ts'
export { createSessionLogic, sessionOf } from '../session/createSessionLogic.ts'
export type { ExpiresAtUnit } from '../session/lifetime.ts'
export type { LoginAnswer, LoginOptions } from '../session/login.ts'
export type { Notice, SessionNotice, SessionSignal } from '../session/notice.ts'
export type { SessionOptions } from '../session/options.ts'
export type { BaseSession, Session, SessionActorRef } from '../session/session.ts'
export type { SessionLogic, SessionLogicInput } from '../session/sessionLogic.ts'
export { sessionStore } from '../session/sessionStore.ts'
export type {
  KnownSends,
  LifeHints,
  RefreshOutcome,
  RefreshRequest,
  RefusedCause,
  RevokeRequest,
  SecurityNotice,
  SessionStrategy,
  UnknownCause,
  Warning,
} from '../session/strategy.ts'
export { memoryStore } from '../stores/memory.ts'
export type {
  SessionRecord,
  SessionStore,
  SessionStoreCalls,
  StoredSession,
  Tombstone,
} from '../stores/store.ts'
