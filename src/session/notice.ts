import type { TransitionNews } from '../../machines/session.events.ts'
import type { Position } from '../../machines/session.types.ts'
import type { RefusedCause, SecurityNotice, UnknownCause, Warning } from './strategy.ts'

/** What happened, without saying to which version of the session. */
export type Notice =
  | TransitionNews
  | { readonly type: 'refreshSent'; readonly attemptId: string }
  | {
      readonly type: 'refreshDeferred'
      readonly outcome: 'refused' | 'unknown' | 'unsupported'
      readonly cause: RefusedCause | UnknownCause | 'unsupported'
      /** With `misconfigured`, where the strategy knows it: what to mend. */
      readonly problem?: string
    }
  | { readonly type: 'stepUpRequired' }
  | { readonly type: 'changed'; readonly what: 'user' | 'profile' }
  | { readonly type: 'warning'; readonly code: Warning }
  | {
      readonly type: 'warning'
      readonly code: 'serverMissing'
      /** What was asked. */
      readonly url: string
      /** `0`: a redirect, which a browser hides. Absent: no answer came. */
      readonly status?: number
      readonly contentType?: string
    }
  | { readonly type: 'security'; readonly code: SecurityNotice }

/** What happens to a session, for logs and metrics. No token, no personal data. */
export type SessionNotice = Position & Notice

/**
 * What the surroundings tell a session. `woke`: look again, time has passed unseen or a peer has done something.
 * `loggedOut`: another page says that the user has logged out; with a store, or behind a server, that one is asked.
 */
export type SessionSignal = 'userActive' | 'userIdle' | 'networkRestored' | 'woke' | 'loggedOut'
