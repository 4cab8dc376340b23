import {
  type AuthorizationServer,
  type Client,
  clockSkew,
  getValidatedIdTokenClaims,
  type IDToken,
  processAuthorizationCodeResponse,
} from 'oauth4webapi'
import type { UserDocument } from '../../machines/session.types.ts'
import { systemClock } from '../base/clock.ts'
import { jwtClaims } from '../base/jwtClaims.ts'
import { parseHttpDate } from '../wire/headers.ts'

/** What a token says of itself; the rest is about the user. */
const OF_TOKEN = 'iss sub aud exp nbf iat jti nonce at_hash c_hash s_hash azp auth_time acr amr sid'.split(
  ' ',
)

/** Whom an ID token is about: its claims (OpenID Connect Core section 5.1), the standard ones under our names. */
export function userOf({
  sub,
  preferred_username: username,
  picture: avatar,
  email_verified: verified,
  ...claims
}: IDToken): UserDocument {
  // A boolean, which some providers write as a text; anything else says nothing.
  const isSaid = /^(true|false)$/.test(String(verified))
  const email_verified = isSaid ? String(verified) === 'true' : undefined
  const own = Object.entries({ ...claims, username, avatar, email_verified }).filter(
    ([name, value]) => !OF_TOKEN.includes(name) && value !== undefined && value !== '',
  )
  return { ...Object.fromEntries(own), id: sub }
}

/** The algorithm that signed a token, by its header; `undefined`: it has none. */
function algOf(token: string | undefined): unknown {
  try {
    const header = `${token}`.split('.', 1)[0]?.replace(/-/g, '+').replace(/_/g, '/') ?? ''
    return JSON.parse(atob(header)).alg
  } catch {
    return undefined
  }
}

/** How an ID token says that it is signed, as metadata. */
export function algorithmOf(
  token: string | undefined,
): Pick<AuthorizationServer, 'id_token_signing_alg_values_supported'> {
  const alg = algOf(token)
  return typeof alg === 'string' ? { id_token_signing_alg_values_supported: [alg] } : {}
}

/**
 * Whether a token says that another issuer made it, or that it is for others alone. At a renewal both have to be those of the
 * login (OpenID Connect Core section 12.2). A token that says neither is none.
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
 * Whether `hash` is the left half of the hash of `accessToken` (OpenID Connect Core section 3.1.3.6), by the hash of the
 * algorithm that signed the ID token. True where nobody says which hash that is: the claim is optional in the code flow.
 */
export async function isHashOf(hash: string, accessToken: string, idToken: string): Promise<boolean> {
  const alg = String(algOf(idToken))
  const bits = /^(?:EdDSA|Ed25519)$/.test(alg) ? '512' : /(256|384|512)$/.exec(alg)?.[1]
  if (bits === undefined) return true
  const digest = await crypto.subtle.digest(`SHA-${bits}`, new TextEncoder().encode(accessToken))
  const half = new Uint8Array(digest, 0, digest.byteLength / 2)
  const text = btoa(String.fromCharCode(...half))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=/g, '')
  return text === hash
}

/**
 * The provider's clock at an answer: its `Date`, which a page of another origin does not see; else the instant at which
 * the ID token in the answer was made; else ours. Milliseconds since the Unix epoch.
 */
export function providerNow(headers: Headers, idToken: string | undefined): number {
  const { iat } = jwtClaims(`${idToken}`)
  return parseHttpDate(headers.get('date')) ?? (typeof iat === 'number' ? iat * 1000 : systemClock.wall())
}

/** What the library is to add to our clock; seconds. */
export const skewOf = (serverNow: number) => Math.round((serverNow - systemClock.wall()) / 1000)

/**
 * The claims of an ID token that is good: issuer, audience, nonce, time (OpenID Connect Core section 3.1.3.7), judged by
 * the provider's clock.
 */
export async function claimsOf(
  provider: AuthorizationServer,
  client: Client,
  nonce: string,
  answer: object & { readonly id_token?: string },
  serverNow: number,
): Promise<IDToken | undefined> {
  try {
    const judged = await processAuthorizationCodeResponse(
      { ...algorithmOf(answer.id_token), ...provider },
      { [clockSkew]: skewOf(serverNow), ...client },
      // `Response.json` is younger than the browsers that pages meet.
      new Response(JSON.stringify({ ...answer, token_type: 'bearer' }), {
        headers: { 'content-type': 'application/json' },
      }),
      { expectedNonce: nonce, requireIdToken: true },
    )
    return getValidatedIdTokenClaims(judged)
  } catch {
    return undefined
  }
}

/** What a login asked for, and when. */
interface Asked {
  readonly acrValues?: readonly string[]
  readonly maxAge?: number
  readonly beganAt: number
}

/** A sign-in may be older than it was asked to be by this much: seconds of clocks are rounded. */
const SLACK_MS = 5_000

/**
 * Whether the user has done what was asked for (OpenID Connect Core section 3.1.2.1): one of the ways to sign in, and
 * not longer ago than `maxAge` when the login began. Providers leave both out, or a user takes them out of the address.
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
