import {
  BOX_HEIGHT,
  BOX_WIDTH,
  box,
  type GraphEdge,
  type GraphNode,
  heightOf,
  line,
  SPACE,
  svg,
  widthOf,
  words,
} from './svg.ts'

const RAIL = 18
const MIN_GAP = 34

interface Placed {
  readonly edge: GraphEdge
  readonly from: number
  readonly to: number
}

/** All arrows that pass others on one side of the column to the same box: they join. */
interface Rail {
  readonly to: number
  readonly edges: readonly Placed[]
  /** How far out it is. */
  readonly column: number
}

/**
 * Boxes in one column, in their order. An arrow to a neighbour goes straight; others go along the right side down and
 * along the left side up.
 */
export function drawLadder(
  nodes: readonly GraphNode[],
  edges: readonly GraphEdge[],
  name: string,
  title: string,
): string {
  const rowOf = (id: string) => nodes.findIndex((node) => node.id === id)
  const placed = edges.map((edge) => ({ edge, from: rowOf(edge.from), to: rowOf(edge.to) }))
  const right = railsOf(placed.filter(({ from, to }) => to > from + 1))
  const left = railsOf(placed.filter(({ from, to }) => to < from - 1))
  const zoneOf = (rails: readonly Rail[]) =>
    rails.length === 0
      ? 0
      : Math.max(...rails.flatMap(({ edges }) => edges.map(({ edge }) => widthOf(edge.events)))) +
        2 * SPACE +
        (Math.max(...rails.map(({ column }) => column)) + 1) * RAIL
  const between = (row: number) => ({
    down: placed.find(({ from, to }) => from === row && to === row + 1)?.edge,
    up: placed.find(({ from, to }) => from === row + 1 && to === row)?.edge,
  })
  // Room for what is written between two boxes, where nothing is beside them.
  const reach = Math.max(
    ...nodes.map((_, row) => {
      const { down, up } = between(row)
      return Math.max(widthOf(down?.events ?? []), widthOf(up?.events ?? [])) + 3 * SPACE
    }),
  )
  const leftWidth = Math.max(zoneOf(left), reach - BOX_WIDTH / 2)
  const rightWidth = Math.max(zoneOf(right), reach - BOX_WIDTH / 2)
  const x = leftWidth
  const center = x + BOX_WIDTH / 2
  const width = leftWidth + BOX_WIDTH + rightWidth

  const parts: string[] = []
  /** Where each arrow of a rail leaves or arrives, by side, row and rail. */
  const ports = new Map<string, number>()
  let y = 0
  for (const [row, node] of nodes.entries()) {
    let last = y + BOX_HEIGHT - SPACE
    let bottom = y + BOX_HEIGHT
    for (const [side, rails] of [
      ['right', right],
      ['left', left],
    ] as const) {
      const arriving = rails.filter(({ to }) => to === row)
      const leaving = rails.filter(({ edges }) => edges.some(({ from }) => from === row))
      // What comes from above arrives above what leaves downwards; on the left it is the other way round.
      const outer = leaving.toSorted((a, b) => b.column - a.column)
      const order = side === 'right' ? [...arriving, ...outer] : [...outer.reverse(), ...arriving]
      let at = y + (order.length > 1 || arriving.length === 0 ? SPACE + 4 : BOX_HEIGHT / 2)
      for (const rail of order) {
        ports.set(`${side} ${row} ${rail.to}`, at)
        last = Math.max(last, at)
        const own = rail.edges.find(({ from }) => from === row)
        if (own) {
          const { events } = own.edge
          parts.push(
            side === 'right'
              ? words(events, x + BOX_WIDTH + SPACE, at + 3)
              : words(events, x - SPACE, at + 3, 'end'),
          )
        }
        at += own ? heightOf(own.edge.events) + 2 * SPACE : 2 * SPACE
        if (own) bottom = Math.max(bottom, at - SPACE)
      }
    }
    const height = last + SPACE + 4 - y
    parts.push(box(node, x, y, BOX_WIDTH, height))
    bottom = Math.max(bottom, y + height)
    const { down, up } = between(row)
    if (row + 1 < nodes.length) {
      const gap = Math.max(
        MIN_GAP,
        heightOf(down?.events ?? []) + 2 * SPACE,
        heightOf(up?.events ?? []) + 2 * SPACE,
      )
      const next = bottom + gap
      const apart = down && up ? SPACE : 0
      if (down) {
        parts.push(
          line(
            [
              [center + apart, y + height],
              [center + apart, next],
            ],
            name,
          ),
        )
        parts.push(words(down.events, center + apart + SPACE, bottom + (gap - heightOf(down.events)) / 2))
      }
      if (up) {
        parts.push(
          line(
            [
              [center - apart, next],
              [center - apart, y + height],
            ],
            name,
          ),
        )
        parts.push(words(up.events, center - apart - SPACE, bottom + (gap - heightOf(up.events)) / 2, 'end'))
      }
      y = next
    } else y = bottom
  }

  for (const [side, rails] of [
    ['right', right],
    ['left', left],
  ] as const) {
    const edge = side === 'right' ? x + BOX_WIDTH : x
    const out = side === 'right' ? 1 : -1
    const zone = (side === 'right' ? rightWidth : leftWidth) - RAIL / 2
    const columns = Math.max(0, ...rails.map(({ column }) => column))
    for (const { to, edges, column } of rails) {
      const railX = edge + out * (zone - (columns - column) * RAIL)
      const end = ports.get(`${side} ${to} ${to}`) ?? 0
      for (const { from } of edges) {
        const start = ports.get(`${side} ${from} ${to}`) ?? 0
        const points = [
          [edge, start],
          [railX, start],
          [railX, end],
          [edge, end],
        ] as const
        parts.unshift(line(points, name))
      }
    }
  }
  return svg(name, 'wide', width, y, title, parts)
}

/** The short ones inside; those that are not beside each other share a column. */
function railsOf(placed: readonly Placed[]): Rail[] {
  const targets = [...new Set(placed.map(({ to }) => to))]
  const spans = targets
    .map((to) => {
      const edges = placed.filter((one) => one.to === to)
      const rows = [to, ...edges.map(({ from }) => from)]
      return { to, edges, first: Math.min(...rows), last: Math.max(...rows) }
    })
    .sort((a, b) => a.last - a.first - (b.last - b.first))
  const rails: (Rail & { readonly first: number; readonly last: number })[] = []
  for (const span of spans) {
    const taken = rails.filter(({ first, last }) => first < span.last && span.first < last)
    let column = 0
    while (taken.some((rail) => rail.column === column)) column += 1
    rails.push({ ...span, column })
  }
  return rails
}
