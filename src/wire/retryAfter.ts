import { MAX_HOLD_MS } from '../../machines/session.ledger.ts'
import { parseHttpDate } from './httpDate.ts'

/**
 * `Retry-After` in milliseconds, at most five minutes (RFC 9110 section 10.2.3). A date counts from the
 * answer's own `Date`: the local clock may be wrong. `undefined` for anything else.
 */
export function retryAfterMs(headers: Headers): number | undefined {
  const value = String(headers.get('retry-after'))
  const until = parseHttpDate(value)
  const from = parseHttpDate(headers.get('date'))
  const delay = /^\d+$/.test(value)
    ? Number(value) * 1000
    : until !== undefined && from !== undefined
      ? until - from
      : undefined
  return delay === undefined ? undefined : Math.min(Math.max(delay, 0), MAX_HOLD_MS)
}
