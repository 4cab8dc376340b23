import { NEVER } from '../../machines/session.instants.ts'
import type { LedgerRow, Sends } from '../../machines/session.ledger.ts'
import type { KnownSends } from '../session/strategy.ts'

/** Converts the ages that sessions and coordinators exchange to instants on the clock of `now`. */
export const toInstants = ({ sends, sinceMs, answers, answeredSinceMs }: KnownSends, now: number): Sends => ({
  sends,
  since: now - sinceMs,
  answers,
  answeredSince: answeredSinceMs === undefined ? NEVER : now - answeredSinceMs,
})

/** Converts back. */
function toSpans({ sends, since, answers, answeredSince }: Sends, now: number): KnownSends {
  const age = (at: number) => Math.max(0, now - at)
  return {
    sends,
    sinceMs: age(since),
    answers,
    ...(answeredSince < NEVER && { answeredSinceMs: age(answeredSince) }),
  }
}

/**
 * What an unknown outcome says of its token's row. The wait is a whole number and is rounded up: a clock that counts
 * from 1970 has no room for the fraction, and a caller would come too early.
 */
export const toDoubt = (row: LedgerRow, now: number): KnownSends & { readonly waitMs: number } => ({
  ...toSpans(row, now),
  waitMs: Math.max(0, Math.ceil(row.notBefore - now)),
})
