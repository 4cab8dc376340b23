import type { Spread } from './spread.ts'

export interface Row {
  readonly what: string
  readonly who: string
  readonly spread: Spread
  /** How the numbers are written. */
  readonly unit: Unit
  /** The most that is allowed. Absent: a neighbour, a control or a limit, shown for comparison. */
  readonly goal?: number
}

export interface Report {
  readonly id: string
  readonly title: string
  readonly rows: readonly Row[]
  /** Counts that are wrong. They fail the run; times never do. */
  readonly faults: readonly string[]
  /** What the machine cannot have. */
  readonly notes?: readonly string[]
}

const units = {
  times: (n: number) => `${n.toFixed(n < 10 ? 3 : 1)}x`,
  percent: (n: number) => `${n > 0 ? '+' : ''}${n.toFixed(1)} %`,
  micros: (n: number) => `${n.toFixed(2)} us`,
  nanos: (n: number) => `${n.toFixed(1)} ns`,
  bytes: (n: number) => `${n.toFixed(0)} B`,
  megabytes: (n: number) => `${(n / 1e6).toFixed(0)} MB`,
  count: (n: number) => String(n),
}
export type Unit = keyof typeof units

export const written = (value: number, unit: Unit) => units[unit](value)

export const isMet = ({ goal, spread }: Row) => goal === undefined || spread.median <= goal

export function print({ id, title, rows, faults, notes = [] }: Report): void {
  console.log(`\n${id}  ${title}`)
  const table = rows.map((row) => {
    const { what, who, spread, unit, goal } = row
    const write = units[unit]
    const range = spread.min === spread.max ? '' : `(${write(spread.min)} to ${write(spread.max)})`
    const limit = goal === undefined ? '' : unit === 'count' ? write(goal) : `<= ${write(goal)}`
    return [
      what,
      who,
      write(spread.median),
      range,
      limit,
      goal === undefined ? '' : isMet(row) ? 'met' : 'MISSED',
    ]
  })
  table.unshift(['what', 'who', 'median', 'min to max', 'goal', ''])
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0))) ?? []
  for (const cells of table)
    console.log(
      `  ${cells
        .map((text, i) => text.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd()}`,
    )
  for (const note of notes) console.log(`  ${note}`)
  for (const fault of faults) console.log(`  WRONG: ${fault}`)
}
