import { useState } from 'react'
import { Value } from './Facts.tsx'
import type { Happened } from './received.ts'

const time = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
})
const TONES: Readonly<Record<string, string>> = {
  active: 'good',
  nearingExpiry: 'wait',
  refreshing: 'wait',
  retrying: 'wait',
  expired: 'bad',
}

export function Events({ events }: { readonly events: readonly Happened[] }) {
  const [isBrief, setBrief] = useState(true)
  // A look at the clock that changed nothing is no news.
  const shown = isBrief
    ? events.filter(({ event, from, to }) => event !== 'time.checked' || from !== to)
    : events
  return (
    <section className="card" aria-labelledby="events-title">
      <div className="heading">
        <h2 id="events-title">Events</h2>
        <label className="check">
          <input type="checkbox" checked={isBrief} onChange={() => setBrief(!isBrief)} /> only what is news
        </label>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <ol className="timeline events" tabIndex={0} aria-label="Events, newest first">
        {shown.map(({ id, at, event, from, to, fields }) => (
          <li key={id} className={TONES[to] ?? ''}>
            <time dateTime={new Date(at).toISOString()}>{time.format(at)}</time>
            <span>
              <strong>{event}</strong> {from === to ? <em>stays {to}</em> : <em>{`${from} → ${to}`}</em>}
              {Object.keys(fields).length > 0 && (
                <span className="fields">
                  <Value value={fields} />
                </span>
              )}
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}
