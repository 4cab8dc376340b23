import type { ExpiredReason, LoggedOutReason } from '../../machines/session.types.ts'
import type { SessionNotice } from '../session/notice.ts'
import type { UrlOption } from './plainHttp.ts'

/** Why a session of a server has ended. */
export type ServerEndReason =
  | ExpiredReason
  | LoggedOutReason
  /** Code of the server has ended it, by `sessions` of the server; without `by`: its login failed after it was stored. */
  | 'revoked'
  /** The user has logged in elsewhere, more often than `maxSessionsPerUser` lets. */
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
 * What happens on a server, for logs and metrics. No token, no personal data; `session` tells sessions apart, and
 * cannot be used to take one over.
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
      /** Who has ended it, as the call of `sessions` says. */
      readonly by?: string
    }
  | {
      readonly type: 'loginRefused'
      readonly status: number
      readonly code: string
      /** Of somebody else's login that came back into it: the session that stays. */
      readonly session?: string
      /** What the backend answered; absent: it did not, or was not asked. */
      readonly backendStatus?: number
      /** What came in place of LibreChat's answer: a status and a content type. */
      readonly came?: string
      /** With `user_misfit` and `misconfigured`: where the user misfits the schema of the option `user`, or what is wrong with that. */
      readonly problem?: string
    }
  | { readonly type: 'notVerified'; readonly session: string; readonly cause: 'unavailable' | 'refused' }
  | { readonly type: 'turnedAway'; readonly code: ServerSecurityNotice; readonly session?: string }
  /** A logout of the provider of the login `via` that could not be judged (`keys`), or carried out (`store`): it is to come again. */
  | { readonly type: 'providerLogoutFailed'; readonly via: string; readonly cause: 'keys' | 'store' }
  /** So many refreshes were told to wait since the last such notice, and nothing was sent: a limiter of the backend has spoken. */
  | { readonly type: 'refreshesPaced'; readonly count: number }
  | { readonly type: 'storeFailed'; readonly doing: 'read' | 'write' }
  /** Told when the server is made. `option`: whose URL is of another host, and not https. */
  | { readonly type: 'plainHttp'; readonly option: Exclude<UrlOption, 'jwks'> }
