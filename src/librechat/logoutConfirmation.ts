import { parseJson } from '../base/json.ts'
import { isWhole } from '../wire/outcome.ts'
import type { WireResult } from '../wire/request.ts'

/**
 * LibreChat's confirmation of an ended session: a JSON object, with 200. `undefined` for anything else, because the
 * grant then lives on (RFC 7009 section 2.2.1 says so for 503). That includes a gateway's page with status 200.
 */
export function logoutConfirmation(result: WireResult): Readonly<Record<string, unknown>> | undefined {
  if (result.kind !== 'answer' || !isWhole(result.status) || result.redirected) return undefined
  const body = parseJson(result.text)?.value
  return typeof body === 'object' && body !== null && !Array.isArray(body)
    ? (body as Record<string, unknown>)
    : undefined
}
