import type { Duplex } from 'node:stream'
import type { BodyLimits } from '../base/bodyLimits.ts'

/** A connection to a backend after a change of the protocol. */
export interface Switched {
  readonly socket: Duplex
  /** The bytes that the backend has sent already. */
  readonly head: Uint8Array
  readonly limits: BodyLimits
}

const connections = new WeakMap<Response, Switched>()

/** The answer 101, which no `Response` can have: its status is 200 here, and its connection belongs to it. */
export function switchedResponse(headers: Readonly<Record<string, string>>, connection: Switched): Response {
  const response = new Response(null, { statusText: 'Switching Protocols', headers: { ...headers } })
  connections.set(response, connection)
  return response
}

export const switchedOf = (response: Response): Switched | undefined => connections.get(response)
