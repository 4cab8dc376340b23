import type { ResendPolicy } from '../../machines/session.types.ts'

/**
 * What providers document about a refresh token that is sent twice, for `oauthStrategy({ ...oauthProfiles.okta })`.
 * Each holds for the provider's defaults: a tenant that is set up otherwise needs its own `resend`.
 *
 * - `entra`: old refresh tokens are not revoked when they are used
 *   (learn.microsoft.com/entra/identity-platform/refresh-tokens, "Refresh token lifetime").
 * - `okta`: with rotation, the previous token stays valid for a grace period of 30 seconds unless configured
 *   (developer.okta.com/docs/guides/refresh-tokens, "Grace period for token rotation"; API default `leeway: 30`).
 * - `auth0`: with rotation, a second use revokes the family, and the overlap period is off unless configured
 *   (auth0.com/docs/secure/tokens/refresh-tokens/configure-refresh-token-rotation, `leeway`). An overlap period
 *   that is on becomes `{ withinMs }`.
 * - `keycloak`: "Revoke Refresh Token" is off by default, and tokens may be used again. Where it is on
 *   (Server Administration Guide, "Session and token timeouts"), the policy is `'never'`.
 */
export const oauthProfiles = {
  entra: { resend: 'afterBearerEnds' },
  okta: { resend: { withinMs: 30_000 } },
  auth0: { resend: 'never' },
  keycloak: { resend: 'afterBearerEnds' },
} as const satisfies Record<string, { resend: ResendPolicy }>
