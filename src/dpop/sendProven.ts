import { isDevelopment } from '#development'
import { Misconfigured } from '../base/errors.ts'
import { type Heard, nonceOf, type ProofError, type ProofKey, type Proven, type Prover } from './prover.ts'

/** The result of a request with a proof. */
export interface Sent {
  readonly answer: Response
  /** The last answer's error about the proof. */
  readonly error: ProofError | undefined
  readonly nonce: unknown
}

interface Sending {
  /** Sends once, with this proof. */
  send(proof: string): Promise<Response>
  /** The facts of an answer; `nonce`: that of its proof. */
  read(answer: Response, nonce: unknown, isFirst: boolean): Promise<Omit<Heard, 'headers'>>
  /** Whether it can be sent only once. */
  readonly isOneWay?: boolean
}

/**
 * Sends with a proof of the key. It sends once more if the answer shows which other proof would be accepted, and never
 * with the nonce that was just refused.
 */
export async function sendProven(
  prover: Prover,
  key: ProofKey,
  proven: Proven,
  { send, read, isOneWay = false }: Sending,
): Promise<Sent> {
  async function once(first?: Sent): Promise<Sent & { readonly isWorthAnother: boolean }> {
    const proof = await prover.prove(key, proven)
    const nonce = nonceOf(proof)
    if (first?.error === 'use_dpop_nonce' && nonce === first.nonce) return { ...first, isWorthAnother: false }
    const answer = await send(proof)
    const { headers } = answer
    const said = await read(answer, nonce, first === undefined)
    return {
      answer,
      nonce,
      error: said.error,
      isWorthAnother: prover.hear(proven, { ...said, headers }),
    }
  }

  const first = await once()
  return first.isWorthAnother && !isOneWay ? once(first) : first
}

/** What the embedder must correct if a server does not accept the proof. `who`: the server. */
export function problemOf(who: string, error: ProofError, headers: Headers): Misconfigured {
  if (error === 'invalid_dpop_proof')
    return new Misconfigured(
      `${who} refuses the DPoP proof${isDevelopment ? ': check the clock of this device. A page sees the clock of the server if Access-Control-Expose-Headers names Date' : ''}.`,
    )
  return new Misconfigured(
    headers.get('dpop-nonce') === null
      ? `${who} asks for a DPoP nonce, and this page cannot see it${isDevelopment ? ': name DPoP-Nonce in Access-Control-Expose-Headers (RFC 9449 section 8)' : ''}.`
      : `${who} refuses the DPoP nonce that it has sent, and asks for another.`,
  )
}
