import { createLocalJWKSet, createRemoteJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { type Clock, systemClock } from '../session/clock.ts'
import { Misconfigured } from '../session/errors.ts'
import type { BackChannelResult, BackChannelVerifier } from './backChannelVerifier.ts'

/** Whose logouts are believed. */
export interface BackChannelLogoutOptions {
  /** The identity provider, exactly as its tokens name it. */
  readonly issuer: string
  /** The backend's client id at the provider: the audience of its tokens. */
  readonly clientId: string
  /** The provider's keys: its `jwks_uri`, or the set itself. */
  readonly jwks: URL | JSONWebKeySet
  /** How old a token may be, and how far ahead its clock; milliseconds. @default 120_000 */
  readonly maxAgeMs?: number
  /** @default the platform's */
  readonly clock?: Clock
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** Signatures only: a MAC would be made with a secret that the page's backend shares, `none` by anybody. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
const MAX_BYTES = 16_384
/** Far more than a provider sends in the life of a token. */
const MAX_SEEN = 100_000

/**
 * Judges logout tokens (OpenID Connect Back-Channel Logout 1.0, section 2.6): signature, issuer, audience, age, the
 * event, no nonce, a subject or a session, and each token once. Sessions are found by the subject: the backend keeps
 * the provider's session id to itself, so a token with nothing but `sid` ends none.
 */
export function backChannelLogout(options: BackChannelLogoutOptions): BackChannelVerifier {
  const { issuer, clientId, jwks, maxAgeMs = 120_000, clock = systemClock } = options
  if (!issuer || !clientId) throw new Misconfigured('Options "issuer" and "clientId" must be given.')
  if (!(maxAgeMs > 0)) throw new Misconfigured('Option "maxAgeMs" must be milliseconds above 0.')
  const keys = jwks instanceof URL ? createRemoteJWKSet(jwks) : createLocalJWKSet(jwks)
  /** Tokens that were used, until when they could be used again. */
  const seen = new Map<string, number>()

  return async (request): Promise<BackChannelResult> => {
    const token = await tokenOf(request)
    if (token === undefined) return refuse('not a form with one logout_token')
    const now = clock.wall()
    let claims: Awaited<ReturnType<typeof jwtVerify>>['payload']
    try {
      const verified = await jwtVerify(token, keys, {
        issuer,
        audience: clientId,
        algorithms: ALGORITHMS,
        clockTolerance: maxAgeMs / 1000,
        currentDate: new Date(now),
        requiredClaims: ['iat', 'jti', 'events'],
      })
      claims = verified.payload
    } catch {
      // What the library says may quote the token.
      return refuse('signature, issuer, audience or age')
    }
    const { iat = 0, jti, sub, sid, events, nonce } = claims
    if (Math.abs(now - iat * 1000) > maxAgeMs) return refuse('too old, or of the future')
    const event = (events as Record<string, unknown> | null)?.[EVENT]
    if (typeof event !== 'object' || event === null) return refuse('not a logout event')
    if (nonce !== undefined) return refuse('an ID token has a nonce, a logout token has none')
    if (typeof sub !== 'string' && typeof sid !== 'string') return refuse('neither sub nor sid')
    if (typeof jti !== 'string' || isReplayed(jti, now)) return refuse('used before')
    return {
      ok: true,
      ...(typeof sub === 'string' && { subject: sub }),
      ...(typeof sid === 'string' && { sid }),
      forget: () => void seen.delete(jti),
    }
  }

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

const refuse = (reason: string): BackChannelResult => ({ ok: false, reason })

async function tokenOf(request: Request): Promise<string | undefined> {
  if (request.method !== 'POST') return undefined
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.headers.get('content-type') ?? ''))
    return undefined
  const reader = request.body?.getReader()
  let text = ''
  const decoder = new TextDecoder()
  for (;;) {
    const chunk = await reader?.read()
    if (!chunk || chunk.done) break
    text += decoder.decode(chunk.value, { stream: true })
    if (text.length > MAX_BYTES) {
      await reader?.cancel()
      return undefined
    }
  }
  const tokens = new URLSearchParams(text).getAll('logout_token')
  return tokens.length === 1 ? tokens[0] : undefined
}
