import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeWebStream } from 'node:stream/web'
import { Misconfigured } from '../base/errors.ts'
import { LightResponse } from '../platform/lightResponse.ts'
import { takeNodeBody, webBody } from '../platform/nodeBody.ts'
import { bodyAlreadyRead, failure } from '../server/answers.ts'
import type { RequestInfo } from '../server/options.ts'
import { pump } from './pump.ts'

/** The server's address in browsers. */
export interface NodeListenerOptions {
  /**
   * The origin in browsers, as in `publicUrl`. It is never taken from the `Host` header, because the client chooses
   * that header.
   */
  readonly origin: string
}

export type Handle = (request: Request, info: RequestInfo) => Promise<Response>

/** The origin of a listener that `name` makes for `handle`. */
export function readListener(
  name: string,
  handle: unknown,
  options: Partial<NodeListenerOptions> | undefined,
): string {
  if (typeof handle !== 'function')
    throw new Misconfigured(`${name}: the first argument must be a function, such as \`server.handle\`.`)
  const origin: unknown = options?.origin
  const url = typeof origin === 'string' ? URL.parse(origin) : null
  if (!url || !/^https?:/.test(url.protocol))
    throw new Misconfigured(
      `${name}: option "origin" must be the http(s) origin that browsers see, such as "https://admin.example.com"; it is ${typeof origin === 'string' ? `"${origin}"` : typeof origin}.`,
    )
  return url.origin
}

/** The address of a request; `undefined`: a proxy in front could not have judged it. */
export function urlOf(incoming: IncomingMessage, origin: string): string | undefined {
  // Express keeps the whole path here when it is mounted under a part of it.
  const path = (incoming as { originalUrl?: string }).originalUrl ?? incoming.url ?? '/'
  // An absolute URL is for a proxy, and this is none.
  return path.startsWith('/') && !isRewritten(path) ? `${origin}${path}` : undefined
}

/**
 * Whether the URL parser would change this path: it resolves dots, also encoded ones, converts backslashes, and cuts at
 * a hash. A proxy in front has judged the unchanged path. No browser sends such a path.
 */
function isRewritten(path: string): boolean {
  const [pathname = ''] = path.split('?')
  return path.includes('#') || /\\|\/(?:\.|%2e){1,2}(?=\/|$)/i.test(pathname)
}

/** The answer to a request whose body would be lost in a web-standard `Request`. */
export function unfitBody(incoming: IncomingMessage): Response | undefined {
  if (!hasBody(incoming)) return undefined
  if (incoming.readableDidRead) return bodyAlreadyRead()
  const isRead = incoming.method === 'GET' || incoming.method === 'HEAD'
  return isRead ? failure(400, 'invalid_request', { expected: 'no body with GET or HEAD' }) : undefined
}

/** Whether the request brought a body (RFC 9112 section 6.3; over HTTP/2 its stream tells). */
export function hasBody(incoming: IncomingMessage): boolean {
  const { headers, httpVersionMajor } = incoming
  if (httpVersionMajor >= 2)
    return !(incoming as { readonly stream?: { readonly endAfterHeaders?: boolean } }).stream?.endAfterHeaders
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

export function toRequest(
  incoming: IncomingMessage,
  url: string,
  signal: AbortSignal,
  body = hasBody(incoming) ? webBody(incoming) : null,
): Request {
  const { method = 'GET', rawHeaders } = incoming
  const headers = new Headers()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    // HTTP/2 puts its own names first.
    if (!rawHeaders[i]?.startsWith(':')) headers.append(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '')
  }
  return new Request(url, {
    method,
    headers,
    signal,
    ...(body && { body, duplex: 'half' }),
  } as RequestInit)
}

/** Writes the whole answer. If it cannot be written, the sender of its body is told. */
export async function respond(
  response: Response | LightResponse,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  try {
    await write(response, incoming, outgoing)
  } catch (error) {
    response.body?.cancel().catch(() => {})
    throw error
  }
}

async function write(
  response: Response | LightResponse,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  if (response instanceof LightResponse) return respondLightly(response, incoming, outgoing)
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

function respondLightly(
  { status, headers: { fields }, body }: LightResponse,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  if (incoming.httpVersion >= '2') delete fields.connection
  if (!body || !isChunked(incoming, fields['content-length'] !== undefined)) delete fields.trailer
  outgoing.writeHead(status, fields)
  if (body) pump(body, outgoing)
  else outgoing.end()
}

/** Trailers follow chunks (RFC 9112 section 7.1.2), and otherwise Node refuses to announce them. */
const isChunked = ({ httpVersion, method }: IncomingMessage, hasLength: boolean) =>
  httpVersion === '1.1' && method !== 'HEAD' && !hasLength

/** A flat list, so that each `Set-Cookie` stays one. HTTP/2 has no header for the connection. */
function headersOf(response: Response, incoming: IncomingMessage): string[] {
  const mayAnnounce = response.body && isChunked(incoming, response.headers.has('content-length'))
  const list: string[] = []
  for (const [name, value] of response.headers)
    if (!(name === 'connection' && incoming.httpVersion >= '2') && !(name === 'trailer' && !mayAnnounce))
      list.push(name, value)
  return list
}
