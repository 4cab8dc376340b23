import type { Duplex } from 'node:stream'
import type { BodyLimits } from '../base/bodyLimits.ts'

/** A connection to a backend that speaks another protocol from now on. */
export interface Switched {
  readonly socket: Duplex
  /** What the backend has said already. */
  readonly head: Uint8Array
  readonly limits: BodyLimits
}

const connections = new WeakMap<Response, Switched>()

/** The answer 101, which no `Response` can have: its status is 200, and its connection goes with it. */
export function switchedResponse(headers: Readonly<Record<string, string>>, connection: Switched): Response {
  const response = new Response(null, { statusText: 'Switching Protocols', headers: { ...headers } })
  connections.set(response, connection)
  return response
}

export const switchedOf = (response: Response): Switched | undefined => connections.get(response)
