import type { Samples } from './interleave.ts'

/** A median, with the range it was taken from. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  return { median: middle(sorted), min: sorted[0] ?? NaN, max: sorted.at(-1) ?? NaN }
}

const middle = (sorted: readonly number[]) => sorted[sorted.length >> 1] ?? NaN

/** How to compare two cases: blocks of so many rounds become one value each, by their medians. */
export interface Comparison {
  readonly samples: Samples
  readonly block: number
}

/** Compares `name` with `base` block by block, so that only what was taken at the same time meets. */
export function compare(
  { samples, block }: Comparison,
  name: string,
  base: string,
  by: (value: number, baseValue: number) => number,
): Spread {
  const [values, baseValues] = [name, base].map((key) => medians(samples.get(key) ?? [], block)) as [
    number[],
    number[],
  ]
  return spreadOf(values.map((value, i) => by(value, baseValues[i] ?? NaN)))
}

export const ratio = (comparison: Comparison, name: string, base: string) =>
  compare(comparison, name, base, (value, baseValue) => value / baseValue)

function medians(values: readonly number[], block: number): number[] {
  const blocks: number[] = []
  for (let i = 0; i + block <= values.length; i += block)
    blocks.push(middle(values.slice(i, i + block).toSorted((a, b) => a - b)))
  return blocks
}
