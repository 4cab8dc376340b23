import type { ExpiredReason, LoggedOutReason } from '../../machines/session.types.ts'
import type { SessionNotice } from '../session/notice.ts'
import type { UrlOption } from './plainHttp.ts'

/** What a server turned away. */
export type ServerSecurityNotice =
  | 'csrf'
  | 'cookieDuplicate'
  | 'seal'
  | 'foreignRecord'
  | 'backChannelLogout'
  | 'identityMismatch'
  | 'otherLogin'

/**
 * What happens on a server, for logs and metrics. No token, no personal data; `session` tells sessions apart, and
 * cannot be used to take one over.
 */
export type ServerNotice =
  | (SessionNotice & { readonly session: string })
  | { readonly type: 'login'; readonly session: string; readonly provider: string }
  | {
      readonly type: 'ended'
      readonly session: string
      readonly reason: ExpiredReason | LoggedOutReason
    }
  | { readonly type: 'loginRefused'; readonly status: number; readonly code: string }
  | { readonly type: 'notVerified'; readonly session: string; readonly cause: 'unavailable' | 'refused' }
  | { readonly type: 'turnedAway'; readonly code: ServerSecurityNotice; readonly session?: string }
  | { readonly type: 'storeFailed'; readonly doing: 'read' | 'write' }
  /** Told when the server is made. `option`: whose URL is of another host, and not https. */
  | { readonly type: 'plainHttp'; readonly option: Exclude<UrlOption, 'jwks'> }
