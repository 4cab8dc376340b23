import { parseHttpDate } from './headers.ts'

export interface CookieFound {
  /** Byte for byte as it came: neither decoded nor unquoted. */
  readonly value?: string
  /** The server deletes the cookie, and sets no other of that name. */
  readonly deleted?: true
  /** The name came more than once. */
  readonly duplicate?: true
}

/**
 * Reads one cookie of an answer (RFC 6265 section 5.2): the last one that is neither empty nor expired.
 * Names are case-sensitive. `Expires` counts from the answer's own `Date`.
 */
export function setCookieOf(headers: Headers, name: string): CookieFound {
  let count = 0
  let found: string | undefined
  for (const line of headers.getSetCookie()) {
    const pair = line.replace(/;.*/, '')
    const equals = pair.indexOf('=')
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue
    count++
    const value = pair.slice(equals + 1).trim()
    if (value && !isExpired(line, parseHttpDate(headers.get('date')) ?? 0)) found = value
  }
  return {
    ...(found === undefined ? (count > 0 ? { deleted: true } : {}) : { value: found }),
    ...(count > 1 ? { duplicate: true } : {}),
  }
}

function isExpired(line: string, now: number): boolean {
  let byAge: boolean | undefined
  let byDate = false
  for (const part of line.split(';')) {
    const attribute = part.trim().replace(/\s*=\s*/, '=')
    // Both names are as long.
    const value = attribute.slice('max-age='.length)
    if (/^max-age=-?\d+$/i.test(attribute)) byAge = Number(value) <= 0
    if (/^expires=/i.test(attribute)) byDate = Date.parse(value) <= now
  }
  // `Max-Age` wins over `Expires`, wherever it stands; of several the last counts (RFC 6265 section 5.3).
  return byAge ?? byDate
}
