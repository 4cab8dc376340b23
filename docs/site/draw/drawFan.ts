import {
  BOX_HEIGHT,
  BOX_WIDTH,
  box,
  type GraphNode,
  heightOf,
  line,
  SPACE,
  svg,
  widthOf,
  words,
} from './svg.ts'

/** A box, and the events of its arrow. */
export interface Spoke {
  readonly node: GraphNode
  readonly events: readonly string[]
}

export interface Fan {
  readonly middle: GraphNode
  readonly into: readonly Spoke[]
  readonly out: readonly Spoke[]
  readonly title: string
}

const LEAD = 26
const MIDDLE_WIDTH = 200

/** What leads to a box on the left below it, and what leaves it on the right. */
export function drawWideFan({ middle, into, out, title }: Fan, name: string): string {
  const reach = reachOf([...into, ...out])
  const width = 2 * reach + 2 * SPACE
  const top = BOX_HEIGHT + LEAD
  const comes = spokes(into, 'in', reach, top)
  const goes = spokes(out, 'out', reach, top, name, width)
  const parts = [
    ...comes.parts,
    ...goes.parts,
    ...(into.length ? [upright(reach, comes.last, BOX_HEIGHT, name)] : []),
    ...(out.length ? [upright(width - reach, BOX_HEIGHT, goes.last)] : []),
    box(middle, (width - MIDDLE_WIDTH) / 2, 0, MIDDLE_WIDTH, BOX_HEIGHT),
  ]
  return svg(name, 'wide', width, Math.max(comes.bottom, goes.bottom, BOX_HEIGHT), title, parts)
}

/** What leads to a box above it, and what leaves it below: for a phone. */
export function drawNarrowFan({ middle, into, out, title }: Fan, name: string): string {
  const reach = reachOf([...into, ...out])
  const width = reach + 2 * SPACE
  const comes = spokes(into, 'in', reach, 0)
  const y = into.length ? comes.bottom + LEAD : 0
  const goes = spokes(out, 'out', reach, y + BOX_HEIGHT + LEAD, name, width)
  const parts = [
    ...comes.parts,
    ...goes.parts,
    ...(into.length ? [upright(reach, comes.first, y, name)] : []),
    ...(out.length ? [upright(width - reach, y + BOX_HEIGHT, goes.last)] : []),
    box(middle, 0, y, width, BOX_HEIGHT),
  ]
  return svg(name, 'narrow', width, Math.max(goes.bottom, y + BOX_HEIGHT), title, parts)
}

const upright = (x: number, from: number, to: number, head?: string) =>
  line(
    [
      [x, from],
      [x, to],
    ],
    head,
  )

/** From the far side of a box to the line that all share. */
const reachOf = (all: readonly Spoke[]) =>
  BOX_WIDTH + Math.max(...all.map(({ events }) => widthOf(events))) + 2 * SPACE

/** Boxes one below the other, each with its own line to the one that all share, and with its events below that. */
function spokes(
  all: readonly Spoke[],
  way: 'in' | 'out',
  reach: number,
  top: number,
  name?: string,
  width = 0,
) {
  const parts: string[] = []
  let y = top
  let first: number | undefined
  let last = top
  for (const { node, events } of all) {
    const middle = y + BOX_HEIGHT / 2
    first ??= middle
    last = middle
    if (way === 'in') {
      parts.push(
        box(node, 0, y, BOX_WIDTH, BOX_HEIGHT),
        line([
          [BOX_WIDTH, middle],
          [reach, middle],
        ]),
      )
      parts.push(words(events, BOX_WIDTH + SPACE, middle + 3))
    } else {
      const x = width - BOX_WIDTH
      parts.push(
        box(node, x, y, BOX_WIDTH, BOX_HEIGHT),
        line(
          [
            [width - reach, middle],
            [x, middle],
          ],
          name,
        ),
      )
      parts.push(words(events, width - reach + SPACE, middle + 3))
    }
    y = Math.max(y + BOX_HEIGHT, middle + 3 + heightOf(events)) + 2 * SPACE
  }
  return { parts, first: first ?? top, last, bottom: y - 2 * SPACE }
}
