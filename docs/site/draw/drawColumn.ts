import {
  BOX_HEIGHT,
  BOX_WIDTH,
  box,
  type GraphEdge,
  type GraphNode,
  heightOf,
  line,
  round,
  SPACE,
  svg,
  widthOf,
  words,
} from './svg.ts'

const RAIL = 18
const INDENT = 2 * SPACE
const DOT = 2.5

/**
 * For a phone: boxes in one column, and below each box the events that leave it. Every box that is led to has one
 * upright line on the right, in its own colour: events join it there, and it ends at the box.
 */
export function drawColumn(
  nodes: readonly GraphNode[],
  edges: readonly GraphEdge[],
  name: string,
  title: string,
): string {
  const targets = nodes.filter(({ id }) => edges.some(({ to }) => to === id))
  const left = Math.max(BOX_WIDTH, INDENT + Math.max(...edges.map(({ events }) => widthOf(events)))) + SPACE
  const railOf = (id: string) => left + (targets.findIndex((target) => target.id === id) + 0.5) * RAIL

  const parts: string[] = []
  const boxes = new Map<string, number>()
  /** Where events join the line of a box, by its id. */
  const joints = new Map<string, number[]>()
  let y = 0
  for (const node of nodes) {
    boxes.set(node.id, y + BOX_HEIGHT / 2)
    parts.push(box(node, 0, y, BOX_WIDTH, BOX_HEIGHT))
    y += BOX_HEIGHT
    for (const { to, events } of edges.filter(({ from }) => from === node.id)) {
      const isNamed = events.length > 0
      if (isNamed) y += SPACE
      parts.push(words(events, INDENT, y))
      const middle = y + (isNamed ? heightOf(events) : -BOX_HEIGHT) / 2
      joints.set(to, [...(joints.get(to) ?? []), middle])
      y += heightOf(events)
      parts.push(
        joint(nodes, to, isNamed ? INDENT + widthOf(events) + SPACE / 2 : BOX_WIDTH, railOf(to), middle),
      )
    }
    y += 2 * SPACE
  }
  const rails = targets.map(({ id, kind }) => {
    const end = boxes.get(id) as number
    const all = [end, ...(joints.get(id) ?? [])]
    const [x, from, to] = [railOf(id), Math.min(...all), Math.max(...all)]
    const tip = `<path class="tip" d="M${BOX_WIDTH + 1} ${end}l8 -4v8z"/>`
    const upright = [
      line([
        [x, from],
        [x, to],
      ]),
      line([
        [x, end],
        [BOX_WIDTH + 5, end],
      ]),
    ]
    return `<g class="rail ${kind}">${upright.join('')}${tip}</g>`
  })
  const width = left + targets.length * RAIL
  return svg(name, 'narrow', width, y - 2 * SPACE, title, [...rails, ...parts])
}

/** Events join the line of their target. */
function joint(nodes: readonly GraphNode[], to: string, from: number, rail: number, y: number): string {
  const { kind } = nodes.find(({ id }) => id === to) as GraphNode
  const dot = `<circle class="tip" cx="${round(rail)}" cy="${round(y)}" r="${DOT}"/>`
  return `<g class="rail ${kind}">${line([
    [from, y],
    [rail, y],
  ])}${dot}</g>`
}
