import type { AuthorizationServer } from 'oauth4webapi'
import type { RevokeRequest } from '../session/strategy.ts'
import type { OauthProviderOptions } from './oauthProviderOptions.ts'

type LogoutOptions = Pick<OauthProviderOptions, 'revokesAtLogout' | 'scope' | 'logoutUrl'>

/**
 * Whether a logout leaves the refresh token to the provider's own logout. Tokens of the scope `offline_access` are
 * always revoked: they outlive the user's session at the provider (OpenID Connect Core section 11), and only a
 * revocation ends them.
 */
export function leavesRevocation(
  { revokesAtLogout = true, scope = '', logoutUrl }: LogoutOptions,
  { cause }: RevokeRequest,
  provider: AuthorizationServer | undefined,
): boolean {
  const isOffline = /(^| )offline_access( |$)/.test(scope)
  const page = logoutUrl ?? provider?.end_session_endpoint
  return !revokesAtLogout && !isOffline && cause === 'logout' && page !== undefined
}
