import { sessionMachine } from 'xstate-session/machine'

export interface ChartState {
  readonly name: string
  readonly x: number
  readonly y: number
  readonly description: string
}

export interface ChartEdge {
  readonly from: string
  readonly to: string
  readonly events: readonly string[]
  /** A login and a logout are possible everywhere: drawn where they are possible now. */
  readonly isEverywhere: boolean
}

export const WIDTH = 640
export const HEIGHT = 292
export const BOX = { width: 140, height: 54 }

/** Where a state stands; all else comes from the machine. */
const PLACES: Readonly<Record<string, readonly [number, number]>> = {
  loggedOut: [90, 60],
  active: [320, 60],
  nearingExpiry: [550, 60],
  expired: [90, 226],
  retrying: [320, 226],
  refreshing: [550, 226],
}

const nodes = Object.values(sessionMachine.root.states)

export const states: readonly ChartState[] = nodes.map(({ key, description = '' }) => {
  const [x, y] = PLACES[key] ?? [0, 0]
  // Names of the code are in backquotes there.
  return { name: key, x, y, description: description.replaceAll('`', '') }
})

function edgesOf(node: (typeof nodes)[number]): ChartEdge[] {
  const found = new Map<string, { events: Set<string>; isEverywhere: boolean }>()
  const add = (transitions: (typeof node)['transitions'], isEverywhere: boolean) => {
    for (const [event, those] of transitions)
      for (const { target } of those)
        for (const { key } of target ?? []) {
          if (key === node.key) continue
          const edge = found.get(key) ?? { events: new Set(), isEverywhere }
          edge.events.add(event)
          found.set(key, edge)
        }
  }
  add(node.transitions, false)
  add(sessionMachine.root.transitions, true)
  return [...found].map(([to, { events, isEverywhere }]) => ({
    from: node.key,
    to,
    events: [...events],
    isEverywhere,
  }))
}

export const edges: readonly ChartEdge[] = nodes.flatMap(edgesOf)

type Ends = Pick<ChartEdge, 'from' | 'to'>

/** The two boxes, and the point that bends the curve between them to its right: the way back is another one. */
function curveOf({ from, to }: Ends) {
  const a = states.find(({ name }) => name === from)
  const b = states.find(({ name }) => name === to)
  if (!a || !b) return undefined
  const isAcrossRow = a.y === b.y && Math.abs(a.x - b.x) > 300
  const [dx, dy] = [b.x - a.x, b.y - a.y]
  const length = Math.hypot(dx, dy)
  const bend = isAcrossRow ? 62 : 16
  const isBottom = a.y > HEIGHT / 2
  const side = isAcrossRow ? (isBottom === dx > 0 ? 1 : -1) : 1
  const mid = {
    x: (a.x + b.x) / 2 - (dy / length) * bend * side,
    y: (a.y + b.y) / 2 + (dx / length) * bend * side,
  }
  return { a, b, mid, isInRow: a.y === b.y, isAcrossRow, isBottom }
}

export function pathOf(ends: Ends): string {
  const curve = curveOf(ends)
  if (!curve) return ''
  const { a, b, mid } = curve
  return `M ${edgeOfBox(a, mid)} Q ${round(mid.x)} ${round(mid.y)} ${edgeOfBox(b, mid)}`
}

/** Where the name of an event stands: beside its curve inside of a row, on it between the rows. */
export function middleOf(ends: Ends): { readonly x: number; readonly y: number } {
  const curve = curveOf(ends)
  if (!curve) return { x: 0, y: 0 }
  const { a, b, mid, isInRow, isAcrossRow, isBottom } = curve
  if (!isInRow) return { x: round((a.x + b.x + 2 * mid.x) / 4), y: round((a.y + b.y + 2 * mid.y) / 4) }
  // Above the upper row, clear of the curve along it; at the lower one on the side of its own curve.
  const beside = BOX.height / 2 + (!isBottom ? 23 : isAcrossRow ? 29 : 12)
  const isBelow = isBottom && mid.y > a.y
  return { x: round((a.x + b.x) / 2), y: round(isBelow ? a.y + beside : a.y - beside) }
}

/** Where the line from the middle of `box` to `towards` leaves it. */
function edgeOfBox(box: ChartState, towards: { readonly x: number; readonly y: number }): string {
  const [dx, dy] = [towards.x - box.x, towards.y - box.y]
  const scale = Math.min(
    (BOX.width / 2 + 4) / Math.abs(dx || 1e-9),
    (BOX.height / 2 + 4) / Math.abs(dy || 1e-9),
  )
  return `${round(box.x + dx * scale)} ${round(box.y + dy * scale)}`
}

const round = (value: number) => Math.round(value * 10) / 10
