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
        <p>
          <strong>This panel's bearer lives for one minute.</strong> A state machine keeps the session alive
          <span className="more">
            : it renews the bearer before it ends, once for everybody who waits, and rides out what goes wrong
          </span>
          .
        </p>
        <ol>
          <li>Sign in, and watch the machine.</li>
          <li>Break something in the control room.</li>
          <li>Read what happened, and why.</li>
        </ol>
      </section>
      <div className="columns">
        <main id="content" tabIndex={-1}>
          <Outlet />
        </main>
        <aside className="behind" aria-label="Behind the scenes">
          <Statechart />
          <ControlRoom />
        </aside>
        <aside className="past" aria-label="The past">
          <TimelineView />
        </aside>
      </div>
    </>
  )
}
