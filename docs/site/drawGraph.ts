import ElkConstructor, { type ElkExtendedEdge, type ElkNode } from 'elkjs/lib/elk.bundled.js'
import { escapeHtml } from './escapeHtml.ts'

/** A box of a drawing. */
export interface GraphNode {
  readonly id: string
  readonly label: string
  /** How it looks: a class of site.css. */
  readonly kind: string
}

/** An arrow of a drawing, and what is written on it, line by line. */
export interface GraphEdge {
  readonly from: string
  readonly to: string
  readonly lines: readonly GraphLine[]
}

/** An event and, quieter, its condition. */
export interface GraphLine {
  readonly event: string
  readonly guard?: string
}

export interface Graph {
  /** In the order in which they should stand. */
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
  readonly direction: 'RIGHT' | 'DOWN'
  /** For whoever cannot see it. */
  readonly title: string
}

const elk = new ElkConstructor.default()

/** Width of a letter of the labels, and height of a line; they are monospaced. */
const LETTER = 6.7
const LINE = 15
const NAME = 9
const PADDING = 8

/** A graph as SVG in line: coloured by classes, so that it follows the page into the dark. */
export async function drawGraph({ nodes, edges, direction, title }: Graph): Promise<string> {
  // ELK breaks cycles as it likes, and puts the first state last: an arrow back is laid out as one forth.
  const order = new Map(nodes.map(({ id }, index) => [id, index]))
  const isBack = ({ from, to }: Pick<GraphEdge, 'from' | 'to'>) =>
    (order.get(to) ?? 0) < (order.get(from) ?? 0)
  const placed = await elk.layout({
    id: 'root',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': direction,
      'elk.edgeRouting': 'SPLINES',
      'elk.layered.spacing.nodeNodeBetweenLayers': '22',
      'elk.spacing.nodeNode': '30',
      'elk.spacing.edgeEdge': '18',
      'elk.spacing.edgeLabel': '4',
      'elk.spacing.edgeNode': '14',
      'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
      'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
      'elk.layered.nodePlacement.favorStraightEdges': 'true',
      'elk.edgeLabels.inline': 'false',
    },
    children: nodes.map(({ id, label }) => ({ id, width: label.length * NAME + 36, height: 44 })),
    edges: edges.map(({ from, to, lines }, index) => ({
      id: String(index),
      ...(isBack({ from, to }) ? { sources: [to], targets: [from] } : { sources: [from], targets: [to] }),
      labels: lines.length ? [{ text: String(index), width: widthOf(lines), height: heightOf(lines) }] : [],
    })),
  })
  return svgOf(
    placed,
    nodes,
    edges.map((edge) => ({ ...edge, isBack: isBack(edge) })),
    title,
  )
}

/** A condition stands below its event, so that a label is high and not wide. */
const rowsOf = (lines: readonly GraphLine[]) =>
  lines.flatMap(({ event, guard }) => [
    { text: event, kind: 'event' },
    ...(guard ? [{ text: guard, kind: 'guard' }] : []),
  ])
const widthOf = (lines: readonly GraphLine[]) =>
  Math.max(...rowsOf(lines).map(({ text, kind }) => text.length + (kind === 'guard' ? 2 : 0))) * LETTER +
  2 * PADDING
const heightOf = (lines: readonly GraphLine[]) => rowsOf(lines).length * LINE + PADDING

/** An edge, and whether it was laid out against its direction. */
type DirectedEdge = GraphEdge & { readonly isBack: boolean }

function svgOf(placed: ElkNode, nodes: readonly GraphNode[], edges: readonly DirectedEdge[], title: string) {
  const width = Math.ceil(placed.width ?? 0)
  const height = Math.ceil(placed.height ?? 0)
  const drawnEdges = placed.edges ?? []
  const boxes = (placed.children ?? []).map((child, index) => boxOf(child, nodes[index]))
  return [
    `<svg class="chart" role="img" aria-label="${escapeHtml(title)}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 .5 8 4 0 7.5z"/></marker></defs>',
    ...drawnEdges.map(
      (edge, index) =>
        `<path class="edge" d="${pathOf(edge, edges[index]?.isBack)}" marker-end="url(#tip)"/>`,
    ),
    ...boxes,
    ...drawnEdges.map((edge, index) => labelOf(edge, edges[index]?.lines ?? [])),
    '</svg>',
  ].join('')
}

function boxOf(child: ElkNode, node: GraphNode | undefined): string {
  const { x = 0, y = 0, width = 0, height = 0 } = child
  return `<g class="node ${node?.kind ?? ''}"><rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${height}" rx="12"/><text x="${round(x + width / 2)}" y="${round(y + height / 2 + 5)}">${escapeHtml(node?.label ?? '')}</text></g>`
}

/** ELK's splines come as cubic pieces: three points each after the first. */
function pathOf({ sections }: ElkExtendedEdge, isBack = false): string {
  const [section] = sections ?? []
  if (!section) return ''
  const points = [section.startPoint, ...(section.bendPoints ?? []), section.endPoint]
  const [start = '', ...rest] = (isBack ? points.reverse() : points).map(
    ({ x, y }) => `${round(x)} ${round(y)}`,
  )
  return `M${start}${rest.length % 3 === 0 ? 'C' : 'L'}${rest.join(' ')}`
}

function labelOf({ labels }: ElkExtendedEdge, lines: readonly GraphLine[]): string {
  const [label] = labels ?? []
  if (!label) return ''
  const { x = 0, y = 0, width = 0, height = 0 } = label
  const text = rowsOf(lines).map(
    ({ text, kind }, index) =>
      `<text class="${kind}" x="${round(x + PADDING + (kind === 'guard' ? 2 * LETTER : 0))}" y="${round(y + PADDING / 2 + (index + 0.75) * LINE)}">${escapeHtml(text)}</text>`,
  )
  return `<g class="label"><rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="6"/>${text.join('')}</g>`
}

const round = (value: number) => Math.round(value * 10) / 10
