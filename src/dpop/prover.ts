import { base64url } from '../base/base64url.ts'
import { systemClock } from '../base/clock.ts'
import { jwtClaims } from '../base/jwtClaims.ts'
import { randomId } from '../base/randomId.ts'
import { skewOf } from '../base/skewOf.ts'
import { parseHttpDate } from '../wire/httpDate.ts'

/** A key to which tokens are bound. */
export interface ProofKey {
  /** Its name: the thumbprint (RFC 7638), and whether it belongs to this tab alone. */
  readonly id: string
  readonly privateKey: CryptoKey
  /** The public key, for the header of a proof. */
  readonly jwk: JsonWebKey
}

/** The request of a proof. */
export interface Proven {
  readonly url: string
  readonly method: string
  /** The token for a resource; absent: the request goes to the authorization server. */
  readonly token?: string | undefined
}

/** A proof, and the nonce in it. */
export interface Proof {
  readonly text: string
  readonly nonce: string | undefined
}

/** RFC 9449 sections 5, 7.1, 8 and 9. */
export type ProofError = 'use_dpop_nonce' | 'invalid_dpop_proof'

/** The answer. */
export interface Heard {
  readonly headers: Headers
  /** The answer's error about the proof. */
  readonly error: ProofError | undefined
  /** The ID token in the answer. */
  readonly idToken?: unknown
}

/** ECDSA with P-256 and SHA-256 (RFC 7518 section 3.4), which every browser and every server with DPoP has. */
const ES256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** A new key. Its private half cannot be read. Rejects without WebCrypto. */
export async function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ES256, false, ['sign', 'verify'])
}

/** The key in its form for proofs. */
export async function proofKeyOf({ privateKey, publicKey }: CryptoKeyPair, prefix = ''): Promise<ProofKey> {
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', publicKey)
  // The order is that of RFC 7638 section 3.3.
  const jwk = { crv, kty, x, y } as JsonWebKey
  return { id: prefix + (await hashOf(JSON.stringify(jwk))), privateKey, jwk }
}

/** The facts that servers reveal about proofs: a nonce for each server, and the time. */
export function createProver() {
  /** How far the clock of the authorization server is ahead of ours; seconds. */
  let skew = 0
  /** The newest nonce of each server. An authorization server and a resource of one origin have different ones. */
  const nonces = new Map<string, string>()
  const serverOf = ({ url, token }: Proven) => `${token !== undefined} ${new URL(url).origin}`

  /** Whether proofs have another date from now on. */
  function learnTime({ headers, error, idToken }: Heard): boolean {
    const { iat } = jwtClaims(`${idToken}`)
    const at = parseHttpDate(headers.get('date')) ?? (typeof iat === 'number' ? iat * 1000 : undefined)
    const before = skew
    if (at !== undefined) skew = skewOf(at)
    // The facts may be old, from before our clock was set.
    else if (error === 'invalid_dpop_proof') skew = 0
    return Math.abs(skew - before) > 1
  }

  return {
    /** A proof with the present facts of servers (RFC 9449 section 4.2). */
    async prove({ privateKey, jwk }: ProofKey, proven: Proven): Promise<Proof> {
      const { origin, pathname } = new URL(proven.url)
      const nonce = nonces.get(serverOf(proven))
      const payload = {
        jti: randomId(),
        htm: proven.method.toUpperCase(),
        htu: origin + pathname,
        iat: Math.floor(systemClock.wall() / 1000) + skew,
        nonce,
        ...(proven.token !== undefined && { ath: await hashOf(proven.token) }),
      }
      const signed = `${jsonPart({ alg: 'ES256', typ: 'dpop+jwt', jwk })}.${jsonPart(payload)}`
      const signature = await crypto.subtle.sign(ES256, privateKey, bytesOf(signed))
      return { text: `${signed}.${base64url(new Uint8Array(signature))}`, nonce }
    },

    /** Learns from an answer of any status (RFC 9449 section 8.2). Returns whether another proof may be accepted. */
    hear(proven: Proven, heard: Heard): boolean {
      const { headers, error } = heard
      const nonce = headers.get('dpop-nonce')
      if (nonce) nonces.set(serverOf(proven), nonce)
      // A resource's clock does not decide about grants.
      const isOtherTime = (proven.token === undefined || error === 'invalid_dpop_proof') && learnTime(heard)
      return error === 'use_dpop_nonce' ? nonce !== null : error !== undefined && isOtherTime
    },
  }
}

export type Prover = ReturnType<typeof createProver>

const bytesOf = (text: string) => new TextEncoder().encode(text)

const jsonPart = (part: object) => base64url(bytesOf(JSON.stringify(part)))

const hashOf = async (text: string) =>
  base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytesOf(text))))
