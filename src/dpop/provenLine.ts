import { transport } from '#transport'
import { parseJson } from '../base/json.ts'
import type { GrantedTokens } from '../oauth/codeGrant.ts'
import type { Line } from '../oauth/line.ts'
import { readAnswer } from '../wire/readAnswer.ts'
import { errorOf } from './apiCalls.ts'
import type { Heard, ProofKey, Prover } from './prover.ts'
import { problemOf, sendProven } from './sendProven.ts'

/** Facts that the answers of a call do not show. */
export interface Finding {
  /** The authorization server refused the proof; the token or the code is unspent (RFC 9449 sections 5 and 8). */
  problem?: Error | undefined
  /** The tokens of an answer that are not bound to the key. */
  unbound?: GrantedTokens | undefined
  /** Whether anything was sent. */
  isSent?: boolean
}

/**
 * The line of one call of the protocol, with a proof of the key on every request for a grant and every request with a
 * token (RFC 9449 sections 5, 7 and 10.1). A grant counts only if it is bound to the key. `found` receives the facts
 * that the answers do not show.
 */
export function provenLine<L extends Line>(
  line: L,
  prover: Prover,
  key: ProofKey,
  who: string,
  found: Finding,
): L {
  async function fetch(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    const url = String(input)
    const { method = 'GET' } = init
    const given = new Headers(init.headers)
    const [, token] = /^Bearer (.+)$/.exec(String(given.get('authorization'))) ?? []
    const send = (headers: HeadersInit) => {
      const sending = transport(url, { ...init, headers }, line.fetch)
      found.isSent = true
      return sending
    }
    // The metadata are public.
    if (method !== 'POST' && token === undefined) return send(given)
    let body: Record<string, unknown> = {}
    const { answer, error } = await sendProven(
      prover,
      key,
      { url, method, token },
      {
        send(dpop) {
          const headers = new Headers(given)
          headers.set('dpop', dpop)
          if (token !== undefined) headers.set('authorization', `DPoP ${token}`)
          return send(headers)
        },
        async read(answer, nonce, isFirst): Promise<Omit<Heard, 'headers'>> {
          if (token !== undefined) return { error: errorOf(answer, nonce, isFirst) }
          body = await bodyOf(answer.clone(), line.signal)
          return { error: proofErrorOf(body.error), idToken: body.id_token }
        },
      },
    )
    if (token !== undefined) return answer
    found.problem = error && problemOf(who, error, answer.headers)
    return granted(answer, body, found)
  }
  return { ...line, fetch }
}

/**
 * An answer in the form for the other code: a token that is bound to the key is a bearer there, and any other is none.
 */
function granted(answer: Response, body: Record<string, unknown>, found: Finding): Response {
  const { access_token: token, refresh_token: refreshToken, token_type: type } = body
  // If somebody followed a redirect, the answer is not the provider's.
  if (typeof token !== 'string' || answer.redirected) return answer
  const isBound = /^dpop$/i.test(String(type).trim())
  found.unbound = isBound ? undefined : { token, ...(typeof refreshToken === 'string' && { refreshToken }) }
  const { access_token: _, ...rest } = body
  const { status } = answer
  const headers = new Headers(answer.headers)
  // The ID token of the unchanged body.
  for (const name of ['content-encoding', 'content-length']) headers.delete(name)
  return new Response(JSON.stringify(isBound ? { ...body, token_type: 'Bearer' } : rest), { status, headers })
}

async function bodyOf(answer: Response, signal: AbortSignal): Promise<Record<string, unknown>> {
  const { text } = await readAnswer(answer, signal)
  const body = parseJson(text)?.value
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
}

const proofErrorOf = (error: unknown) =>
  error === 'use_dpop_nonce' || error === 'invalid_dpop_proof' ? error : undefined
