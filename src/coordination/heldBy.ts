import type { LedgerRow } from '../../machines/session.ledger.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import { toDoubt } from './sendSpans.ts'

/** The outcome that a row without a permitted send gives. */
export function heldBy(row: LedgerRow, now: number): RefreshOutcome {
  const { closed, answers, heldUntil } = row
  const isConsumed = closed === 'consumed'
  if (closed && !isConsumed) return { kind: 'rejected', reason: closed }
  return {
    kind: 'unknown',
    cause: isConsumed ? 'consumed' : 'inDoubt',
    answered: isConsumed || answers > 0,
    ...(isConsumed && { consumed: true }),
    ...(heldUntil > now && { retryAfterMs: heldUntil - now }),
    doubt: toDoubt(row, now),
  }
}
