/** The server of a panel, which keeps the tokens and gives the browser a cookie. */

export type { BackChannelResult, BackChannelVerifier } from '../server/backChannelVerifier.ts'
export { clientIp } from '../server/clientIp.ts'
export { createSessionServer, type SessionServer } from '../server/createSessionServer.ts'
export type { AnyServerSession, GetSessionOptions, ServerSession } from '../server/getSession.ts'
export type { ServerNotice, ServerSecurityNotice } from '../server/notice.ts'
export type { RequestInfo, SessionServerOptions } from '../server/options.ts'
export type { ApiTarget } from '../server/routes.ts'
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
export { memoryServerStore } from '../stores/memoryServerStore.ts'
export type { EntryWrite, ServerStore, StoredEntry } from '../stores/serverStore.ts'
