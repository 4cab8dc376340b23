import type { RefreshOutcome } from '../session/strategy.ts'

const rejected = { kind: 'rejected', reason: 'refreshRejected' } as const
const misconfigured = { kind: 'refused', cause: 'misconfigured' } as const

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
