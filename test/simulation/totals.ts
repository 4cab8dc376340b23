import type { Violation } from './court.ts'
import type { WorldResult } from './runWorld.ts'

/** What many worlds add up to. */
export interface Totals {
  worlds: number
  readonly counts: Record<string, number>
  readonly injected: Record<string, number>
  readonly lost: Record<string, number>
  readonly moves: Record<string, number>
  violations: number
  readonly found: { readonly seed: number; readonly violation: Violation }[]
}

const MOST = 20

export const noTotals = (): Totals => ({
  worlds: 0,
  counts: {},
  injected: {},
  lost: {},
  moves: {},
  violations: 0,
  found: [],
})

function addAll(to: Record<string, number>, from: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(from)) to[name] = (to[name] ?? 0) + count
}

export function addWorld(totals: Totals, seed: number, world: WorldResult): void {
  totals.worlds += 1
  addAll(totals.counts, world.counts)
  addAll(totals.injected, world.injected)
  addAll(totals.lost, world.lost)
  addAll(totals.moves, world.moves)
  totals.violations += world.violationCount
  const [violation] = world.violations
  if (violation && totals.found.length < MOST) totals.found.push({ seed, violation })
}
