'use client'
import { createElement, Fragment, type ReactElement, type ReactNode } from 'react'
import type { SessionState } from '../../machines/session.select.ts'
import { accountOf } from './accountOf.ts'
import { useSession } from './useSession.ts'

/** The parts to show with a session, without one, and until that is known. */
export interface SessionGuardProps {
  /** The part for users who are logged in. */
  readonly children?: ReactNode
  /**
   * Shown while it is not yet known whether there is a session.
   * @default nothing
   */
  readonly pending?: ReactNode
  /**
   * Shown without a session: the login page, or a link to it.
   * @default nothing
   */
  readonly fallback?: ReactNode
}

const viewOf = (state: SessionState) => ({
  isPending: state.isPending,
  account: state.isAuthenticated ? accountOf(state) : null,
})

/**
 * Shows its children while the session is alive, whatever happens to its bearer. When another account takes the session
 * over, the children mount again, so no state passes from one user to the next. It guards what is shown; the server
 * decides what may be read.
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
  if (account) return createElement(Fragment, { key: account }, children)
  // The types of older React know no component that renders a text or nothing.
  return (isPending ? pending : fallback) as ReactElement
}
