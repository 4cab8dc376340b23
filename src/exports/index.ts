/**
 * A session in one page or process: created, logged in, refreshed, watched, ended. Strategies for LibreChat's two
 * kinds of login and for a page behind its own server, the errors, and the contracts that parts of your own keep.
 */

export type { SessionState } from '../../machines/session.select.ts'
export type {
  BearerFact,
  ExpiredReason,
  LoggedOutReason,
  Position,
  RefreshPolicy,
  RejectedReason,
  ResendPolicy,
  SessionStateName,
  SessionUser,
} from '../../machines/session.types.ts'
export type {
  Coordinator,
  EndedElsewhere,
  Flight,
  FlightAsk,
  FlightIdentity,
} from '../coordination/coordinator.ts'
export { type InProcessOptions, inProcessCoordinator } from '../coordination/inProcess.ts'
export { type Clock, systemClock } from '../session/clock.ts'
export { createSession } from '../session/createSession.ts'
export {
  createSessionLogic,
  type SessionLogic,
  type SessionLogicInput,
  sessionOf,
} from '../session/createSessionLogic.ts'
export {
  type AnySessionError,
  Disposed,
  InvalidAnswer,
  LoggedOut,
  Misconfigured,
  RedirectBlocked,
  RefreshUnavailable,
  SessionChanged,
  SessionError,
  type SessionErrorCode,
  SessionExpired,
} from '../session/errors.ts'
export type { ExpiresAtUnit } from '../session/lifetime.ts'
export type { LoginAnswer, LoginOptions } from '../session/login.ts'
export type { Happening, SessionNotice, SessionSignal } from '../session/notice.ts'
export type { SessionOptions } from '../session/options.ts'
export type { Session, SessionActorRef } from '../session/session.ts'
export type { SessionClock } from '../session/sessionClock.ts'
export { memoryStore } from '../stores/memory.ts'
export type { SessionRecord, SessionStore, StoredSession, Tombstone } from '../stores/store.ts'
export { type BffStrategyOptions, bffStrategy } from '../strategies/bff.ts'
export { type CookieStrategyOptions, cookieStrategy, refreshTokenFromCookies } from '../strategies/cookie.ts'
export { type OpenidStrategyOptions, openidStrategy } from '../strategies/openid.ts'
export type {
  KeptFacts,
  KeptParts,
  KeptSession,
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
} from '../strategies/strategy.ts'
export type { BffFacts } from '../wire/facts.ts'
