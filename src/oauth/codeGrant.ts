import type { IDToken } from 'oauth4webapi'
import type { UserDocument } from '../../machines/session.types.ts'
import type { Line } from './wireCall.ts'

/** What a login may ask of the provider (OpenID Connect Core section 3.1.2.1). */
export interface AuthorizationInput {
  /** `login`: the user signs in anew; `select_account`, `consent`, `none`, `create`. */
  readonly prompt?: string
  /** Who is expected: an address or a name. */
  readonly loginHint?: string
  /** How long before this login the user may have signed in; seconds. It is looked at when the user comes back. */
  readonly maxAge?: number
  /** How the user is to have signed in, the best first; one of them has to hold. */
  readonly acrValues?: readonly string[]
  /** The languages of the provider's pages, the best first. */
  readonly uiLocales?: readonly string[]
  /** Parameters of the provider's own, such as `audience`. They replace none of the protocol's. */
  readonly parameters?: Readonly<Record<string, string>>
}

/** What is kept of a login from its begin to its callback. */
export interface CodeAttempt {
  /** Names the attempt: the provider gives it back (RFC 6749 section 4.1.1). */
  readonly state: string
  /** Whose hash the provider was told: the code is worth nothing without it (RFC 7636). */
  readonly verifier: string
  /** Binds the ID token to the attempt (OpenID Connect Core section 3.1.2.1). */
  readonly nonce: string
  /** When the login began; wall clock, milliseconds since the Unix epoch. */
  readonly beganAt: number
  /** As it was asked for; seconds. */
  readonly maxAge?: number
  /** As they were asked for. */
  readonly acrValues?: readonly string[]
  /** The key to which the code is bound, by its name (RFC 9449 section 10). */
  readonly keyId?: string
}

/** The tokens of a login. */
export interface GrantedTokens {
  /** The bearer. */
  readonly token: string
  /** Absent: the provider gave none, and the session ends with its bearer. */
  readonly refreshToken?: string
}

/** What a provider grants to a login. */
export interface ProviderGrant extends GrantedTokens {
  /** How long the bearer lives from now on; seconds. */
  readonly expiresIn?: number
  /** Who has logged in. */
  readonly user: UserDocument
  /** All that the provider says of them. */
  readonly claims: IDToken
  /** What the provider's logout asks for. */
  readonly idToken: string
  /** The key to which the tokens are bound, by its name. */
  readonly keyId?: string
}

/** The authorization code flow with PKCE (RFC 6749 section 4.1, RFC 7636, OpenID Connect Core section 3.1). */
export interface CodeFlow {
  /** The provider's page for one login, and what its callback needs. Its `state` begins with `mark`. @default '' */
  begin(
    input: AuthorizationInput,
    line: Line,
    mark?: string,
  ): Promise<{ location: URL; attempt: CodeAttempt }>
  /**
   * Exchanges the code of a callback. The code leaves once, whatever comes of it: a second use makes providers take
   * back what they gave for the first (RFC 6749 section 4.1.2). `refused` is given the tokens of an answer that is no
   * login, and whose they are, if that is known.
   *
   * @throws LoginFailed
   */
  finish(
    attempt: CodeAttempt,
    parameters: URLSearchParams,
    line: Line,
    refused: (tokens: GrantedTokens, userId: string | undefined) => void,
  ): Promise<ProviderGrant>
  /**
   * The provider's page that ends the user's session there (OpenID Connect RP-Initiated Logout 1.0 section 2);
   * `undefined`: it has none. `idToken`: of the login, if it is known; without one providers ask the user once more. The
   * ID token is in the address, since not every provider takes a form there: `oidc-provider` answers one with 404.
   */
  endSession(idToken: string | undefined, line: Line): Promise<URL | undefined>
}
