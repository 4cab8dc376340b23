import type { Trouble } from './history.ts'

/**
 * What the judge cannot hold against anybody, since in a world nobody could know better. The worlds of the checker and of the
 * property tests have none of it.
 */
export interface Leeway {
  /** How far the clocks of the session's processes may have been wrong since an instant, in all; milliseconds. */
  slackMs(since: number): number
  /** The process stands still. */
  isStill(by: string): boolean
  /** The monotonic clock of a process. */
  ticks(by: string): number
}

export const NO_LEEWAY: Leeway = { slackMs: () => 0, isStill: () => false, ticks: () => 0 }

/** A record was taken away, or fell back to an older one: what it said is known to nobody. */
export const TAKEN: readonly Trouble[] = ['emptied', 'failover']
/** What has come may not have been kept. */
export const OF_STORE: readonly Trouble[] = ['storeFails', 'storeSlow', 'ackLost']
export const UNKEPT: readonly Trouble[] = ['crash', 'pause', ...OF_STORE]

/** Remembers what went wrong last, of each kind. */
export function createTroubles(now: () => number) {
  const last = new Map<Trouble, number>()
  return {
    note: (what: Trouble) => void last.set(what, now()),
    /** What went wrong since then, of these kinds. */
    since: (since: number, kinds: readonly Trouble[]): Trouble | undefined =>
      kinds.find((what) => (last.get(what) ?? -Infinity) >= since),
    memory: () => [...last].map(([what, at]) => ['trouble', what, at]),
  }
}
