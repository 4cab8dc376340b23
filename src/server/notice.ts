import type { ExpiredReason, LoggedOutReason } from '../../machines/session.types.ts'
import type { SessionNotice } from '../session/notice.ts'
import type { UrlOption } from './plainHttp.ts'

/** Why a session of a server has ended. */
export type ServerEndReason =
  | ExpiredReason
  | LoggedOutReason
  /** Your code ended it by `sessions` of the server. Without `by`: its login failed after it was stored. */
  | 'revoked'
  /** The user has more sessions than `maxSessionsPerUser` permits. */
  | 'sessionLimit'

/** What a server turned away. */
export type ServerSecurityNotice =
  | 'csrf'
  | 'cookieDuplicate'
  | 'seal'
  | 'backChannelLogout'
  | 'identityMismatch'
  | 'otherLogin'

/**
 * The events of a server, for logs and metrics. A notice holds no token and no personal data. `session` tells sessions
 * apart and cannot be used to take one over.
 */
export type ServerNotice =
  | (SessionNotice & { readonly session: string })
  | {
      readonly type: 'login'
      readonly session: string
      /** The name of the login. */
      readonly via: string
      /** Which of the login's strategies renews the session. */
      readonly provider: string
    }
  | {
      readonly type: 'ended'
      readonly session: string
      readonly reason: ServerEndReason
      /** For whom it was ended, as the call of `sessions` says. */
      readonly by?: string
    }
  | {
      readonly type: 'loginRefused'
      readonly status: number
      readonly code: string
      /** If another user returned into a session: that session, which stays. */
      readonly session?: string
      /** The backend's status; absent: it did not answer, or was not asked. */
      readonly backendStatus?: number
      /** The status and content type that came in place of LibreChat's answer. */
      readonly came?: string
      /**
       * With `user_misfit` and `misconfigured`: the fields that do not match the schema of the option `user`, or the
       * mistake of the schema.
       */
      readonly problem?: string
    }
  | { readonly type: 'notVerified'; readonly session: string; readonly cause: 'unavailable' | 'refused' }
  | { readonly type: 'turnedAway'; readonly code: ServerSecurityNotice; readonly session?: string }
  /**
   * A logout of the provider of the login `via` could not be checked (`keys`) or carried out (`store`). The provider
   * will send it again.
   */
  | { readonly type: 'providerLogoutFailed'; readonly via: string; readonly cause: 'keys' | 'store' }
  /**
   * A limiter of the backend delays refreshes. Since the last such notice, this many refreshes were told to wait, and
   * nothing was sent for them.
   */
  | { readonly type: 'refreshesPaced'; readonly count: number }
  | { readonly type: 'storeFailed'; readonly doing: 'read' | 'write' }
  /** Reported when the server is created. `option`: its URL is of another host, and not https. */
  | { readonly type: 'plainHttp'; readonly option: Exclude<UrlOption, 'jwks'> }
