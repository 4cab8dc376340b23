import type { SessionState } from '../../machines/session.select.ts'
import type { ExpiredReason, LoggedOutReason } from '../../machines/session.types.ts'
import type { Happening } from './notice.ts'

/** What is told of a change of the chart. */
export function changeNotices(previous: SessionState, next: SessionState): Happening[] {
  const { state, reason, user, epoch, version } = next
  const notices: Happening[] = []
  if (epoch === previous.epoch && version > previous.version) notices.push({ type: 'refreshed' })
  if (previous.user && user && previous.user.id !== user.id) notices.push({ type: 'changed', what: 'user' })
  if (state === previous.state) return notices
  if (state === 'nearingExpiry') notices.push({ type: 'nearingExpiry' })
  if (state === 'expired') notices.push({ type: 'expired', reason: reason as ExpiredReason })
  if (state === 'loggedOut') notices.push({ type: 'loggedOut', reason: reason as LoggedOutReason })
  return notices
}
