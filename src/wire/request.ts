import { transport } from '#transport'
import { failureOf, lost, unreachable, unusable, type WireFailure } from './failure.ts'

/** Decoded bytes of an answer that are read at most. */
const MAX_BODY_BYTES = 65_536

export interface WireRequest {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: HeadersInit
  readonly body?: string
  /** The hard deadline of the attempt; covers headers and body. */
  readonly signal: AbortSignal
  /** Absent: the platform's transport. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Whether a browser's cookie jar takes part. Default `omit`. */
  readonly credentials?: 'omit' | 'include'
}

/** An answer whose headers arrived. */
export interface WireAnswer {
  readonly kind: 'answer'
  /** `0` for a redirect that a browser hides. */
  readonly status: number
  readonly headers: Headers
  /** Somebody followed a redirect although that was forbidden: the answer is not the backend's. */
  readonly redirected: boolean
  /** The body, without a byte order mark; empty if there is a `fault`. */
  readonly text: string
  /** Why the body is not whole. `content`: it is not UTF-8. */
  readonly fault?: 'timeout' | 'network' | 'size' | 'content'
}

export type WireResult = WireAnswer | WireFailure

/**
 * Sends once and reads the whole answer, bounded in time and size. Never throws, never follows a redirect,
 * and hands on nothing of a foreign error: engines quote bodies and header values in their messages.
 */
export async function request(call: WireRequest): Promise<WireResult> {
  const { signal, fetch = transport } = call
  if (signal.aborted) return unreachable
  let headers: Headers
  try {
    headers = new Headers(call.headers)
  } catch {
    return unusable
  }
  let stop = () => {}
  try {
    const response = fetch(call.url, {
      method: call.method,
      headers,
      ...(call.body === undefined ? {} : { body: call.body }),
      signal,
      redirect: 'manual',
      cache: 'no-store',
      credentials: call.credentials ?? 'omit',
    })
    // After `fetch`: a transport that ends itself knows more about why than this does.
    const deadline = new Promise<'late'>((resolve) => {
      stop = () => resolve('late')
      signal.addEventListener('abort', stop)
    })
    const answer = await Promise.race([response, deadline])
    if (answer !== 'late') return await read(answer, deadline, signal)
    response.then(discard, () => {})
    return { kind: 'unknown', cause: 'timeout', answered: false }
  } catch (error) {
    const failure = failureOf(error)
    return failure === lost && signal.aborted
      ? { kind: 'unknown', cause: 'timeout', answered: false }
      : failure
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function read(response: Response, deadline: Promise<'late'>, signal: AbortSignal): Promise<WireAnswer> {
  const { status, headers, redirected } = response
  const answer = {
    kind: 'answer',
    status,
    headers,
    redirected,
    text: '',
  } as const
  const reader = response.body?.getReader()
  if (!reader) return answer
  const bytes = new Uint8Array(MAX_BODY_BYTES)
  let length = 0
  let fault: WireAnswer['fault']
  try {
    for (;;) {
      const chunk = await Promise.race([reader.read(), deadline])
      if (chunk === 'late') {
        fault = 'timeout'
        break
      }
      if (chunk.done) break
      if (length + chunk.value.length > MAX_BODY_BYTES) {
        fault = 'size'
        break
      }
      bytes.set(chunk.value, length)
      length += chunk.value.length
    }
  } catch {
    fault = signal.aborted ? 'timeout' : 'network'
  }
  if (fault) {
    reader.cancel().catch(() => {})
    return { ...answer, fault }
  }
  try {
    return {
      ...answer,
      text: new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length)),
    }
  } catch {
    return { ...answer, fault: 'content' }
  }
}

function discard(response: Response): void {
  response.body?.cancel().catch(() => {})
}
