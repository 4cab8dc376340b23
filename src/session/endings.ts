import type { SessionState } from '../../machines/session.select.ts'
import type { ExpiredReason, LoggedOutReason } from '../../machines/session.types.ts'
import { Disposed, LoggedOut, SessionExpired } from '../base/errors.ts'

/** The end of a session's actor. `stopped`: by its parent, which may start it again. */
export type RuntimeStatus = 'stopped' | 'running' | 'failed' | 'disposed'

/** Why the session never runs again. */
export function endOfRuntime(status: RuntimeStatus): Error | undefined {
  if (status === 'failed') return new SessionExpired('internal')
  return status === 'disposed' ? new Disposed() : undefined
}

/** Why there is no bearer, and will be none without a login. */
export function endOfSession(
  status: RuntimeStatus,
  { state, reason, isPending }: SessionState,
): Error | undefined {
  if (status === 'disposed' || status === 'stopped') return new Disposed()
  if (isPending || reason === null) return undefined
  return state === 'expired'
    ? new SessionExpired(reason as ExpiredReason)
    : new LoggedOut(reason as LoggedOutReason)
}
