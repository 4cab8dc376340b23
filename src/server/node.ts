import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import type { RequestInfo } from './options.ts'

/** Where browsers see the server. */
export interface NodeListenerOptions {
  /**
   * The origin that browsers see, as in `publicUrl`. Never taken from the `Host` header, which whoever asks chooses.
   */
  readonly origin: string
}

/**
 * Makes a listener for `node:http`, and a handler for Express, of a handler of web-standard requests. Mount it before
 * anything that reads bodies. Bodies stream both ways. When the client hangs up, the request's signal aborts; what
 * the handler has begun for others goes on.
 */
export function toNodeListener(
  handle: (request: Request, info: RequestInfo) => Promise<Response>,
  { origin }: NodeListenerOptions,
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  return (incoming, outgoing) => {
    serve(handle, new URL(origin).origin, incoming, outgoing).catch(() => {
      // Of what went wrong nothing is told: it may quote the request.
      if (outgoing.headersSent) outgoing.destroy()
      else outgoing.writeHead(500, { 'content-type': 'text/plain' }).end('Internal Server Error')
    })
  }
}

async function serve(
  handle: (request: Request, info: RequestInfo) => Promise<Response>,
  origin: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  // Express keeps the whole path here when it is mounted under a part of it.
  const path = (incoming as { originalUrl?: string }).originalUrl ?? incoming.url ?? '/'
  // An absolute URL is how one asks a proxy; this is none.
  if (!path.startsWith('/')) return void outgoing.writeHead(400).end()
  const gone = new AbortController()
  outgoing.once('close', () => gone.abort())
  const { remoteAddress } = incoming.socket
  const response = await handle(
    toRequest(incoming, `${origin}${path}`, gone.signal),
    remoteAddress === undefined ? {} : { remoteAddress },
  )
  outgoing.writeHead(response.status, headersOf(response))
  if (!response.body || incoming.method === 'HEAD') {
    await response.body?.cancel()
    outgoing.end()
    return
  }
  await pipeline(Readable.fromWeb(response.body as ReadableStream), outgoing)
}

function toRequest(incoming: IncomingMessage, url: string, signal: AbortSignal): Request {
  const { method = 'GET', rawHeaders } = incoming
  const headers = new Headers()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    // HTTP/2 puts its own names first.
    if (!rawHeaders[i]?.startsWith(':')) headers.append(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '')
  }
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const body = hasBody ? { body: Readable.toWeb(incoming) as BodyInit, duplex: 'half' } : {}
  return new Request(url, { method, headers, signal, ...body } as RequestInit)
}

/** A flat list, so that each `Set-Cookie` stays one. */
function headersOf(response: Response): string[] {
  const list: string[] = []
  for (const [name, value] of response.headers) list.push(name, value)
  return list
}
