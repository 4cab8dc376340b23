import { isDevelopment } from '#development'
import { asksFor } from '../base/asksFor.ts'
import { Misconfigured, RefreshUnavailable, SessionExpired } from '../base/errors.ts'
import { discard, isOneWay, mayHaveBody } from '../base/requestBody.ts'
import type { BearerCall } from '../session/strategy.ts'
import type { Keys } from './keys.ts'
import type { ProofError, Prover } from './prover.ts'
import { problemOf, type Sent, sendProven } from './sendProven.ts'

/**
 * Sends the calls of `session.fetch` with a proof (RFC 9449 section 7). If the key of a session is lost, the session
 * ends without a request.
 */
export function createApiCalls(keys: Keys, prover: Prover) {
  /** For each origin, the token to which an API first answered a 401 without any reason that this page can read. */
  const wordless = new Map<string, string>()

  return async ({ target, init, bearer, keyId, fetch, end }: BearerCall): Promise<Response> => {
    const key = await keys.find(keyId).catch(() => {
      // A storage that does not answer now has lost nothing.
      throw new RefreshUnavailable(undefined)
    })
    if (!key) {
      end('keyLost')
      throw new SessionExpired('keyLost')
    }
    const isText = typeof target === 'string'
    const url = isText ? target : target.url
    const method = init.method ?? (isText ? 'GET' : target.method)
    const copy = () => (!isText && mayHaveBody(target) && !init.body ? target.clone() : target)
    let before: Response | undefined
    const sent = await sendProven(
      prover,
      key,
      { url, method, token: bearer },
      {
        async send(dpop) {
          if (before) discard(before)
          const headers = {
            ...(init.headers as Record<string, string>),
            authorization: `DPoP ${bearer}`,
            dpop,
          }
          before = await fetch(copy(), { ...init, headers })
          return before
        },
        read: async (answer, nonce, isFirst) => ({ error: errorOf(answer, nonce, isFirst) }),
        isOneWay: isOneWay(init.body),
      },
    )
    return told(sent, new URL(url).origin, bearer)
  }

  /** The answer, unless the page must learn more than it says. */
  function told({ answer, error }: Sent, origin: string, bearer: string): Response {
    const who = `The API at ${origin}`
    if (error === 'use_dpop_nonce') throw problemOf(who, error, answer.headers)
    if (!isWordless(answer)) {
      if (answer.status !== 401) wordless.delete(origin)
      return answer
    }
    // A token that has ended is renewed first.
    const before = wordless.get(origin)
    if (before !== undefined && before !== bearer)
      throw new Misconfigured(
        `${who} answers 401 to a new token, too, and this page sees neither its WWW-Authenticate nor its DPoP-Nonce.${isDevelopment ? ' If it asks for a nonce, name both in its Access-Control-Expose-Headers (RFC 9449 section 9).' : ''}`,
      )
    wordless.set(origin, bearer)
    return answer
  }
}

/** The errors of a resource about the proof (RFC 9449 sections 7.1 and 9). */
export function errorOf(answer: Response, nonce?: unknown, isFirst = false): ProofError | undefined {
  const { status, headers } = answer
  if (status !== 401) return undefined
  const told = headers.get('dpop-nonce')
  // A page may see a nonce without the reason for it.
  const isHint = isFirst && isSilent(answer) && told !== null && told !== nonce
  if (isHint || asksFor(answer, 'use_dpop_nonce')) return 'use_dpop_nonce'
  return asksFor(answer, 'invalid_dpop_proof') ? 'invalid_dpop_proof' : undefined
}

const isSilent = ({ headers }: Response) => headers.get('www-authenticate') === null

/** A 401 of another origin whose reason this page cannot read. */
const isWordless = (answer: Response) =>
  answer.status === 401 && isSilent(answer) && !answer.headers.has('dpop-nonce') && answer.type !== 'basic'
