import type { IncomingMessage } from 'node:http'
import type { BackendAnswer, Forward } from '../server/forwarding.ts'
import { type Exchanged, exchange } from './exchange.ts'
import { LightResponse } from './lightResponse.ts'
import { webBody } from './nodeBody.ts'
import { switchedResponse } from './switched.ts'

/** An unwanted body is read to its end up to this size, because its connection is worth more. */
const DRAINED_BYTES = 65_536

/**
 * Sends calls on by `node:http`: bytes and their headers pass unchanged, encoded or not. Uploads and answers flow at
 * the pace of the reader, and an answer may come before its upload has ended. A connection may become a WebSocket.
 */
export const forward: Forward = async (url, call, deadline) =>
  answerOf(await exchange(new URL(url), call, deadline), call.method)

function answerOf({ message, switched }: Exchanged, method: string): BackendAnswer {
  const { statusCode: status = 0, headers: fields } = message
  // The recipient would wait for the announced length.
  const isEmpty = status === 204 || status === 205
  const isBodiless = isEmpty || method === 'HEAD' || status === 101 || status === 304
  if (isBodiless && !switched) message.resume()
  const cancel = async () => discard(message)
  return {
    status,
    ok: status >= 200 && status < 300,
    type: 'default',
    headers: {
      get: (name) => (isEmpty && name === 'content-length' ? null : fieldOf(fields[name])),
      names: () => Object.keys(fields),
    },
    body: isBodiless ? null : { cancel },
    respond({ headers, limits, trailers, isLight }) {
      if (!isLight) {
        // No `Response` can have some statuses, and then nobody reads the body.
        if (status > 599) message.destroy()
        return new Response(isBodiless ? null : webBody(message, limits, trailers), { status, headers })
      }
      const body = isBodiless ? null : { source: message, limits, trailers, cancel }
      return new LightResponse(status, headers, body) as unknown as Response
    },
    ...(switched && { handOver: (headers, limits) => switchedResponse(headers, { ...switched, limits }) }),
  }
}

/** Only `set-cookie` comes as a list. */
const fieldOf = (value: string | readonly string[] | undefined): string | null =>
  value === undefined ? null : String(value)

function discard(message: IncomingMessage): void {
  message.on('error', () => {})
  if (Number(message.headers['content-length'] ?? Infinity) <= DRAINED_BYTES) message.resume()
  else message.destroy()
}
