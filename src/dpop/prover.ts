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
import { skewOf } from '../base/skewOf.ts'
import { parseHttpDate } from '../wire/httpDate.ts'

/** A key to which tokens are bound. */
export interface ProofKey {
  /** Its name: the thumbprint (RFC 7638), and whether it belongs to this tab alone. */
  readonly id: string
  /** Makes proofs for the authorization server. */
  readonly grants: DPoPHandle
  /** Makes proofs for resources. */
  readonly resources: DPoPHandle
}

/** The request of a proof. */
export interface Proven {
  readonly url: string
  readonly method: string
  /** The token for a resource; absent: the request goes to the authorization server. */
  readonly token?: string | undefined
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

/** The facts that servers reveal about proofs: a nonce for each server, and the time. */
export function createProver(client: Client) {
  /** How far the clock of the authorization server is ahead of ours; seconds. */
  let skew = 0
  /** The newest nonce of each server. An authorization server and a resource of one origin have different ones. */
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
    async keyOf(keys: CryptoKeyPair, prefix = ''): Promise<ProofKey> {
      const grants = handleOf(keys, false)
      return { id: prefix + (await grants.calculateThumbprint()), grants, resources: handleOf(keys, true) }
    },

    /** A proof, with the present facts of servers: for a request that the library builds and that is not sent. */
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

    /** Learns from an answer of any status (RFC 9449 section 8.2). Returns whether another proof may be accepted. */
    hear({ url, token }: Proven, heard: Heard): boolean {
      const { headers, error } = heard
      const isResource = token !== undefined
      const nonce = headers.get('dpop-nonce')
      if (nonce) nonces.set(serverOf(url, isResource), nonce)
      // A resource's clock does not decide about grants.
      const isOtherTime = (!isResource || error === 'invalid_dpop_proof') && learnTime(heard)
      return error === 'use_dpop_nonce' ? nonce !== null : error !== undefined && isOtherTime
    },
  }
}

export type Prover = ReturnType<typeof createProver>

/** The nonce in the proof. */
export const nonceOf = (proof: string): unknown => jwtClaims(proof).nonce
