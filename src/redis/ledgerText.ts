import {
  type LedgerRow,
  NO_SENDS,
  readRow,
  type SendResult,
  waitAfter,
} from '../../machines/session.ledger.ts'
import type { FlightAsk } from '../coordination/coordinator.ts'

/** An ask in one text, for the scripts of Redis. */
export function askText({ resend, isSpent, isEarly, known }: FlightAsk): string {
  const policy = typeof resend === 'object' ? resend.withinMs : resend
  const { sends = '-', sinceMs = '-', answers = '-', answeredSinceMs = '-' } = known ?? {}
  return [policy, isSpent ? 1 : 0, isEarly ? 1 : 0, sends, sinceMs, answers, answeredSinceMs].join(' ')
}

/** The wait after the first send of a token; empty: the session knows of earlier ones. */
export const firstWaitText = ({ resend, known }: FlightAsk): string =>
  known ? '' : String(waitAfter({ ...NO_SENDS, sends: 1 }, resend, 0))

/** The fields of a send's result besides its kind. */
export function resultText(result: SendResult): string {
  if (result.kind === 'rejected') return result.reason
  return result.kind === 'unknown' ? `${result.answered ? 1 : 0} ${result.retryAfterMs ?? 0}` : ''
}

/** A row in the form of the scripts. A damaged row counts as a send of which nobody knows. */
export function rowOf(text: string): LedgerRow {
  const [closed, ...numbers] = text.split(' ').reverse()
  const [sends, since, answers, answeredSince, sentAt, notBefore, heldUntil, openUntil = -1] = numbers
    .reverse()
    .map(Number)
  return readRow({
    sends,
    since,
    answers,
    answeredSince,
    sentAt,
    notBefore,
    heldUntil,
    ...(openUntil >= 0 && { openUntil }),
    ...(closed !== '-' && { closed }),
  }) as LedgerRow
}
