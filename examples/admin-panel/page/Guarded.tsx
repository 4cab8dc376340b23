import { Outlet } from '@tanstack/react-router'
import { SessionGuard } from 'xstate-session/react'

/** The session may end while its pages are on the screen: they go at once, the router follows. */
export function Guarded() {
  return (
    <SessionGuard pending={<p className="card">One moment…</p>}>
      <Outlet />
    </SessionGuard>
  )
}
