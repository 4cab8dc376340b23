import {
  type AuthorizationServer,
  type Client,
  clockSkew,
  getValidatedIdTokenClaims,
  type IDToken,
  processAuthorizationCodeResponse,
  processRefreshTokenResponse,
  skipAuthTimeCheck,
} from 'oauth4webapi'
import type { UserDocument } from '../../machines/session.types.ts'
import { base64url } from '../base/base64url.ts'
import { systemClock } from '../base/clock.ts'
import { jwtClaims } from '../base/jwtClaims.ts'
import { skewOf } from '../base/skewOf.ts'
import { parseHttpDate } from '../wire/httpDate.ts'

/** The claims of a token about itself; the rest is about the user. */
const OF_TOKEN = 'iss sub aud exp nbf iat jti nonce at_hash c_hash s_hash azp auth_time acr amr sid'.split(
  ' ',
)

/** The user of an ID token: its claims (OpenID Connect Core section 5.1), the standard ones under our names. */
export function userOf({
  sub,
  preferred_username: username,
  picture: avatar,
  email_verified: verified,
  ...claims
}: IDToken): UserDocument {
  // A boolean, which some providers write as a text; anything else counts as absent.
  const isSaid = /^(true|false)$/.test(String(verified))
  const email_verified = isSaid ? String(verified) === 'true' : undefined
  const own = Object.entries({ ...claims, username, avatar, email_verified }).filter(
    ([name, value]) => !OF_TOKEN.includes(name) && value !== undefined && value !== '',
  )
  return { ...Object.fromEntries(own), id: sub }
}

/** The algorithm that signed a token, by its header; `undefined`: it names none. */
function algOf(token: string): unknown {
  try {
    const header = token.split('.', 1)[0]?.replace(/-/g, '+').replace(/_/g, '/') ?? ''
    return JSON.parse(atob(header)).alg
  } catch {
    return undefined
  }
}

/** The algorithm of an ID token, in the form of metadata. */
function algorithmOf(token: string): Pick<AuthorizationServer, 'id_token_signing_alg_values_supported'> {
  const alg = algOf(token)
  return typeof alg === 'string' ? { id_token_signing_alg_values_supported: [alg] } : {}
}

/**
 * Whether a token names another issuer, or only other clients. At a renewal both must be those of the login (OpenID
 * Connect Core section 12.2). A token that names neither is invalid.
 */
export function isForeign(
  token: string | undefined,
  { issuer }: AuthorizationServer,
  { client_id: clientId }: Client,
): boolean {
  const { iss, aud } = jwtClaims(`${token}`)
  const isOthers = aud !== undefined && ![aud].flat().includes(clientId)
  return isOthers || (iss !== undefined && iss !== issuer)
}

/**
 * Whether `hash` is the left half of the hash of `accessToken` (OpenID Connect Core section 3.1.3.6), by the algorithm
 * that signed the ID token. True if nothing says which hash that is: the claim is optional in the code flow.
 */
export async function isHashOf(hash: string, accessToken: string, idToken: string): Promise<boolean> {
  const alg = String(algOf(idToken))
  const bits = /^(?:EdDSA|Ed25519)$/.test(alg) ? '512' : /(256|384|512)$/.exec(alg)?.[1]
  if (bits === undefined) return true
  const digest = await crypto.subtle.digest(`SHA-${bits}`, new TextEncoder().encode(accessToken))
  return base64url(new Uint8Array(digest, 0, digest.byteLength / 2)) === hash
}

/**
 * The provider's clock at an answer, milliseconds since the Unix epoch: its `Date`. A page of another origin does not
 * see that header; then it is the time at which the ID token was issued. Without it, it is our own clock.
 */
export function providerNow(headers: Headers, idToken: string | undefined): number {
  const { iat } = jwtClaims(`${idToken}`)
  return parseHttpDate(headers.get('date')) ?? (typeof iat === 'number' ? iat * 1000 : systemClock.wall())
}

/**
 * The claims of a good ID token: issuer, audience, time, and the nonce of a login (OpenID Connect Core section 3.1.3.7),
 * checked by the provider's clock, because the local one may be wrong. `nonce`: absent at a renewal.
 */
export async function claimsOf(
  provider: AuthorizationServer,
  client: Client,
  idToken: string,
  serverNow: number,
  nonce?: string,
): Promise<IDToken | undefined> {
  // If nobody says how ID tokens are signed, this one's algorithm counts. The signature is not what makes it
  // trustworthy: it came over TLS.
  const server = { ...algorithmOf(idToken), ...provider }
  const skewed = { [clockSkew]: skewOf(serverNow), ...client }
  // The library judges whole answers. The rest of this one is judged elsewhere.
  const body = JSON.stringify({ access_token: 'none', token_type: 'bearer', id_token: idToken })
  // Some browsers that pages support have no `Response.json`.
  const answer = new Response(body, { headers: { 'content-type': 'application/json' } })
  try {
    const judged =
      nonce === undefined
        ? await processRefreshTokenResponse(server, skewed, answer)
        : await processAuthorizationCodeResponse(server, skewed, answer, {
            expectedNonce: nonce,
            requireIdToken: true,
            // The library counts from the answer, and `isStepped` from the begin of the login.
            maxAge: skipAuthTimeCheck,
          })
    return getValidatedIdTokenClaims(judged)
  } catch {
    return undefined
  }
}

/** What a login asked for, and when. */
interface Asked {
  readonly acrValues?: readonly string[]
  readonly maxAge?: number | undefined
  readonly beganAt: number
}

/** A sign-in may be older than requested by this much, because clocks round seconds. */
const SLACK_MS = 5_000

/**
 * Whether the user has done what the login asked for (OpenID Connect Core section 3.1.2.1): one of the ways to sign in,
 * and not longer than `maxAge` before the begin of the login. Providers may leave both claims out, and a user may
 * remove both requests from the address.
 */
export function isStepped(
  claims: IDToken,
  { acrValues, maxAge, beganAt }: Asked,
  serverNow: number,
): boolean {
  if (acrValues && !acrValues.includes(String(claims.acr))) return false
  if (maxAge === undefined) return true
  const signedInAt = typeof claims.auth_time === 'number' ? claims.auth_time * 1000 : NaN
  const startedAt = serverNow - (systemClock.wall() - beganAt)
  return signedInAt >= startedAt - maxAge * 1000 - SLACK_MS && signedInAt <= serverNow + SLACK_MS
}
