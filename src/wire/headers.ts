import { MAX_HOLD_MS } from '../../machines/session.ledger.ts'
import { withoutBlanks } from '../base/blanks.ts'

const EARLIEST = Date.UTC(2015, 0)
const LATEST = Date.UTC(2090, 0)
// RFC 9110 section 5.6.7.
const imfFixdate = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/

/** An instant in milliseconds since the Unix epoch; `undefined` unless it lies in the years 2015 to 2089. */
export function parseHttpDate(value: string | null): number | undefined {
  const instant = value && imfFixdate.test(value) ? Date.parse(value) : Number.NaN
  return instant >= EARLIEST && instant < LATEST ? instant : undefined
}

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

/** The type of a body in lower case, without parameters; empty if there is none. */
export function mediaTypeOf(headers: Headers): string {
  const [type = ''] = (headers.get('content-type') ?? '').split(';')
  return withoutBlanks(type).toLowerCase()
}

/** Whether the body is JSON in UTF-8, by its `Content-Type`. */
export function isJson(headers: Headers): boolean {
  return (
    /^application\/([\w.-]+\+)?json$/.test(mediaTypeOf(headers)) &&
    !/;[ \t]*charset[ \t]*=(?![ \t]*"?utf-8"?[ \t]*(;|$))/i.test(String(headers.get('content-type')))
  )
}
