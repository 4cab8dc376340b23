import type { TransitionNews } from '../../machines/session.events.ts'
import type { Position } from '../../machines/session.types.ts'
import type { RefusedCause, SecurityNotice, UnknownCause, Warning } from './strategy.ts'

/** An event, without the version of the session. */
export type Notice =
  | TransitionNews
  | { readonly type: 'refreshSent'; readonly attemptId: string }
  | {
      readonly type: 'refreshDeferred'
      readonly outcome: 'refused' | 'unknown' | 'unsupported'
      readonly cause: RefusedCause | UnknownCause | 'unsupported'
      /** With `misconfigured`: what to correct, if the strategy knows it. */
      readonly problem?: string
    }
  | { readonly type: 'stepUpRequired' }
  | { readonly type: 'changed'; readonly what: 'user' | 'profile' }
  | { readonly type: 'warning'; readonly code: Warning }
  | {
      readonly type: 'warning'
      readonly code: 'serverMissing'
      /** The requested URL. */
      readonly url: string
      /** `0`: a redirect, which a browser hides. Absent: no answer came. */
      readonly status?: number
      readonly contentType?: string
    }
  | { readonly type: 'security'; readonly code: SecurityNotice }

/** The events of a session, for logs and metrics. No token, no personal data. */
export type SessionNotice = Position & Notice

/**
 * Signals from the surroundings of a session. `woke`: look again, because time has passed unseen, or a peer has done
 * something. `loggedOut`: another page says that the user has logged out. A session with a store, or behind a server,
 * then asks that one.
 */
export type SessionSignal = 'userActive' | 'userIdle' | 'networkRestored' | 'woke' | 'loggedOut'
