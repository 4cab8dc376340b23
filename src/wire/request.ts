import { refusalOf, transport } from '#transport'
import { readAnswer } from './readAnswer.ts'
import type { WireAnswer } from './wireAnswer.ts'

export interface WireRequest {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: HeadersInit
  readonly body?: string
  /** The hard deadline of the attempt; covers headers and body. */
  readonly signal: AbortSignal
  /** Absent: the platform's own connection. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Whether a browser's cookie jar takes part. Default `omit`. */
  readonly credentials?: 'omit' | 'same-origin' | 'include'
}

/** A request without an answer. `refused`: no part of it can have been processed. */
export type WireFailure =
  | { readonly kind: 'refused'; readonly cause: 'network' | 'misconfigured' }
  | { readonly kind: 'unknown'; readonly cause: 'network' | 'timeout'; readonly answered: false }

export type WireResult = WireAnswer | WireFailure

/**
 * Sends once and reads the whole answer, limited in time and size. It never throws, never follows a redirect, and
 * passes nothing of a foreign error on, because engines quote bodies and header values in their messages.
 */
export async function request(call: WireRequest): Promise<WireResult> {
  const { url, method, body = null, signal, fetch, credentials = 'omit' } = call
  if (signal.aborted) return { kind: 'refused', cause: 'network' }
  let headers: Headers
  try {
    headers = new Headers(call.headers)
  } catch {
    return { kind: 'refused', cause: 'misconfigured' }
  }
  let stop = () => {}
  try {
    const init: RequestInit = {
      method,
      headers,
      body,
      signal,
      redirect: 'manual',
      cache: 'no-store',
      credentials,
    }
    let sent: Promise<Response>
    try {
      sent = transport(url, init, fetch)
    } catch {
      // A `fetch` that throws and returns no promise has sent nothing.
      return { kind: 'refused', cause: 'network' }
    }
    // This comes after `fetch`, because a transport that ends itself knows better why.
    const deadline = new Promise<never>((_, reject) => {
      stop = () => reject()
      signal.addEventListener('abort', stop)
    })
    // A later answer is cancelled.
    deadline.catch(() => sent.then((late) => late.body?.cancel())).catch(() => {})
    return await readAnswer(await Promise.race([sent, deadline]), signal)
  } catch (error) {
    const cause = refusalOf(error)
    if (cause) return { kind: 'refused', cause }
  } finally {
    signal.removeEventListener('abort', stop)
  }
  return { kind: 'unknown', cause: signal.aborted ? 'timeout' : 'network', answered: false }
}
