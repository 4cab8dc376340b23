import { parseJson } from '../base/json.ts'
import type { WireResult } from '../wire/request.ts'

/**
 * What LibreChat says when it has ended a session: a JSON object, with 200. `undefined` for anything else, which leaves
 * the grant alive (RFC 7009 section 2.2.1 says so of 503), a page of somebody else with status 200 included.
 */
export function logoutConfirmation(result: WireResult): Readonly<Record<string, unknown>> | undefined {
  if (result.kind !== 'answer' || result.status !== 200 || result.redirected) return undefined
  const body = parseJson(result.text)?.value
  return typeof body === 'object' && body !== null && !Array.isArray(body)
    ? (body as Record<string, unknown>)
    : undefined
}
