import { useState, useSyncExternalStore } from 'react'
import { Chart } from '../../admin-panel/page/Chart.tsx'
import { Events } from './Events.tsx'
import { Facts } from './Facts.tsx'
import { type Inspected, received } from './received.ts'

/** Every session that the relay hears of; one of them in full. */
export function InspectorPage() {
  const { isConnected, sessions, messages } = useSyncExternalStore(received.subscribe, received.read)
  const [chosen, choose] = useState<string>()
  const isEnded = ({ isGone, status }: Inspected) => isGone || status !== 'active'
  const present = sessions.filter((session) => !isEnded(session))
  const shown = sessions.find(({ id }) => id === chosen) ?? present[0] ?? sessions[0]
  const listed = [...present, ...sessions.filter(isEnded).slice(-3)]
  return (
    <>
      <header>
        <span className="brand">
          <span className="logo" aria-hidden="true" /> Session inspector
        </span>
        <span className="quiet">On this machine alone. Of a session no token and no user is sent.</span>
        <span className={`connection ${isConnected ? 'on' : 'off'}`} role="status">
          {isConnected ? `connected, ${messages} messages` : 'waiting for the relay'}
        </span>
      </header>
      <main className="inspector">
        <nav className="card" aria-labelledby="sessions-title">
          <h1 id="sessions-title">Sessions</h1>
          {listed.length === 0 && <p className="quiet">None yet. Open the admin panel.</p>}
          <ul className="sessions">
            {listed.map((session) => (
              <li key={session.id}>
                <button
                  type="button"
                  aria-current={session.id === shown?.id}
                  className={`session ${isEnded(session) ? 'gone' : session.state}`}
                  onClick={() => choose(session.id)}
                >
                  <strong>{session.where}</strong> <code>{session.id}</code>
                  <span className={`pill ${isEnded(session) ? '' : session.state}`}>
                    {isEnded(session) ? 'gone' : session.state}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </nav>
        {shown && (
          <>
            <div className="column">
              {isEnded(shown) ? (
                <Chart current={undefined} taken={shown.taken} title={`Gone; it was ${shown.state}`} />
              ) : (
                <Chart current={shown.state} taken={shown.taken} title="The chart, lit where it is" />
              )}
              <Facts session={shown} />
            </div>
            <Events key={shown.id} events={shown.events} />
          </>
        )}
      </main>
    </>
  )
}
