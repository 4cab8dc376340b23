import { MEMORY_MS } from '../../machines/session.ledger.ts'
import type { Clock } from '../base/clock.ts'
import { replayWindow } from '../coordination/replayWindow.ts'
import type { RefreshOutcome } from '../session/strategy.ts'

/** The number of tokens that a process remembers; above it the oldest are dropped. */
export const MAX_KNOWN = 10_000

/** This process's certain knowledge of a token, by the name of its flight. A Redis that fails over may have lost it. */
export function certainOutcomes(replayWindowMs: number, clock: Clock) {
  const outcomes = replayWindow<{ readonly scope: string; readonly outcome: RefreshOutcome }>(
    replayWindowMs,
    MAX_KNOWN,
    clock,
  )

  return {
    /** `undefined`: the answer of Redis counts. */
    get(name: string): RefreshOutcome | undefined {
      const found = outcomes.get(name)
      if (!found) return undefined
      const { outcome } = found.value
      return outcome.kind === 'ok' ? { ...outcome, ageMs: (outcome.ageMs ?? 0) + found.ageMs } : outcome
    },

    /** `isClosed`: the token may never be sent again, and this is remembered for longer. */
    set(name: string, scope: string, outcome: RefreshOutcome, isClosed = false) {
      outcomes.set(name, { scope, outcome }, isClosed ? MEMORY_MS : undefined)
    },

    /** A logout, of one flight or of a whole session. */
    forget(name: string, scope: string | undefined) {
      for (const [key, known] of outcomes.entries())
        if (key === name || known.scope === scope) outcomes.delete(key)
    },
  }
}
