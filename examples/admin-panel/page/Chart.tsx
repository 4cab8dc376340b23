import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { edges, states } from './chart.ts'
import { type ChartLayout, layoutFor } from './chartLayout.ts'

const FLASH_MS = 1_400
/** As wide as a drawing is until it was measured; CSS pixels. */
const USUAL_WIDTH = 640
/** However wide the drawing is, its words stay as large; CSS pixels. */
const STATE_SIZE = 14
const EVENT_SIZE = 12

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
  const [drawing, cssWidth] = useWidth()
  const layout = layoutFor(cssWidth)
  const unit = layout.width / cssWidth
  const { box } = layout
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
        ref={drawing}
        viewBox={`0 0 ${layout.width} ${layout.height}`}
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
              d={layout.pathOf(edge)}
              markerEnd={`url(#tip-${kind})`}
            >
              <title>{`${edge.from} → ${edge.to}: ${edge.events.join(', ')}`}</title>
            </path>
          )
        })}
        {taken && <EventLabel {...taken} layout={layout} size={EVENT_SIZE * unit} />}
        {states.map(({ name }) => {
          const { x, y } = layout.placeOf(name)
          return (
            <g key={name} className={`state ${name}${name === current ? ' lit' : ''}`}>
              <rect
                x={x - box.width / 2}
                y={y - box.height / 2}
                width={box.width}
                height={box.height}
                rx={14}
              />
              <text x={x} y={y} fontSize={STATE_SIZE * unit}>
                {name}
              </text>
            </g>
          )
        })}
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

interface EventLabelProps extends NonNullable<ChartProps['taken']> {
  readonly layout: ChartLayout
  readonly size: number
}

/** The event that led here, at its arrow. */
function EventLabel({ from, to, event, layout, size }: EventLabelProps) {
  const { x, y } = layout.labelOf({ from, to })
  return (
    <text className="event-label" x={x} y={y} fontSize={size}>
      {event}
    </text>
  )
}

/** How wide an element is on the screen, as long as it is there; CSS pixels. */
function useWidth() {
  const element = useRef<SVGSVGElement>(null)
  const [width, setWidth] = useState(USUAL_WIDTH)
  useLayoutEffect(() => {
    if (!element.current) return
    const measured = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width || USUAL_WIDTH))
    setWidth(element.current.getBoundingClientRect().width || USUAL_WIDTH)
    measured.observe(element.current)
    return () => measured.disconnect()
  }, [])
  return [element, width] as const
}
