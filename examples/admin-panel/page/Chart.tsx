import { useEffect, useRef, useState } from 'react'
import { BOX, edges, HEIGHT, middleOf, pathOf, states, WIDTH } from './chart.ts'

const FLASH_MS = 1_400

export interface ChartProps {
  readonly title: string
  /** The state that is lit; none where there is no session any more. */
  readonly current: string | undefined
  /** The last transition. */
  readonly taken: { readonly from: string; readonly to: string; readonly event: string } | undefined
}

/** The machine, drawn from itself: where it is, how it came there, and where it can go. */
export function Chart({ title, current, taken }: ChartProps) {
  const [isFresh, setFresh] = useState(false)
  const seen = useRef(taken)
  useEffect(() => {
    if (taken === seen.current) return
    seen.current = taken
    setFresh(true)
    const timer = setTimeout(() => setFresh(false), FLASH_MS)
    return () => clearTimeout(timer)
  }, [taken])

  const isTaken = (from: string, to: string) => taken?.from === from && taken.to === to
  const shown = edges.filter(
    ({ from, to, isEverywhere }) => !isEverywhere || from === current || isTaken(from, to),
  )
  const description = states.find(({ name }) => name === current)?.description
  return (
    <section className="card chart" aria-labelledby="chart-title">
      <h2 id="chart-title">{title}</h2>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`Statechart; ${current ? `the state is ${current}` : 'no state is lit'}`}
      >
        <defs>
          {['plain', 'open', 'taken'].map((kind) => (
            <marker
              key={kind}
              id={`tip-${kind}`}
              className={`tip ${kind}`}
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="8"
              markerHeight="8"
              markerUnits="userSpaceOnUse"
              orient="auto"
            >
              <path d="M 0 0.5 L 8 4 L 0 7.5 z" />
            </marker>
          ))}
        </defs>
        {shown.map((edge) => {
          const kind = isTaken(edge.from, edge.to) ? 'taken' : edge.from === current ? 'open' : 'plain'
          return (
            <path
              key={`${edge.from} ${edge.to}`}
              className={`edge ${kind}${kind === 'taken' && isFresh ? ' fresh' : ''}`}
              d={pathOf(edge)}
              markerEnd={`url(#tip-${kind})`}
            >
              <title>{`${edge.from} → ${edge.to}: ${edge.events.join(', ')}`}</title>
            </path>
          )
        })}
        {taken && <EventLabel {...taken} />}
        {states.map(({ name, x, y }) => (
          <g key={name} className={`state ${name}${name === current ? ' lit' : ''}`}>
            <rect
              x={x - BOX.width / 2}
              y={y - BOX.height / 2}
              width={BOX.width}
              height={BOX.height}
              rx={14}
            />
            <text x={x} y={y}>
              {name}
            </text>
          </g>
        ))}
      </svg>
      <ul className="legend" aria-hidden="true">
        <li className="open">possible now</li>
        <li className="taken">taken last</li>
      </ul>
      {current && (
        <p className="chart-text">
          <strong>{current}</strong> {description}
        </p>
      )}
      <p className="chart-event">
        {taken ? (
          <>
            Last transition: {taken.from} → {taken.to} on <code>{taken.event}</code>
          </>
        ) : (
          'No transition yet.'
        )}
      </p>
    </section>
  )
}

/** The event that led here, at its arrow. */
function EventLabel({ from, to, event }: NonNullable<ChartProps['taken']>) {
  const middle = middleOf({ from, to })
  return (
    <text className="event-label" x={middle.x} y={middle.y}>
      {event}
    </text>
  )
}
