import {
  allowInsecureRequests,
  type Client,
  customFetch,
  DPoP,
  type DPoPHandle,
  modifyAssertion,
  protectedResourceRequest,
} from 'oauth4webapi'
import { jwtClaims } from '../base/jwtClaims.ts'
import { skewOf } from '../oauth/idToken.ts'
import { parseHttpDate } from '../wire/headers.ts'

/** A key that tokens are bound to. */
export interface ProofKey {
  /** Its name: the thumbprint (RFC 7638), and whether it is this tab's alone. */
  readonly id: string
  /** Makes proofs for the authorization server. */
  readonly grants: DPoPHandle
  /** Makes proofs for resources. */
  readonly resources: DPoPHandle
}

/** What a proof is made for. */
export interface Proven {
  readonly url: string
  readonly method: string
  /** The token that goes along to a resource; absent: the authorization server is asked. */
  readonly token?: string | undefined
}

/** RFC 9449 sections 5, 7.1, 8 and 9. */
export type ProofError = 'use_dpop_nonce' | 'invalid_dpop_proof'

/** What came back. */
export interface Heard {
  readonly headers: Headers
  /** How the answer calls what is wrong with the proof. */
  readonly error: ProofError | undefined
  /** The ID token in the answer. */
  readonly idToken?: unknown
}

/** What servers have told about proofs: their nonces, each its own, and how late it is. */
export function createProver(client: Client) {
  /** How far the clock of the authorization server is before ours; seconds. */
  let skew = 0
  /** The newest nonce of each server. An authorization server and a resource of one origin have each their own. */
  const nonces = new Map<string, string>()
  const serverOf = (url: unknown, isResource: boolean) => `${isResource} ${new URL(`${url}`).origin}`

  const handleOf = (keys: CryptoKeyPair, isResource: boolean) =>
    DPoP(client, keys, {
      [modifyAssertion](_, payload) {
        payload.iat = Number(payload.iat) + skew
        payload.nonce = nonces.get(serverOf(payload.htu, isResource)) as string
        if (!isResource) delete payload.ath
      },
    })

  /** Whether proofs are dated otherwise from now on. */
  function learnTime({ headers, error, idToken }: Heard): boolean {
    const { iat } = jwtClaims(`${idToken}`)
    const at = parseHttpDate(headers.get('date')) ?? (typeof iat === 'number' ? iat * 1000 : undefined)
    const before = skew
    if (at !== undefined) skew = skewOf(at)
    // What was learned may be of another day, before somebody set our clock.
    else if (error === 'invalid_dpop_proof') skew = 0
    return Math.abs(skew - before) > 1
  }

  return {
    async keyOf(keys: CryptoKeyPair, prefix = ''): Promise<ProofKey> {
      const grants = handleOf(keys, false)
      return { id: prefix + (await grants.calculateThumbprint()), grants, resources: handleOf(keys, true) }
    },

    /** A proof, with what servers have told by then: that of a request which the library builds, and nobody sends. */
    async prove({ grants, resources }: ProofKey, { url, method, token }: Proven): Promise<string> {
      let proof = ''
      await protectedResourceRequest(token ?? 'none', method, new URL(url), undefined, null, {
        DPoP: token === undefined ? grants : resources,
        [allowInsecureRequests]: true,
        async [customFetch](_, { headers }) {
          proof = `${headers.dpop}`
          return new Response()
        },
      })
      return proof
    },

    /** Learns from an answer, of whatever status (RFC 9449 section 8.2). Answers whether another proof may be taken. */
    hear({ url, token }: Proven, heard: Heard): boolean {
      const { headers, error } = heard
      const isResource = token !== undefined
      const nonce = headers.get('dpop-nonce')
      if (nonce) nonces.set(serverOf(url, isResource), nonce)
      // The clock of a resource is not the one that grants.
      const isOtherTime = (!isResource || error === 'invalid_dpop_proof') && learnTime(heard)
      return error === 'use_dpop_nonce' ? nonce !== null : error !== undefined && isOtherTime
    },
  }
}

export type Prover = ReturnType<typeof createProver>

/** The nonce that a proof carries. */
export const nonceOf = (proof: string): unknown => jwtClaims(proof).nonce
