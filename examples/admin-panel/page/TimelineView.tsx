import { useSyncExternalStore } from 'react'
import { recorder } from './session.ts'
import { timeline } from './timeline.ts'

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** For `npx xstate-session replay`. */
function saveTrace() {
  const url = URL.createObjectURL(new Blob([JSON.stringify(recorder.trace())], { type: 'application/json' }))
  Object.assign(document.createElement('a'), { href: url, download: 'trace.json' }).click()
  URL.revokeObjectURL(url)
}

export function TimelineView() {
  const entries = useSyncExternalStore(timeline.subscribe, timeline.read)
  return (
    <section className="card" aria-labelledby="timeline-title">
      <h2 id="timeline-title">What happened, and why</h2>
      {entries.length === 0 && <p className="quiet">Nothing yet. Sign in, and wait for the first renewal.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <ol className="timeline" tabIndex={0} aria-label="Events, newest first">
        {entries.map(({ id, at, where, what, why, tone }) => (
          <li key={id} className={tone}>
            <time dateTime={new Date(at).toISOString()}>{time.format(at)}</time>
            <span className="where">{where}</span>
            <span>
              <strong>{what}</strong>
              {why && <em> {why}</em>}
            </span>
          </li>
        ))}
      </ol>
      <div className="buttons">
        <button type="button" onClick={saveTrace}>
          Save the trace of this page
        </button>
        <a href="/control/trace" download="server-trace.json">
          Trace of the server
        </a>
      </div>
    </section>
  )
}
