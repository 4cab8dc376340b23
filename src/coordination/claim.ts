import {
  asOf,
  blank,
  decide,
  type LedgerRow,
  opened,
  raised,
  readRow,
} from '../../machines/session.ledger.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import type { FlightAsk } from './coordinator.ts'
import { heldBy } from './heldBy.ts'
import { toInstants } from './sendSpans.ts'

/** A permitted send. `row` is written before the token is sent, and replaces `before`. */
export interface Claim {
  readonly row: LedgerRow
  readonly before: LedgerRow | null
}

/**
 * Asks the ledger for a send, on the clock of `found`: returns a claim, or the outcome that replaces the send. An
 * attempt may take `openForMs`.
 */
export function claim(
  found: LedgerRow | null,
  { resend, isSpent, isEarly = false, known }: FlightAsk,
  now: number,
  openForMs: number,
): Claim | { readonly outcome: RefreshOutcome } {
  const row = readRow(found)
  const before = row ? asOf(row, now) : null
  const ask = { resend, isSpent, isEarly, known: known && toInstants(known, now) }
  const decision = decide(before, ask, now)
  if (decision.kind === 'send') return { row: opened(before, ask, now, openForMs), before }
  if (decision.kind === 'open')
    return { outcome: { kind: 'refused', cause: 'unavailable', retryAfterMs: decision.waitMs } }
  return { outcome: heldBy(raised(before ?? blank(now), ask.known), now) }
}
