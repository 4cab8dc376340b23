import type { RefreshOutcome } from '../session/strategy.ts'
import type { EndedElsewhere } from './coordinator.ts'
import type { Remembered, ReplayWindow } from './replayWindow.ts'

export type Answer = RefreshOutcome | EndedElsewhere

/** A flight that has ended, or a token whose session has ended. */
export interface PastFlight {
  readonly scope: string
  /** The answer for late callers; absent: the ledger decides whether the token is sent again. */
  readonly answer?: Answer
  /** The key of the new token. */
  readonly successor?: string | undefined
}

/** The recent flights by key, and their results. */
export interface FlightMemory {
  get(key: string): Remembered<PastFlight> | undefined
  set(key: string, flight: PastFlight, keepMs?: number): void
  delete(key: string): void
  /** The keys of the session `scope`, with their successors. */
  keysOf(scope: string): Set<string>
  /** `key`, and the keys before and after it. */
  lineage(key: string): Set<string>
}

/** Finds the family of a token in the flights of `recent`. */
export function flightMemory(recent: ReplayWindow<PastFlight>): FlightMemory {
  return {
    get: recent.get,
    set: recent.set,
    delete: recent.delete,
    keysOf(scope) {
      const own = recent.entries().filter(([, flight]) => flight.scope === scope)
      return new Set(own.flatMap(([key, { successor = key }]) => [key, successor]))
    },
    lineage(key) {
      const keys = new Set([key])
      // A token is remembered before its successor is.
      const entries = recent.entries()
      for (const [each, { successor = each }] of entries) if (keys.has(each)) keys.add(successor)
      for (const [each, { successor = each }] of entries.reverse()) if (keys.has(successor)) keys.add(each)
      return keys
    },
  }
}
