import type { ServerEndReason } from './notice.ts'

/** What is audited. */
export type AuditedAct =
  /** Somebody logged in. */
  | 'login'
  /** The user of a session logged in again, in place of it. */
  | 'stepUp'
  /** Somebody else logged in, in place of the session that the browser had. */
  | 'switchUser'
  /** The user logged out. */
  | 'logout'
  /** A login came to nothing; `code` says why. */
  | 'loginRefused'
  /** Code of the server has ended a session by `sessions`; `by` says for whom. */
  | 'revoked'
  /** A session was ended by a limit, by its provider, or by another login; `reason` says why. */
  | 'ended'
  /** A refresh ended a session; `reason` says why. */
  | 'refreshRejected'
  /** A request, a cookie or a record was not trusted; `code` says why. */
  | 'turnedAway'

/** Who did what, from where, and when. It is personal data; no token, no password, no mail and no name is in it. */
export interface AuditEntry {
  /** What was done. */
  readonly type: AuditedAct
  /** When: wall clock of the server, milliseconds since the Unix epoch. */
  readonly at: number
  /** Whose session, as notices and `sessions` name it. Absent: there is none. */
  readonly session?: string
  /** The name of the login in the option `logins`. Absent: not known. */
  readonly via?: string
  /** The `id` of the user, as the login tells it. Absent: nobody has proven who it is. */
  readonly userId?: string
  /** Where the request came from, as the option `forwardClientIp` says. Absent: it says nothing, or no request did it. */
  readonly clientIp?: string
  /** Of `ended`, `revoked`, `logout` and `refreshRejected`. */
  readonly reason?: ServerEndReason
  /** Of `loginRefused` and `turnedAway`. */
  readonly code?: string
  /** Of `revoked`: who has ended it, as the call of `sessions` says. */
  readonly by?: string
}
