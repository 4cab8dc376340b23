import { escapeHtml } from '../escapeHtml.ts'

/** A box of a drawing. */
export interface GraphNode {
  readonly id: string
  readonly label: string
  /** How it looks: classes of site.css. */
  readonly kind: string
}

/** An arrow of a drawing, and the events that are written on it, one below the other. */
export interface GraphEdge {
  readonly from: string
  readonly to: string
  readonly events: readonly string[]
}

/** Width of a letter of the events, which are monospaced, and height of their lines. */
const LETTER = 7.3
export const LINE = 16
/** What is kept free around events. */
export const SPACE = 8
export const BOX_HEIGHT = 40
export const BOX_WIDTH = 140

export const widthOf = (events: readonly string[]) =>
  Math.max(0, ...events.map(({ length }) => length)) * LETTER
export const heightOf = (events: readonly string[]) => events.length * LINE

/**
 * A drawing as it stands in a page: coloured by classes, so that it follows the page into the dark. Its labels are as
 * large as the page's small print, and it is not scaled. `name` is its own in the page.
 */
export function svg(
  name: string,
  kind: string,
  width: number,
  height: number,
  title: string,
  parts: readonly string[],
): string {
  const [w, h] = [Math.ceil(width) + 2, Math.ceil(height) + 2]
  const tip = `<defs><marker id="${name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 .5 8 4 0 7.5z"/></marker></defs>`
  return `<svg xmlns="http://www.w3.org/2000/svg" class="chart ${kind}" role="img" aria-label="${escapeHtml(title)}" viewBox="-1 -1 ${w} ${h}" width="${w}" height="${h}">${tip}${parts.join('')}</svg>`
}

export const box = ({ label, kind }: GraphNode, x: number, y: number, width: number, height: number) =>
  `<g class="node ${kind}"><rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="10"/><text x="${round(x + width / 2)}" y="${round(y + height / 2 + 5)}">${escapeHtml(label)}</text></g>`

/** A line through `points`, with round corners; `tip`: the name of a drawing, whose arrow heads it ends with. */
export function line(points: readonly (readonly [number, number])[], tip?: string): string {
  const path = points.map(([x, y], at) => {
    const before = points[at - 1]
    const after = points[at + 1]
    if (!before) return `M${round(x)} ${round(y)}`
    if (!after) return `L${round(x)} ${round(y)}`
    const [x1, y1] = towards([x, y], before)
    const [x2, y2] = towards([x, y], after)
    return `L${x1} ${y1}Q${round(x)} ${round(y)} ${x2} ${y2}`
  })
  return `<path class="edge" d="${path.join('')}"${tip ? ` marker-end="url(#${tip})"` : ''}/>`
}

const CORNER = 8
function towards([x, y]: readonly [number, number], [toX, toY]: readonly [number, number]) {
  const length = Math.hypot(toX - x, toY - y) || 1
  const share = Math.min(CORNER, length / 2) / length
  return [round(x + (toX - x) * share), round(y + (toY - y) * share)] as const
}

/** Events, one below the other, from `y` down; they begin at `x`, or end there. */
export const words = (events: readonly string[], x: number, y: number, anchor: 'start' | 'end' = 'start') =>
  events
    .map(
      (event, row) =>
        `<text class="event ${anchor}" x="${round(x)}" y="${round(y + (row + 0.75) * LINE)}">${escapeHtml(event)}</text>`,
    )
    .join('')

export const round = (value: number) => Math.round(value * 10) / 10
