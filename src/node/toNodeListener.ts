import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeWebStream } from 'node:stream/web'
import { Misconfigured } from '../base/errors.ts'
import { takeNodeBody, webBody } from '../platform/nodeBody.ts'
import { bodyAlreadyRead, failure } from '../server/answers.ts'
import type { RequestInfo } from '../server/options.ts'
import { pump } from './pump.ts'

/** Where browsers see the server. */
export interface NodeListenerOptions {
  /**
   * The origin that browsers see, as in `publicUrl`. Never taken from the `Host` header, which whoever asks chooses.
   */
  readonly origin: string
}

type Handle = (request: Request, info: RequestInfo) => Promise<Response>

/**
 * Makes a listener for `node:http`, and a handler for Express, of a handler of web-standard requests. Mount it before
 * anything that reads bodies: a request whose body was read already is answered with 500. Bodies stream both ways.
 * When the client hangs up, the request's signal aborts; what the handler has begun for others goes on.
 *
 * @throws {Misconfigured} where `handle` is no function, or `origin` no http(s) URL
 * @example
 * createServer(toNodeListener(server.handle, { origin: 'https://admin.example.com' })).listen(3000)
 */
export function toNodeListener(
  handle: Handle,
  options: NodeListenerOptions,
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  if (typeof handle !== 'function')
    throw new Misconfigured('toNodeListener: the first argument must be a function, such as `server.handle`.')
  const origin = readOrigin(options?.origin)
  return (incoming, outgoing) => {
    // What breaks off later is of no concern here, and without a listener it would end the process.
    incoming.on('error', () => {})
    outgoing.on('error', () => {})
    serve(handle, origin, incoming, outgoing).catch(() => {
      // Of what went wrong nothing is told: it may quote the request.
      if (outgoing.headersSent) outgoing.destroy()
      else outgoing.writeHead(500, { 'content-type': 'text/plain' }).end('Internal Server Error')
    })
  }
}

function readOrigin(origin: unknown): string {
  const url = typeof origin === 'string' ? URL.parse(origin) : null
  if (!url || !/^https?:$/.test(url.protocol))
    throw new Misconfigured(
      `toNodeListener: option "origin" must be the http(s) origin that browsers see, such as "https://admin.example.com"; it is ${typeof origin === 'string' ? `"${origin}"` : typeof origin}.`,
    )
  return url.origin
}

async function serve(
  handle: Handle,
  origin: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  // Express keeps the whole path here when it is mounted under a part of it.
  const path = (incoming as { originalUrl?: string }).originalUrl ?? incoming.url ?? '/'
  // An absolute URL is how one asks a proxy; this is none.
  if (!path.startsWith('/') || isRewritten(path)) return void outgoing.writeHead(400).end()
  const gone = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort()
  })
  const { remoteAddress } = incoming.socket
  const response =
    unfitBody(incoming) ??
    (await handle(
      toRequest(incoming, `${origin}${path}`, gone.signal),
      remoteAddress === undefined ? {} : { remoteAddress },
    ))
  outgoing.writeHead(response.status, headersOf(response, incoming))
  if (!response.body || incoming.method === 'HEAD') {
    await response.body?.cancel()
    outgoing.end()
    return
  }
  const body = takeNodeBody(response.body)
  if (body) pump(body, outgoing)
  else await pipeline(Readable.fromWeb(response.body as NodeWebStream), outgoing)
}

/**
 * Whether the URL parser would make another path of this one: it resolves dots, encoded ones as well, turns
 * backslashes and cuts at a hash. Whatever stood before this server has judged the path as it came. No browser sends such a path.
 */
function isRewritten(path: string): boolean {
  const [pathname = ''] = path.split('?')
  return path.includes('#') || /\\|\/(?:\.|%2e){1,2}(?=\/|$)/i.test(pathname)
}

/** The answer to a request whose body would be lost on the way into a web-standard `Request`. */
function unfitBody(incoming: IncomingMessage): Response | undefined {
  if (!hasBody(incoming)) return undefined
  if (incoming.readableDidRead) return bodyAlreadyRead()
  const isRead = incoming.method === 'GET' || incoming.method === 'HEAD'
  return isRead ? failure(400, 'invalid_request', { expected: 'no body with GET or HEAD' }) : undefined
}

/** Whether the request brought a body (RFC 9112 section 6.3; over HTTP/2 its stream tells). */
function hasBody(incoming: IncomingMessage): boolean {
  const { headers, httpVersionMajor } = incoming
  if (httpVersionMajor >= 2)
    return !(incoming as { readonly stream?: { readonly endAfterHeaders?: boolean } }).stream?.endAfterHeaders
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function toRequest(incoming: IncomingMessage, url: string, signal: AbortSignal): Request {
  const { method = 'GET', rawHeaders } = incoming
  const headers = new Headers()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    // HTTP/2 puts its own names first.
    if (!rawHeaders[i]?.startsWith(':')) headers.append(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '')
  }
  const body = hasBody(incoming) ? { body: webBody(incoming), duplex: 'half' } : {}
  return new Request(url, { method, headers, signal, ...body } as RequestInit)
}

/** A flat list, so that each `Set-Cookie` stays one. HTTP/2 has no header for the connection. */
function headersOf(response: Response, { httpVersion, method }: IncomingMessage): string[] {
  // Trailers follow chunks (RFC 9112 section 7.1.2), and Node refuses to announce them else.
  const isChunked =
    httpVersion === '1.1' && method !== 'HEAD' && response.body && !response.headers.has('content-length')
  const list: string[] = []
  for (const [name, value] of response.headers)
    if (!(name === 'connection' && httpVersion >= '2') && !(name === 'trailer' && !isChunked))
      list.push(name, value)
  return list
}
