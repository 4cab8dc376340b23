import type { ServerEndReason } from './notice.ts'

/** The kinds of audit entries. */
export type AuditedAct =
  /** A user logged in. */
  | 'login'
  /** The user of a session logged in again; the new session replaces the old one. */
  | 'stepUp'
  /** Another user logged in; the new session replaces the one that the browser had. */
  | 'switchUser'
  /** The user logged out. */
  | 'logout'
  /** A login failed; `code` says why. */
  | 'loginRefused'
  /** Your code ended a session by `sessions`; `by` says for whom. */
  | 'revoked'
  /** A limit, the provider or another login ended a session; `reason` says why. */
  | 'ended'
  /** A refresh ended a session; `reason` says why. */
  | 'refreshRejected'
  /** The server did not trust a request, a cookie or a record; `code` says why. */
  | 'turnedAway'

/**
 * Who did what, from where, and when. These are personal data. An entry holds no token, no password, no mail and no
 * name.
 */
export interface AuditEntry {
  /** The act. */
  readonly type: AuditedAct
  /** The time: the server's wall clock, milliseconds since the Unix epoch. */
  readonly at: number
  /** The session, as notices and `sessions` name it. Absent: there is none. */
  readonly session?: string
  /** The name of the login in the option `logins`. Absent: not known. */
  readonly via?: string
  /** The `id` of the user, as the login returned it. Absent: nobody has proven an identity. */
  readonly userId?: string
  /**
   * The client's address, by the option `forwardClientIp`. Absent: the option returned none, or no request caused the
   * entry.
   */
  readonly clientIp?: string
  /** Of `ended`, `revoked`, `logout` and `refreshRejected`. */
  readonly reason?: ServerEndReason
  /** Of `loginRefused` and `turnedAway`. */
  readonly code?: string
  /** Of `revoked`: for whom the session was ended, as the call of `sessions` says. */
  readonly by?: string
}
