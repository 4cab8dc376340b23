import { allowInsecureRequests, customFetch } from 'oauth4webapi'
import { parseJson } from '../base/json.ts'
import { request, type WireResult } from '../wire/request.ts'
import type { Line } from './line.ts'

/** The options of `oauth4webapi` for one call. */
export interface Through {
  [customFetch](
    url: string,
    init: { method: string; headers: Record<string, string>; body?: unknown },
  ): Promise<Response>
  readonly [allowInsecureRequests]: boolean
}

/** One call of the protocol. */
export interface Called<Made> {
  /** What the library made of the answer; `undefined`: it refuses the answer, or there is none. */
  readonly made?: Made
  /** The answer; `undefined`: nothing could be sent, because an endpoint is missing or may not be called. */
  readonly result: WireResult | undefined
}

/** Sends a request of `oauth4webapi` with the deadline, the limits and the connection of every protocol call. */
export async function wireCall<Made>(
  { signal, fetch }: Line,
  isInsecure: boolean,
  step: (through: Through) => Promise<Made>,
): Promise<Called<Made>> {
  let result: WireResult | undefined
  const through: Through = {
    [allowInsecureRequests]: isInsecure,
    async [customFetch](url, { method, headers, body }) {
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
  }
  try {
    const made = await step(through)
    return { made, result }
  } catch {
    return { result }
  }
}
