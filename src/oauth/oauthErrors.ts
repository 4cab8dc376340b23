import { isBrowser } from '#browser'
import { isDevelopment } from '#development'
import { parseJson } from '../base/json.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import type { WireAnswer } from '../wire/wireAnswer.ts'

const rejected = { kind: 'rejected', reason: 'refreshRejected' } as const
const misconfigured = { kind: 'refused', cause: 'misconfigured' } as const
const unavailable = { kind: 'refused', cause: 'unavailable' } as const

/** RFC 6749 section 5.2. The errors that need the user are from OpenID Connect Core section 3.1.2.6. */
export const oauthErrors: ReadonlyMap<unknown, RefreshOutcome> = new Map<unknown, RefreshOutcome>([
  ['invalid_grant', rejected],
  ['interaction_required', rejected],
  ['login_required', rejected],
  ['consent_required', rejected],
  // GitHub's error, which comes with 200.
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

/**
 * Microsoft Entra redeems a code and renews a token for a page only if the redirect URI is registered for pages, and
 * for a server only if it is not. Returns what to change there; `undefined`: the problem is another one.
 */
export function registrationProblem(body: unknown): string | undefined {
  const { error_codes: codes, error_description: text } = (body ?? {}) as Record<string, unknown>
  const says = (code: number) =>
    (Array.isArray(codes) && codes.includes(code)) || String(text).startsWith(`AADSTS${code}`)
  const of = 'The redirect URI is registered at Microsoft Entra for the platform'
  if (says(9002326))
    return isDevelopment
      ? `${of} "Web", and this is a page: register it for "Single-page application".`
      : 'Register the redirect URI at Microsoft Entra for "Single-page application".'
  if (!isBrowser && says(9002327))
    return `${of} "Single-page application", and this is a server: register it for "Web".`
  return undefined
}

/** The provider's own error: an error of the protocol as JSON, under any content type. */
export function ownError({ status, text }: WireAnswer): RefreshOutcome | undefined {
  if (status < 400 || (status >= 500 && status !== 503)) return undefined
  const body = parseJson(text)?.value
  const error = errorOf(body)
  const problem = registrationProblem(body)
  if (problem !== undefined) return { ...misconfigured, problem }
  if (status === 503) return error === 'temporarily_unavailable' ? unavailable : undefined
  return oauthErrors.get(error)
}
