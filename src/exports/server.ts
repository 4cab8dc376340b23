/**
 * The server of a panel, which keeps the tokens and gives the browser a cookie.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export type { UserIdentity } from '../../machines/session.types.ts'
export type { Finding } from '../base/finding.ts'
export type { ServerFacts } from '../server/answers.ts'
export type { AuditEntry, AuditedAct } from '../server/auditEntry.ts'
export type { BackChannelResult, BackChannelVerifier } from '../server/backChannelVerifier.ts'
export type { CheckOptions } from '../server/check.ts'
export { clientIp } from '../server/clientIp.ts'
export { createSessionServer } from '../server/createSessionServer.ts'
export type { EndedServerSession } from '../server/endOwn.ts'
export type {
  AnyServerSession,
  GetSessionOptions,
  OpenServerSession,
  ServerSession,
} from '../server/getSession.ts'
export { type JsonLinesOptions, jsonLines, type LogLevel } from '../server/jsonLines.ts'
export type { LoginChoice } from '../server/loginChoice.ts'
export type { ServerEndReason, ServerNotice, ServerSecurityNotice } from '../server/notice.ts'
export type { OpenOptions } from '../server/openSession.ts'
export type { ForwardAuthOptions, RequestInfo, SessionServerOptions } from '../server/options.ts'
export type { ApiTarget } from '../server/routes.ts'
export type { ServerCookie } from '../server/serverCookie.ts'
export type {
  Json,
  LoginBegin,
  LoginGrant,
  LoginHost,
  LoginRefusal,
  LoginRequest,
  LoginStep,
  RunningLogin,
  ServerLogin,
  Verified,
} from '../server/serverLogin.ts'
export type { SessionRequest } from '../server/sessionRequest.ts'
export type { SessionServer } from '../server/sessionServer.ts'
export type { ServerTelemetry, TracedCall, TracedOutcome } from '../server/telemetry.ts'
export type { EndedBy, ListedSession, UserOfLogin, UserSessions } from '../server/userSessions.ts'
export { memoryServerStore } from '../stores/memoryServerStore.ts'
export type { EntryWrite, ServerStore, StoredEntry } from '../stores/serverStore.ts'
