import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'

/** Tells the HTTP adapter that the connection has been dealt with. A new one each time: headers are mutable. */
export const alreadySent = (): Response => new Response(null, { headers: { 'x-hono-already-sent': 'true' } })

export const isAlreadySent = (response: Response): boolean => response.headers.has('x-hono-already-sent')

/** Announces the whole length, sends the first half, and ends the connection. */
export async function sendTruncated(response: Response, outgoing: ServerResponse): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer())
  const headers = [...response.headers].filter(([name]) => name !== 'content-length')
  outgoing.writeHead(response.status, [...headers, ['Content-Length', String(body.length)]].flat())
  if (outgoing.write(body.subarray(0, Math.floor(body.length / 2))))
    await new Promise((resolve) => setImmediate(resolve))
  else await once(outgoing, 'drain')
  outgoing.destroy()
}

/** The same answer, a few bytes at a time. */
export async function dripping(response: Response, bytes: number, everyMs: number): Promise<Response> {
  const body = new Uint8Array(await response.arrayBuffer())
  let sent = 0
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (sent > 0) await new Promise((resolve) => setTimeout(resolve, everyMs))
      controller.enqueue(body.subarray(sent, sent + bytes))
      sent += bytes
      if (sent >= body.length) controller.close()
    },
  })
  const headers = new Headers(response.headers)
  headers.delete('content-length')
  return new Response(stream, { status: response.status, headers })
}

export function withoutSetCookie(response: Response): Response {
  const headers = new Headers(response.headers)
  headers.delete('set-cookie')
  return new Response(response.body, { status: response.status, headers })
}

/** Sends an answer as it is: the HTTP adapter would add a content type where there is none. */
export async function sendUntyped(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, [...response.headers].flat())
  const body = Readable.fromWeb((response.body ?? new ReadableStream()) as NodeReadableStream)
  // A client that went away is not an error here.
  await pipeline(body, outgoing).catch(() => {})
}
