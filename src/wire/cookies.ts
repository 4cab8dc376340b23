import { withoutBlanks } from '../base/blanks.ts'
import { parseHttpDate } from './httpDate.ts'

export interface CookieFound {
  /** The bytes as they came: neither decoded nor unquoted. */
  readonly value?: string
  /** The server deletes the cookie, and sets no other one of that name. */
  readonly deleted?: true
  /** The name came more than once. */
  readonly duplicate?: true
  /** The line held more than one cookie: a gateway has joined them, against RFC 6265 section 3. */
  readonly folded?: true
}

/**
 * The begin of a second cookie in a line. It comes only after an attribute, because a value may hold a comma. The date
 * of `Expires` holds one too, but no name and equals sign follow it.
 */
const fold = /(;[^;,]*(?:,[^;,=]*)?),\s*(?=[!#$%&'*+.^`|~\w-]+=)/g

/**
 * Reads one cookie of an answer (RFC 6265 section 5.2): the last one that is neither empty nor expired.
 * Names are case-sensitive. `Expires` counts from the answer's own `Date`.
 */
export function setCookieOf(headers: Headers, name: string): CookieFound {
  let count = 0
  let found: string | undefined
  let folded = false
  // A page sees no cookie of an answer, and an older browser has no method for it.
  const lines = (headers.getSetCookie?.() ?? []).flatMap((line) => {
    if (!line.includes(',')) return { line, isFolded: false }
    const parts = line.replace(fold, '$1\n').split('\n')
    return parts.map((part) => ({ line: part, isFolded: parts.length > 1 }))
  })
  for (const { line, isFolded } of lines) {
    const [pair = ''] = line.split(';', 1)
    const equals = pair.indexOf('=')
    if (equals === -1 || withoutBlanks(pair.slice(0, equals)) !== name) continue
    count++
    folded ||= isFolded
    const value = withoutBlanks(pair.slice(equals + 1))
    if (value && !isExpired(line, parseHttpDate(headers.get('date')) ?? 0)) found = value
  }
  return {
    ...(found === undefined ? (count > 0 ? { deleted: true } : {}) : { value: found }),
    ...(count > 1 ? { duplicate: true } : {}),
    ...(folded ? { folded: true } : {}),
  }
}

function isExpired(line: string, now: number): boolean {
  let byAge: boolean | undefined
  let byDate = false
  for (const part of line.split(';')) {
    if (!/^[ \t]*[me]/i.test(part)) continue
    const attribute = withoutBlanks(part).replace(/[ \t]*=[ \t]*/, '=')
    // Both names have this length.
    const value = attribute.slice('max-age='.length)
    if (/^max-age=-?\d+$/i.test(attribute)) byAge = Number(value) <= 0
    if (/^expires=/i.test(attribute)) byDate = Date.parse(value) <= now
  }
  // `Max-Age` wins over `Expires`, wherever it stands; of several the last one counts (RFC 6265 section 5.3).
  return byAge ?? byDate
}
