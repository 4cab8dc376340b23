'use client'
import { createElement, Fragment, type ReactElement, type ReactNode } from 'react'
import type { SessionState } from '../../machines/session.select.ts'
import { useSession } from './useSession.ts'

/** What is shown with a session, without one, and until that is known. */
export interface SessionGuardProps {
  /** What only somebody who is logged in may see. */
  readonly children?: ReactNode
  /**
   * Shown while it is not yet known whether there is a session.
   * @default nothing
   */
  readonly pending?: ReactNode
  /**
   * Shown where there is no session: the login page, or a way to it.
   * @default nothing
   */
  readonly fallback?: ReactNode
}

const viewOf = ({ isPending, isAuthenticated, provider, user }: SessionState) => ({
  isPending,
  account: isAuthenticated && user ? `${provider} ${user.tenantId ?? ''} ${user.id}` : null,
})

/**
 * Shows its children to a session that is alive, whatever becomes of its bearer meanwhile. When another account takes
 * the session over, the children start anew: no state of theirs passes from one user to the next. Guards what is shown;
 * what may be read is for the server to decide.
 *
 * @example
 * return (
 *   <SessionGuard pending={<p>One moment…</p>} fallback={<Login />}>
 *     <Settings />
 *   </SessionGuard>
 * )
 */
export function SessionGuard({ children, pending, fallback }: SessionGuardProps): ReactElement {
  const { isPending, account } = useSession(viewOf)
  if (account !== null) return createElement(Fragment, { key: account }, children)
  return createElement(Fragment, null, isPending ? pending : fallback)
}
