import { type LedgerRow, settled } from '../../machines/session.ledger.ts'
import type { ResendPolicy } from '../../machines/session.types.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import type { Claim } from './claim.ts'
import { sendResult } from './sendResult.ts'
import { toDoubt } from './sendSpans.ts'

/** The ledger's row after a send, and the outcome for its session. */
export interface Settlement {
  /** `null`: there is nothing to remember. */
  readonly row: LedgerRow | null
  readonly outcome: RefreshOutcome
}

/**
 * Closes the ledger's entry of a send whose outcome came at `now`. A roll of `random` spreads the next send of a token
 * in doubt.
 */
export function settle(
  { row, before }: Claim,
  outcome: RefreshOutcome,
  resend: ResendPolicy,
  now: number,
  random: () => number,
): Settlement {
  const roll = outcome.kind === 'unknown' ? random() : 0
  const kept = settled(row, before, sendResult(outcome), resend, now, roll)
  const isUnknown = outcome.kind === 'unknown' && kept !== null
  return { row: kept, outcome: isUnknown ? { ...outcome, doubt: toDoubt(kept, now) } : outcome }
}
