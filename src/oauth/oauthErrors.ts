import { parseJson } from '../base/json.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import type { WireAnswer } from '../wire/wireAnswer.ts'

const rejected = { kind: 'rejected', reason: 'refreshRejected' } as const
const misconfigured = { kind: 'refused', cause: 'misconfigured' } as const
const unavailable = { kind: 'refused', cause: 'unavailable' } as const

/** RFC 6749 section 5.2; those that ask for the user are from OpenID Connect Core section 3.1.2.6. */
export const oauthErrors: ReadonlyMap<unknown, RefreshOutcome> = new Map<unknown, RefreshOutcome>([
  ['invalid_grant', rejected],
  ['interaction_required', rejected],
  ['login_required', rejected],
  ['consent_required', rejected],
  // GitHub's word, which comes with 200.
  ['bad_refresh_token', rejected],
  ['invalid_client', misconfigured],
  ['invalid_request', misconfigured],
  ['invalid_scope', misconfigured],
  ['unauthorized_client', misconfigured],
  ['unsupported_grant_type', misconfigured],
])

/** The code in an error answer (RFC 6749 section 5.2). */
export function errorOf(body: unknown): unknown {
  return (body as { error?: unknown } | null)?.error
}

/** The provider's own word: an error of the protocol as JSON, whatever its content type says. */
export function ownError({ status, text }: WireAnswer): RefreshOutcome | undefined {
  if (status < 400 || (status >= 500 && status !== 503)) return undefined
  const error = errorOf(parseJson(text)?.value)
  if (status === 503) return error === 'temporarily_unavailable' ? unavailable : undefined
  return oauthErrors.get(error)
}
