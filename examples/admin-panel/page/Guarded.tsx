import { Navigate, Outlet, useLocation } from '@tanstack/react-router'
import { SessionGuard } from 'xstate-session/react'

/** The session may end while its pages are on the screen. */
export function Guarded() {
  const { href } = useLocation()
  return (
    <SessionGuard
      pending={<p className="card">One moment…</p>}
      fallback={<Navigate to="/login" search={{ returnTo: href }} replace />}
    >
      <Outlet />
    </SessionGuard>
  )
}
