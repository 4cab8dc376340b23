import { type LedgerRow, MEMORY_MS } from '../../machines/session.ledger.ts'
import type { Clock } from '../base/clock.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import { claim } from './claim.ts'
import type { Flight } from './coordinator.ts'
import { replayWindow } from './replayWindow.ts'
import { sent } from './sent.ts'
import { settle } from './settle.ts'

export interface MemoryLedgerOptions {
  readonly clock: Clock
  readonly random: () => number
  /** The number of tokens that may have a row; above it the oldest are dropped. */
  readonly maxEntries: number
  /** How long a row is remembered at least; milliseconds. */
  readonly memoryMs?: number
}

/** Sends a flight if its token's row permits it; otherwise returns the row's answer. */
export type Spend = (key: string, flight: Pick<Flight, 'ask' | 'send'>) => Promise<RefreshOutcome>

/** The ledger of one process, in its memory. Runs of one key must not overlap. */
export function memoryLedger(options: MemoryLedgerOptions): Spend {
  const { clock, random, maxEntries, memoryMs = MEMORY_MS } = options
  /**
   * On the monotonic clock. No row is open, because runs do not overlap, and a process that dies takes its rows along.
   */
  const rows = replayWindow<LedgerRow>(memoryMs, maxEntries, clock)

  return async (key, { ask, send }) => {
    const claimed = claim(rows.get(key)?.value ?? null, ask, clock.monotonic(), 0)
    if ('outcome' in claimed) return claimed.outcome
    const { row, outcome } = settle(claimed, await sent(send), ask.resend, clock.monotonic(), random)
    if (row) rows.set(key, row)
    else rows.delete(key)
    return outcome
  }
}
