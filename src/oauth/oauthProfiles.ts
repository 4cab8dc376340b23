import type { ResendPolicy } from '../../machines/session.types.ts'

/**
 * What providers do with a refresh token that is sent twice, for `oauthStrategy({ ...oauthProfiles.okta })`. Keycloak,
 * Ory Hydra and `oidc-provider` were measured ([Providers](../../docs/providers.md)); the others document it. Each
 * profile holds for the provider's defaults: a tenant with other settings needs its own `resend`.
 *
 * - `entra`: old refresh tokens are not revoked when they are used
 *   (learn.microsoft.com/entra/identity-platform/refresh-tokens, "Refresh token lifetime").
 * - `okta`: with rotation, the previous token stays valid for a grace period of 30 seconds unless configured
 *   (developer.okta.com/docs/guides/refresh-tokens, "Grace period for token rotation"; API default `leeway: 30`).
 * - `auth0`: with rotation, a second use revokes the family, and the overlap period is off unless configured
 *   (auth0.com/docs/secure/tokens/refresh-tokens/configure-refresh-token-rotation, `leeway`). An overlap period
 *   that is on becomes `{ withinMs }`.
 * - `keycloak`: "Revoke Refresh Token" is off by default, and tokens may be used again. Where it is on
 *   (Server Administration Guide, "Session and token timeouts"), the policy is `'never'`: a second use ends the newest
 *   token, too.
 * - `hydra`: a second use ends the newest token, too, and there is no grace unless configured
 *   (`oauth2.grant.refresh_token.rotation_grace_period`), which becomes `{ withinMs }`.
 * - `google`: gives a refresh token only after a consent, so every login asks for one; renewals do not change the token
 *   (developers.google.com/identity/protocols/oauth2/web-server, "Refreshing an access token"). For a server: `oauthLogin`.
 *   Its scope has no `offline_access`.
 * - `oidcProvider`: a public client rotates, and a second use ends the grant.
 */
export const oauthProfiles = {
  entra: { resend: 'afterBearerEnds' },
  okta: { resend: { withinMs: 30_000 } },
  auth0: { resend: 'never' },
  keycloak: { resend: 'afterBearerEnds' },
  hydra: { resend: 'never' },
  google: { resend: 'afterBearerEnds', parameters: { access_type: 'offline', prompt: 'consent' } },
  oidcProvider: { resend: 'never' },
} as const satisfies Record<string, { resend: ResendPolicy; parameters?: Record<string, string> }>
