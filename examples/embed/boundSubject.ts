import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, EmbeddedJWK, type JWK, jwtVerify } from 'jose'

/** What the provider knows of an access token. */
export interface KnownToken {
  readonly subject: string
  /** The thumbprint of the key that it is bound to; absent: of none. */
  readonly jkt?: string | undefined
}

/** A proof is good for a moment; seconds. */
const FRESH_SECONDS = 60

/**
 * Whose access token a request holds, if it proves the key that the token is bound to (RFC 9449 section 7.1); else why
 * not, for `WWW-Authenticate`. `seen` remembers the proofs of a while.
 */
export async function boundSubject(
  request: Request,
  url: string,
  known: (token: string) => Promise<KnownToken | undefined>,
  seen: Set<string>,
): Promise<{ readonly subject: string } | { readonly error: string }> {
  const [, token] = /^DPoP (\S+)$/i.exec(request.headers.get('authorization') ?? '') ?? []
  const found = token === undefined ? undefined : await known(token)
  if (token === undefined || !found) return { error: 'invalid_token' }
  try {
    const { payload, protectedHeader } = await jwtVerify(request.headers.get('dpop') ?? '', EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: ['ES256'],
      maxTokenAge: FRESH_SECONDS,
      clockTolerance: 5,
      requiredClaims: ['jti', 'htm', 'htu', 'ath'],
    })
    const { jti = '', htm, htu, ath } = payload
    const hash = createHash('sha256').update(token).digest('base64url')
    if (htm !== request.method || htu !== url || ath !== hash || seen.has(jti))
      return { error: 'invalid_dpop_proof' }
    seen.add(jti)
    const jkt = await calculateJwkThumbprint(protectedHeader.jwk as JWK)
    return jkt === found.jkt ? { subject: found.subject } : { error: 'invalid_token' }
  } catch {
    return { error: 'invalid_dpop_proof' }
  }
}
