import { parseJson } from '../base/json.ts'
import { request, type WireResult } from '../wire/request.ts'

/** How a call of the protocol is sent. */
export interface Line {
  /** The deadline. */
  readonly signal: AbortSignal
  /** Absent: the platform's own connection. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** One call that `oauth4webapi` builds, and its answer. */
export interface WireCall {
  fetch(
    url: string,
    init: { method: string; headers: Record<string, string>; body?: unknown },
  ): Promise<Response>
  /** The answer; `undefined` if nothing was sent. */
  result(): WireResult | undefined
}

/** Sends the requests of `oauth4webapi` with the deadline, the limits and the connection of every protocol call. */
export function wireCall({ signal, fetch }: Line): WireCall {
  let result: WireResult | undefined
  return {
    async fetch(url, { method, headers, body }) {
      result = await request({
        url,
        method: method === 'POST' ? 'POST' : 'GET',
        headers,
        ...(body == null ? {} : { body: String(body) }),
        signal,
        fetch,
      })
      if (result.kind !== 'answer') throw new Error(result.cause)
      const { status, text } = result
      const response = new Headers(result.headers)
      // The library checks the content type, but servers give metadata files any type.
      if (status === 200 && parseJson(text)) response.set('content-type', 'application/json')
      return new Response(text || null, { status, headers: response })
    },
    result: () => result,
  }
}
