import { Link, Outlet } from '@tanstack/react-router'
import { useUser } from 'xstate-session/react'
import { ControlRoom } from './ControlRoom.tsx'
import { ExpiryWarning } from './ExpiryWarning.tsx'
import { IdleWarning } from './IdleWarning.tsx'
import { SessionBar } from './SessionBar.tsx'
import { Statechart } from './Statechart.tsx'
import { TimelineView } from './TimelineView.tsx'

export function Frame() {
  const user = useUser()
  return (
    <>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header>
        <span className="brand">
          <span className="logo" aria-hidden="true" />
          Harbour Admin
        </span>
        {user && (
          <nav aria-label="Pages">
            <Link to="/users">Users</Link>
            <Link to="/settings">Settings</Link>
          </nav>
        )}
        <SessionBar />
      </header>
      <ExpiryWarning />
      <IdleWarning />
      <section className="intro" aria-label="About this demo">
        This panel's bearer lives for one minute. The machine renews it, once for everybody who waits, and its
        server keeps every token. Sign in, then try to break it.
      </section>
      <div className="columns">
        <main id="content" tabIndex={-1}>
          <Outlet />
          <ControlRoom />
        </main>
        <aside aria-label="Behind the scenes">
          <Statechart />
          <TimelineView />
        </aside>
      </div>
    </>
  )
}
