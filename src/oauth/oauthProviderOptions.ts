import type { OauthStrategyOptions } from './oauthOptions.ts'

/** A provider at which users log in, and which renews their sessions. */
export interface OauthProviderOptions extends Omit<OauthStrategyOptions, 'scope'> {
  /** The page of this application to which the provider sends users back; registered there, to the letter. */
  readonly redirectUri: string
  /** What a login asks for. With `offline_access` many providers give a refresh token. @default 'openid' */
  readonly scope?: string
  /** Whether a login asks the provider for the claims that its ID token leaves out. @default false */
  readonly userinfo?: boolean
  /** Where the provider sends users after a logout; registered there, to the letter. @default a page of the provider's */
  readonly postLogoutRedirectUri?: string
  /**
   * Whether a logout revokes the refresh token before the page leaves for the provider's own logout. `false` for
   * Keycloak: a revocation ends the session there, and the logout after it finds none.
   * @default true
   */
  readonly revokesAtLogout?: boolean
}
