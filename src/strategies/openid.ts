import type { ResendPolicy } from '../../machines/session.types.ts'
import { logoutAtBackend } from '../wire/logout.ts'
import { outcomeOf } from '../wire/outcome.ts'
import { renewalOf } from '../wire/renewal.ts'
import { request } from '../wire/request.ts'
import type { RefreshOutcome, SessionStrategy } from './strategy.ts'

/** How answers are judged, and what a logout does at the backend. */
export interface OpenidStrategyOptions {
  /**
   * Whether a refresh token may be sent again when nobody knows if it was spent. `'never'` for an identity
   * provider that answers a second use by revoking the whole family. @default 'afterBearerEnds'
   */
  readonly resend?: ResendPolicy
  /** A 503 without a code comes from a gateway that has not passed the request on. @default false */
  readonly trust503?: boolean
  /**
   * Calls the backend's logout when the session ends. LibreChat then deletes **one of the user's sessions**,
   * perhaps another one, since an OpenID session has no refresh cookie there. @default false
   */
  readonly backendLogout?: boolean
}

const identity = { kind: 'rejected', reason: 'identityMismatch', security: 'identityMismatch' } as const
// The identity provider has rotated the token, and its successor is lost.
const consumed = { kind: 'unknown', cause: 'consumed', answered: true, consumed: true } as const

/** LibreChat's codes. A code counts only with its status: a page of a proxy may quote anything. */
const codes: Readonly<Record<string, RefreshOutcome>> = {
  '400 MISSING_REFRESH_TOKEN': { kind: 'rejected', reason: 'missingCredential' },
  // Every failure of the grant, outages of the identity provider included.
  '401 REFRESH_FAILED': { kind: 'unknown', cause: 'refreshFailed', answered: true },
  '401 ISSUER_MISMATCH': identity,
  '401 TENANT_MISMATCH': identity,
  '401 USER_ID_MISMATCH': identity,
  '401 USER_NOT_FOUND': { kind: 'rejected', reason: 'refreshRejected', security: 'unknownUser' },
  '403 FORBIDDEN': { kind: 'rejected', reason: 'accessRevoked' },
  '403 TOKEN_REUSE_DISABLED': { kind: 'unsupported', forGood: true },
  '500 INTERNAL_ERROR': { kind: 'unknown', cause: 'status', answered: true },
  '502 CLAIMS_INCOMPLETE': consumed,
  '502 IDP_INCOMPLETE': consumed,
  '503 OPENID_NOT_CONFIGURED': { kind: 'refused', cause: 'unavailable' },
}

const validTenant = /^(?!__SYSTEM__$)[A-Za-z0-9._-]{1,128}$/

/**
 * Renews a session of LibreChat's admin panel that was opened through an OpenID provider:
 * `POST {baseUrl}api/admin/oauth/refresh`, without Authorization and without cookies.
 *
 * `X-Tenant-Id` goes along when the session has a tenant; blank counts as none. Nothing is sent without a
 * refresh token or a user id (`rejected`: the backend would pick whichever user matches best), nor with a
 * malformed tenant id (`refused`, `misconfigured`: the backend would go on without any tenant).
 */
export function openidStrategy(options: OpenidStrategyOptions = {}): SessionStrategy {
  const { resend, trust503, backendLogout = false } = options
  return {
    needsRefreshToken: true,
    ...(resend === undefined ? {} : { resend }),
    async refresh({ baseUrl, refreshToken, userId, tenantId, attemptId, signal, fetch }) {
      const tenant = tenantId?.trim()
      if (!refreshToken || !userId) return { kind: 'rejected', reason: 'missingCredential' }
      if (tenant && !validTenant.test(tenant)) return { kind: 'refused', cause: 'misconfigured' }
      const result = await request({
        url: `${baseUrl}api/admin/oauth/refresh`,
        method: 'POST',
        headers: {
          accept: 'application/json',
          'content-type': 'application/json',
          'x-refresh-attempt-id': attemptId,
          ...(tenant ? { 'x-tenant-id': tenant } : {}),
        },
        body: JSON.stringify({ refresh_token: refreshToken, user_id: userId }),
        signal,
        fetch,
      })
      return outcomeOf(result, { ok: renewalOf, error: byCode, trust503 })
    },
    ...(backendLogout && {
      async revoke({ baseUrl, bearer, signal, fetch }) {
        return bearer ? logoutAtBackend({ baseUrl, bearer, signal, fetch }) : false
      },
    }),
  }
}

function byCode(body: unknown, { status }: { status: number }): RefreshOutcome | undefined {
  const code = (body as { error_code?: unknown } | null)?.error_code
  return typeof code === 'string' ? codes[`${status} ${code}`] : undefined
}
