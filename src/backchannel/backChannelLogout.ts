import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { type Clock, systemClock } from '../base/clock.ts'
import { Misconfigured } from '../base/errors.ts'
import { optionsOf } from '../base/optionsOf.ts'
import { whereFrom } from '../base/whereFrom.ts'
import type { BackChannelResult, BackChannelVerifier } from '../server/backChannelVerifier.ts'
import { isPlainHttp, plainHttpWarning } from '../server/plainHttp.ts'
import { mediaTypeOf } from '../wire/mediaType.ts'
import { KeysUnavailable, providerKeys } from './providerKeys.ts'

/** The provider whose logouts are accepted. */
export interface BackChannelLogoutOptions {
  /** The identity provider, exactly as its tokens name it. */
  readonly issuer: string
  /** The backend's client id at the provider: the audience of its tokens. */
  readonly clientId: string
  /** The provider's keys: its `jwks_uri`, or the set itself. */
  readonly jwks: URL | JSONWebKeySet
  /**
   * Whether a token must say when it ends (section 2.4). Use `false` for Ory Hydra 2.3, whose tokens do not; then
   * `maxAgeMs` limits them. @default true
   */
  readonly requiresExp?: boolean
  /** How old a token may be, and how far ahead its clock; milliseconds. @default 120_000 */
  readonly maxAgeMs?: number
  /** @default the platform's */
  readonly clock?: Clock
  /** Reads the keys. @default the platform's */
  readonly fetch?: typeof globalThis.fetch
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** Only signatures: the page's backend shares the secret of a MAC, and anybody can make `none`. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
/** Far more than a provider sends during the life of a token. */
const MAX_SEEN = 100_000

/**
 * Checks logout tokens (OpenID Connect Back-Channel Logout 1.0, sections 2.4 to 2.6): type, signature, issuer,
 * audience, age, end, the event, no nonce, a subject or a session, and that each token is used once. It uses the last
 * keys of the provider, also while the provider is away. If the provider never gave any keys, the token cannot be
 * checked, and the provider must send it again.
 *
 * @example
 * const librechat = librechatLogin({
 *   baseUrl: 'http://librechat:3080',
 *   backChannelLogout: backChannelLogout({
 *     issuer: 'https://id.example.com/realms/staff',
 *     clientId: 'librechat',
 *     jwks: new URL('https://id.example.com/realms/staff/protocol/openid-connect/certs'),
 *   }),
 * })
 */
export function backChannelLogout(options: BackChannelLogoutOptions): BackChannelVerifier {
  const {
    issuer,
    clientId,
    jwks,
    requiresExp = true,
    maxAgeMs = 120_000,
    clock = systemClock,
    fetch = globalThis.fetch,
  } = optionsOf('backChannelLogout', options)
  if (!issuer || !clientId)
    throw new Misconfigured(
      `backChannelLogout: \`issuer\` and \`clientId\` must be given.${whereFrom(issuer && clientId)}`,
    )
  if (!(jwks instanceof URL) && !Array.isArray(jwks?.keys))
    throw new Misconfigured(
      'backChannelLogout: `jwks` must be the address of the keys of the provider, as a URL, or the keys themselves.',
    )
  if (!(maxAgeMs > 0)) throw new Misconfigured('Option "maxAgeMs" must be milliseconds above 0.')
  if (jwks instanceof URL && isPlainHttp(jwks)) console.warn(plainHttpWarning('jwks'))
  const keys = jwks instanceof URL ? providerKeys(jwks, clock, fetch) : createLocalJWKSet(jwks)
  /** The used tokens, until they expire. */
  const seen = new Map<string, number>()

  async function verify(request: Request): Promise<BackChannelResult> {
    const token = await tokenOf(request)
    if (token === undefined) return refuse('not a form with one logout_token')
    const now = clock.wall()
    let verified: Awaited<ReturnType<typeof jwtVerify>>
    try {
      verified = await jwtVerify(token, keys, {
        issuer,
        audience: clientId,
        algorithms: ALGORITHMS,
        clockTolerance: maxAgeMs / 1000,
        currentDate: new Date(now),
        requiredClaims: ['iat', 'jti', 'events', ...(requiresExp ? ['exp'] : [])],
      })
    } catch (error) {
      if (error instanceof KeysUnavailable)
        return { ...refuse('no keys to judge it by'), isUnavailable: true }
      // The library's message may quote the token.
      return refuse('signature, issuer, audience, age or end')
    }
    if (!isLogoutType(verified.protectedHeader.typ)) return refuse('another type of token')
    const { iat = 0, jti, sub, sid, events, nonce } = verified.payload
    if (Math.abs(now - iat * 1000) > maxAgeMs) return refuse('too old, or of the future')
    const event = (events as Record<string, unknown> | null)?.[EVENT]
    if (typeof event !== 'object' || event === null) return refuse('not a logout event')
    if (nonce !== undefined) return refuse('an ID token has a nonce, a logout token has none')
    if (!isName(sub) || !isName(sid) || (sub ?? sid) === undefined)
      return refuse('no sub or sid to find sessions by')
    if (typeof jti !== 'string' || isReplayed(jti, now)) return refuse('used before')
    return {
      ok: true,
      ...(sub !== undefined && { sub }),
      ...(sid !== undefined && { sid }),
      issuedAt: iat * 1_000,
      forget: () => void seen.delete(jti),
    }
  }

  return Object.assign(verify, { issuer })

  function isReplayed(jti: string, now: number): boolean {
    for (const [old, until] of seen) {
      if (until > now && seen.size < MAX_SEEN) break
      seen.delete(old)
    }
    if (seen.has(jti)) return true
    seen.set(jti, now + 2 * maxAgeMs)
    return false
  }
}

/**
 * A type is recommended, not required (section 2.4). `JWT` means the same as no type, and some providers send it. Any
 * other type is a token for another purpose.
 */
const isLogoutType = (typ: string | undefined) =>
  typ === undefined || /^((application\/)?logout\+jwt|JWT)$/i.test(typ)

const isName = (value: unknown): value is string | undefined =>
  value === undefined || (typeof value === 'string' && value !== '')

const refuse = (reason: string) => ({ ok: false, reason }) as const

async function tokenOf(request: Request): Promise<string | undefined> {
  if (request.method !== 'POST') return undefined
  if (mediaTypeOf(request.headers) !== 'application/x-www-form-urlencoded') return undefined
  // Limited in size: the server has read the body before.
  const tokens = new URLSearchParams(await request.text()).getAll('logout_token')
  return tokens.length === 1 ? tokens[0] : undefined
}
