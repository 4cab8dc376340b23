import type { Admit } from './admission.ts'
import type { OauthStrategyOptions } from './oauthOptions.ts'
import type { DpopKey } from './provenClient.ts'

/** A provider at which users log in, and which renews their sessions. */
export interface OauthProviderOptions extends Omit<OauthStrategyOptions, 'scope'> {
  /** The page of this application to which the provider sends users back; registered there, to the letter. */
  readonly redirectUri: string
  /** What a login asks for. With `offline_access` many providers give a refresh token. @default 'openid' */
  readonly scope?: string
  /**
   * Parameters of the provider's own that every login sends, such as `audience`. They replace none of the protocol's, but for
   * `prompt`, which is sent together with the one that a login asks for.
   * @default none
   */
  readonly parameters?: Readonly<Record<string, string>>
  /** Whether a login asks the provider for the claims that its ID token leaves out. @default false */
  readonly userinfo?: boolean
  /**
   * Whether a user may use this application, at the login and at each renewal whose answer tells the user; with
   * `userinfo` by what that says, too. A login that is refused fails with `not_admitted`, a session that is refused ends
   * with `accessRevoked`, and the tokens are revoked. Anything but `true` refuses, a throw and a Promise, too. It guards
   * what a page shows; the API decides what may be read.
   * @default everybody
   */
  readonly admit?: Admit
  /** Where the provider sends users after a logout; registered there, to the letter. @default a page of the provider's */
  readonly postLogoutRedirectUri?: string
  /** The provider's page that ends a session there, for one that does not name it. @default `end_session_endpoint` */
  readonly logoutUrl?: string
  /**
   * What a logout tells that page besides `client_id`, `id_token_hint` and `post_logout_redirect_uri`, or in their place;
   * `undefined` leaves one out. Auth0 signs out upstream with `{ federated: '' }`. Cognito takes
   * `{ logout_uri: 'https://panel.example.com/', id_token_hint: undefined, post_logout_redirect_uri: undefined }`.
   */
  readonly logoutParameters?: Readonly<Record<string, string | undefined>>
  /**
   * Whether a logout revokes the refresh token before the page leaves for the provider's own logout. `false` for
   * Keycloak, where a revocation ends the user's session before the logout comes to it. With the scope `offline_access` the
   * token is revoked all the same: it would outlive the logout (OpenID Connect Core section 11).
   * @default true
   */
  readonly revokesAtLogout?: boolean
  /**
   * Binds the tokens to a key of this browser, which no script can read out: `dpopKey()` of `xstate-session/dpop`
   * (RFC 9449). A provider that gives tokens which are not bound logs nobody in.
   * @default none: the tokens work for whoever holds them
   */
  readonly dpop?: DpopKey
}
