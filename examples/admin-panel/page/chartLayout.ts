type Point = { readonly x: number; readonly y: number }

interface Ends {
  readonly from: string
  readonly to: string
}

/** Where everything of the chart stands; in units of its drawing. */
export interface ChartLayout {
  readonly width: number
  readonly height: number
  readonly box: { readonly width: number; readonly height: number }
  /** The middle of a state's box. */
  placeOf(state: string): Point
  /** The arrow between two states, as the path of an SVG. */
  pathOf(ends: Ends): string
  /** Where the name of an event stands: beside its arrow inside of a row, on it elsewhere. */
  labelOf(ends: Ends): Point
}

interface Plan {
  readonly width: number
  readonly height: number
  readonly box: ChartLayout['box']
  readonly places: Readonly<Record<string, readonly [x: number, y: number]>>
  /** So far an arrow goes around a box that lies on its way; the half of it is seen. */
  readonly aroundRow: number
  readonly aroundColumn: number
}

const WIDE: Plan = {
  width: 640,
  height: 292,
  box: { width: 140, height: 54 },
  places: {
    loggedOut: [90, 60],
    active: [320, 60],
    nearingExpiry: [550, 60],
    expired: [90, 226],
    retrying: [320, 226],
    refreshing: [550, 226],
  },
  aroundRow: 62,
  aroundColumn: 0,
}

/** For a phone, which has more height than width. */
const TALL: Plan = {
  width: 352,
  height: 276,
  box: { width: 118, height: 42 },
  places: {
    loggedOut: [66, 28],
    active: [66, 138],
    nearingExpiry: [66, 248],
    expired: [268, 28],
    retrying: [268, 138],
    refreshing: [268, 248],
  },
  aroundRow: 0,
  aroundColumn: 118,
}

/** Narrower than that a row has no room for three states; CSS pixels. */
const LEAST_WIDTH = 500
/** The names of events are no wider. */
const LABEL_WIDTH = 112
const BEND = 16

export const layoutFor = (cssWidth: number): ChartLayout => layoutOf(cssWidth < LEAST_WIDTH ? TALL : WIDE)

function layoutOf({ width, height, box, places, aroundRow, aroundColumn }: Plan): ChartLayout {
  function placeOf(state: string): Point {
    const [x, y] = places[state] ?? [0, 0]
    return { x, y }
  }

  /** The point that bends an arrow to its right, so that the way back is another one; or around what lies between. */
  function curveOf({ from, to }: Ends) {
    const [a, b] = [placeOf(from), placeOf(to)]
    const [dx, dy] = [b.x - a.x, b.y - a.y]
    const length = Math.hypot(dx, dy)
    const isBottom = a.y > height / 2
    const isRight = a.x > width / 2
    const isAcrossRow = dy === 0 && Math.abs(dx) > width / 2 && aroundRow > 0
    const isAcrossColumn = dx === 0 && Math.abs(dy) > height / 2 && aroundColumn > 0
    const bend = isAcrossRow ? aroundRow : isAcrossColumn ? aroundColumn : BEND
    // Around is outside.
    const side = (isAcrossRow && isBottom !== dx > 0) || (isAcrossColumn && isRight !== dy < 0) ? -1 : 1
    const mid = {
      x: (a.x + b.x) / 2 - (dy / length) * bend * side,
      y: (a.y + b.y) / 2 + (dx / length) * bend * side,
    }
    return { a, b, mid, isInRow: dy === 0, isAcrossRow, isAcrossColumn, isBottom }
  }

  /** Where the line from the middle of a box to `towards` leaves it. */
  function edgeOfBox(middle: Point, towards: Point): string {
    const [dx, dy] = [towards.x - middle.x, towards.y - middle.y]
    const scale = Math.min(
      (box.width / 2 + 4) / Math.abs(dx || 1e-9),
      (box.height / 2 + 4) / Math.abs(dy || 1e-9),
    )
    return `${round(middle.x + dx * scale)} ${round(middle.y + dy * scale)}`
  }

  /** Inside of the drawing. */
  const within = (x: number) => round(Math.min(width - LABEL_WIDTH / 2, Math.max(LABEL_WIDTH / 2, x)))

  return {
    width,
    height,
    box,
    placeOf,
    pathOf(ends) {
      const { a, b, mid } = curveOf(ends)
      return `M ${edgeOfBox(a, mid)} Q ${round(mid.x)} ${round(mid.y)} ${edgeOfBox(b, mid)}`
    },
    labelOf(ends) {
      const { a, b, mid, isInRow, isAcrossRow, isAcrossColumn, isBottom } = curveOf(ends)
      // Beside the box in the middle there is no room.
      if (isAcrossColumn) return { x: within(mid.x), y: round((3 * a.y + b.y) / 4) }
      if (!isInRow) return { x: within((a.x + b.x + 2 * mid.x) / 4), y: round((a.y + b.y + 2 * mid.y) / 4) }
      // Above the upper row, clear of the curve along it; at the lower one on the side of its own curve.
      const beside = box.height / 2 + (!isBottom ? 23 : isAcrossRow ? 29 : 12)
      const isBelow = (isBottom && mid.y > a.y) || a.y < beside
      return {
        x: within((a.x + b.x) / 2),
        y: round(Math.min(height - 8, isBelow ? a.y + beside : a.y - beside)),
      }
    },
  }
}

const round = (value: number) => Math.round(value * 10) / 10
