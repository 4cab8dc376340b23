import { parseJson } from '../base/json.ts'
import { request, type WireResult } from '../wire/request.ts'

/** How a call of the protocol goes out. */
export interface Line {
  /** The deadline. */
  readonly signal: AbortSignal
  /** Absent: the platform's own connection. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** One call that `oauth4webapi` builds, and what came back. */
export interface WireCall {
  fetch(
    url: string,
    init: { method: string; headers: Record<string, string>; body?: unknown },
  ): Promise<Response>
  /** What came back; `undefined` if nothing was sent. */
  result(): WireResult | undefined
}

/** Sends what `oauth4webapi` builds with the deadline, the limits and the connection of every protocol call. */
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
      // The library goes by the type; metadata are files, which servers call what they like.
      if (status === 200 && parseJson(text)) response.set('content-type', 'application/json')
      return new Response(text || null, { status, headers: response })
    },
    result: () => result,
  }
}
