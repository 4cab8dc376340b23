import type { IDToken } from 'oauth4webapi'
import type { UserDocument } from '../../machines/session.types.ts'
import type { Line } from './line.ts'

/** What a login may request from the provider (OpenID Connect Core section 3.1.2.1). */
export interface AuthorizationInput {
  /** `login`: the user signs in again; `select_account`, `consent`, `none`, `create`. */
  readonly prompt?: string
  /** The expected user: an address or a name. */
  readonly loginHint?: string
  /** How long before this login the user may have signed in; seconds. It is checked at the callback. */
  readonly maxAge?: number
  /** How the user must sign in, the best way first; one of them must hold. */
  readonly acrValues?: readonly string[]
  /** The languages of the provider's pages, the best first. */
  readonly uiLocales?: readonly string[]
  /** The provider's own parameters, such as `audience`. They cannot replace a parameter of the protocol. */
  readonly parameters?: Readonly<Record<string, string>>
}

/** The data of a login between its begin and its callback. */
export interface CodeAttempt {
  /** Names the attempt: the provider returns it (RFC 6749 section 4.1.1). */
  readonly state: string
  /** The provider has its hash: without this value the code is useless (RFC 7636). */
  readonly verifier: string
  /** Binds the ID token to the attempt (OpenID Connect Core section 3.1.2.1). */
  readonly nonce: string
  /** When the login began; wall clock, milliseconds since the Unix epoch. */
  readonly beganAt: number
  /** The requested value; seconds. */
  readonly maxAge?: number
  /** The requested values. */
  readonly acrValues?: readonly string[]
  /** The name of the key to which the code is bound (RFC 9449 section 10). */
  readonly keyId?: string
}

/** The tokens of a login. */
export interface GrantedTokens {
  /** The bearer. */
  readonly token: string
  /** Absent: the provider gave none, and the session ends with its bearer. */
  readonly refreshToken?: string
}

/** The grant of a provider for a login. */
export interface ProviderGrant extends GrantedTokens {
  /** How long the bearer lives from now on; seconds. */
  readonly expiresIn?: number
  /** The user who has logged in. */
  readonly user: UserDocument
  /** All claims of the provider about the user. */
  readonly claims: IDToken
  /** The token that the provider's logout asks for. */
  readonly idToken: string
  /** The name of the key to which the tokens are bound. */
  readonly keyId?: string
}

/** The authorization code flow with PKCE (RFC 6749 section 4.1, RFC 7636, OpenID Connect Core section 3.1). */
export interface CodeFlow {
  /** The provider's page for one login, and the data for its callback. Its `state` begins with `mark`. @default '' */
  begin(
    input: AuthorizationInput,
    line: Line,
    mark?: string,
  ): Promise<{ location: URL; attempt: CodeAttempt }>
  /**
   * Exchanges the code of a callback. The code is sent once, whatever happens: a second use makes providers revoke the
   * first grant (RFC 6749 section 4.1.2). `refused` gets the tokens of an answer that is no login, and their user, if
   * that is known.
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
   * `undefined`: it has none. `idToken`: of the login, if it is known; without it providers ask the user once more. The
   * ID token is in the address, because not every provider accepts a form there: `oidc-provider` answers one with 404.
   */
  endSession(idToken: string | undefined, line: Line): Promise<URL | undefined>
}
