import { parseJson } from '../base/json.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import { isJson } from '../wire/mediaType.ts'
import type { WireAnswer } from '../wire/wireAnswer.ts'

/** LibreChat's words by status, and what each proves of the refresh token. */
export type LibrechatWords = Readonly<Record<string, RefreshOutcome>>

const unsupported = { kind: 'unsupported', forGood: false } as const
const unavailable = { kind: 'refused', cause: 'unavailable' } as const
const misconfigured = { kind: 'refused', cause: 'misconfigured' } as const
const identity = { kind: 'rejected', reason: 'identityMismatch', security: 'identityMismatch' } as const
const rejected = { kind: 'rejected', reason: 'refreshRejected' } as const
const missing = { kind: 'rejected', reason: 'missingCredential' } as const
const failed = { kind: 'unknown', cause: 'refreshFailed', answered: true } as const
// The identity provider has rotated the token, and the new token is lost.
const consumed = { kind: 'unknown', cause: 'consumed', answered: true, consumed: true } as const

/** Answers before any route, and without a route. */
const everywhere: LibrechatWords = {
  // The request was damaged on the way, and the route has not seen it.
  '400 The request body contains malformed JSON': unavailable,
  /*
   * The same words before the grant, for an address, and after it, for a user. `refused` is right of the first, which
   * a server meets with all its sessions at once; at the second the backend has ended the sessions of the user itself.
   * A ban lasts for hours and names no time, and each try counts against the limiter.
   */
  '403 Your account has been temporarily banned due to violations of our service.': {
    kind: 'refused',
    cause: 'banned',
    retryAfterMs: 300_000,
  },
  // Express's own page; newer releases answer JSON.
  '404 Cannot POST': unsupported,
  '404 Endpoint not found': unsupported,
}

/** `POST /api/admin/oauth/refresh`: JSON with an `error_code`. */
export const openidWords: LibrechatWords = {
  ...everywhere,
  '400 INVALID_PROVIDER': misconfigured,
  '400 MISSING_REFRESH_TOKEN': missing,
  '401 INVALID_REFRESH_TOKEN': rejected,
  '401 ISSUER_MISMATCH': identity,
  '401 PROVIDER_MISMATCH': identity,
  // Every failure of the grant, including outages of the identity provider.
  '401 REFRESH_FAILED': failed,
  '401 SESSION_NOT_FOUND': rejected,
  '401 TENANT_MISMATCH': identity,
  '401 USER_ID_MISMATCH': identity,
  '401 USER_NOT_FOUND': { kind: 'rejected', reason: 'refreshRejected', security: 'unknownUser' },
  '403 FORBIDDEN': { kind: 'rejected', reason: 'accessRevoked' },
  '403 TOKEN_REUSE_DISABLED': { kind: 'unsupported', forGood: true },
  '500 INTERNAL_ERROR': { kind: 'unknown', cause: 'status', answered: true },
  '502 CLAIMS_INCOMPLETE': consumed,
  '502 IDP_INCOMPLETE': consumed,
  '503 GOOGLE_NOT_CONFIGURED': unavailable,
  '503 OPENID_NOT_CONFIGURED': unavailable,
}

/**
 * `POST /api/auth/refresh`: sentences, which Express sends as `text/html`. An unknown user is redirected to
 * `loginPath`.
 */
export const cookieWords = (loginPath: string): LibrechatWords => ({
  ...everywhere,
  '200 Refresh token not provided': missing,
  // The handler sets 401 or 403 and then redirects; Express makes 302 of both.
  [`302 Found. Redirecting to ${loginPath}`]: rejected,
  '401 OPENID_SESSION_MISSING': failed,
  '401 Refresh token expired or not found for this user': rejected,
  // Every other exception of the handler ends here, including outages of its database.
  '403 Invalid OpenID refresh token': failed,
  '403 Invalid refresh token': failed,
  '403 No session found': failed,
})

/** Longer texts are pages. */
const LONGEST_WORD = 1_000

/**
 * The outcome of LibreChat's own answer; `undefined` for everybody else's. A word counts only as a whole, with its own
 * status and in its own form, because a gateway's page may quote anything.
 */
export function spoken(words: LibrechatWords, answer: WireAnswer): RefreshOutcome | undefined {
  const word = wordOf(answer)
  return word === undefined ? undefined : words[`${answer.status} ${word}`]
}

function wordOf({ status, headers, text }: WireAnswer): string | undefined {
  if (text.length > LONGEST_WORD) return undefined
  if (!isJson(headers)) return /(?:^|<pre>)(Cannot POST)(?: \/|$)/.exec(text)?.[1] ?? text.trim()
  // `renewalOf` reads a renewal.
  if (status === 200) return undefined
  const { error_code, code, message } = (parseJson(text)?.value ?? {}) as Record<string, unknown>
  return [error_code, code, message].find((said) => typeof said === 'string') as string | undefined
}
