import type { Admit } from './admission.ts'
import type { OauthStrategyOptions } from './oauthOptions.ts'
import type { DpopKey } from './provenClient.ts'
import type { Userinfo } from './userinfo.ts'

/** A provider at which users log in, and which renews their sessions. */
export interface OauthProviderOptions extends Omit<OauthStrategyOptions, 'scope'> {
  /** The page of this application to which the provider sends users back; registered there, with exactly this text. */
  readonly redirectUri: string
  /** The scope of a login. With `offline_access` many providers give a refresh token. @default 'openid' */
  readonly scope?: string
  /**
   * The provider's own parameters for every login, such as `audience`. They cannot replace a parameter of the protocol.
   * The exception is `prompt`: it is sent together with the one of the login.
   * @default none
   */
  readonly parameters?: Readonly<Record<string, string>>
  /**
   * The function `userinfo` of this package: a login asks the provider's userinfo endpoint for the claims that its ID
   * token lacks.
   * @default none: the ID token suffices
   */
  readonly userinfo?: Userinfo
  /**
   * Whether a user may use this application, at the login and at each renewal whose answer names the user; with
   * `userinfo`, by those claims too. A refused login fails with `not_admitted`. A refused session ends with
   * `accessRevoked`. In both cases the tokens are revoked. Only `true` admits: anything else, an error or a Promise
   * refuses. This guards what a page shows; the API decides what may be read.
   * @default everybody
   */
  readonly admit?: Admit
  /**
   * The page to which the provider sends users after a logout; registered there, with exactly this text. @default a
   * page of the provider
   */
  readonly postLogoutRedirectUri?: string
  /** The provider's logout page, if its metadata do not name it. @default `end_session_endpoint` */
  readonly logoutUrl?: string
  /**
   * Parameters for that page, in addition to `client_id`, `id_token_hint` and `post_logout_redirect_uri`, or in their
   * place; `undefined` removes one. Auth0 signs out upstream with `{ federated: '' }`. Cognito needs `{ logout_uri:
   * 'https://panel.example.com/', id_token_hint: undefined, post_logout_redirect_uri: undefined }`.
   */
  readonly logoutParameters?: Readonly<Record<string, string | undefined>>
  /**
   * Whether a logout revokes the refresh token before the page leaves for the provider's own logout. Use `false` for
   * Keycloak, where a revocation ends the user's session before the logout arrives. With the scope `offline_access` the
   * token is revoked in any case, because it would outlive the logout (OpenID Connect Core section 11).
   * @default true
   */
  readonly revokesAtLogout?: boolean
  /**
   * Binds the tokens to a key of this browser that no script can read: `dpopKey()` of `xstate-session/dpop` (RFC 9449).
   * A login fails if the provider's tokens are not bound.
   * @default none: the tokens work without a key
   */
  readonly dpop?: DpopKey
}
