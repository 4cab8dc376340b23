import { subscribe } from 'node:diagnostics_channel'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { ReadableStream } from 'node:stream/web'
import zlib from 'node:zlib'

/**
 * Sends one request on its own connection. Node's `fetch` uses idle keep-alive sockets, which servers close at any
 * moment; such a reset does not show whether the refresh token was spent. A retrying global dispatcher is not used
 * either. Proxies of the environment are not used: inject `send` if you need one.
 */
export function transport(url: string, init: RequestInit, send = ownConnection): Promise<Response> {
  if (send !== ownConnection) watchConnections()
  return send(url, init)
}

function ownConnection(url: string, init: RequestInit): Promise<Response> {
  return new Promise((resolve, reject) => {
    // The bytes of a request wait in its socket until the connection is open.
    let connected = false
    const fail = (error: unknown) => {
      if (!connected && typeof error === 'object' && error) unsent.add(error)
      reject(error)
    }
    try {
      const headers = new Headers(init.headers)
      headers.set('accept-encoding', 'identity')
      const { signal } = init
      const secure = new URL(url).protocol === 'https:'
      const sending = (secure ? https : http).request(url, {
        agent: false,
        method: init.method ?? 'GET',
        headers: Object.fromEntries(headers),
      })
      const abort = () => {
        sending.destroy()
        // This comes first, before anybody else learns of the abort.
        fail(new Error('aborted'))
      }
      sending.once('socket', (socket) => {
        socket.once(secure ? 'secureConnect' : 'connect', () => {
          connected = true
        })
      })
      sending.on('error', fail)
      sending.once('close', () => {
        signal?.removeEventListener('abort', abort)
        // A protocol that nobody asked for closes the connection, and Node reports no error.
        fail(new Error('closed'))
      })
      sending.once('response', (message) => {
        try {
          resolve(asResponse(message))
        } catch (error) {
          message.destroy()
          reject(error)
        }
      })
      signal?.addEventListener('abort', abort)
      sending.end(init.body)
    } catch (error) {
      fail(error)
    }
  })
}

function asResponse(message: IncomingMessage): Response {
  const status = message.statusCode ?? 0
  const headers = new Headers()
  for (let i = 0; i + 1 < message.rawHeaders.length; i += 2) {
    headers.append(message.rawHeaders[i] ?? '', message.rawHeaders[i + 1] ?? '')
  }
  const bodiless = status === 204 || status === 205 || status === 304
  if (bodiless) message.destroy()
  return new Response(bodiless ? null : (ReadableStream.from(message) as BodyInit), { status, headers })
}

/** Errors of connections that never opened: nothing of the request was sent on them. */
const unsent = new WeakSet<object>()
let isWatching = false

/** Listens to undici, which is Node's `fetch`, for connections that could not open, TLS and proxies included. */
function watchConnections() {
  if (isWatching) return
  isWatching = true
  subscribe('undici:client:connectError', (message) => {
    const { error } = message as { readonly error?: unknown }
    if (typeof error === 'object' && error) unsent.add(error)
  })
}

/** For another `fetch`, which does not report its connection. */
const neverConnected =
  /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EMFILE|ENFILE|UND_ERR_CONNECT_TIMEOUT|ERR_HTTP2_GOAWAY_SESSION)$/
// Certificates are checked before the first byte of the request is sent.
const untrusted =
  /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY)_|HOSTNAME_MISMATCH|INVALID_CA)/

/**
 * Why no part of a failed request can have been processed; `undefined` if a part may have been. The connection's events
 * decide; codes decide only if nobody saw the connection. It passes nothing else of the error on. Never throws.
 */
export function refusalOf(error: unknown): 'network' | 'misconfigured' | undefined {
  try {
    return classify(error, 0)
  } catch {
    return undefined
  }
}

function classify(error: unknown, depth: number): 'network' | 'misconfigured' | undefined {
  if (typeof error !== 'object' || error === null || depth > 5) return undefined
  const { code, syscall, message, errors, cause } = error as Record<string, unknown>
  if (untrusted.test(String(code))) return 'misconfigured'
  if (unsent.has(error)) return 'network'
  // Several addresses were tried: nothing was sent only if none of them was reached.
  if (Array.isArray(errors) && errors.length > 0) {
    const each = errors.map((one) => classify(one, depth + 1))
    return each.includes(undefined) ? undefined : each[0]
  }
  const name = String(code)
  if (syscall === 'connect' || syscall === 'getaddrinfo') return 'network'
  // With another system call (`read`, `write`) the same code comes from an open connection.
  if (syscall === undefined && neverConnected.test(name)) return 'network'
  // RFC 9113 section 8.7: a refused stream was not processed.
  if (name === 'ERR_HTTP2_STREAM_ERROR' && String(message).includes('REFUSED_STREAM')) return 'network'
  return classify(cause, depth + 1)
}

type Decoder = (bytes: Uint8Array, options: zlib.ZlibOptions) => Buffer
const decoders = new Map<string, readonly Decoder[]>([
  ['gzip', [zlib.gunzipSync]],
  ['x-gzip', [zlib.gunzipSync]],
  // Servers disagree on its form: with a header of zlib (RFC 9110 section 8.4.1.2), or without.
  ['deflate', [zlib.inflateSync, zlib.inflateRawSync]],
  ['br', [zlib.brotliDecompressSync]],
  // Node 22.15 and later.
  ['zstd', [(bytes, { maxOutputLength = 0 }) => zlib.zstdDecompressSync(bytes, { maxOutputLength })]],
])
/** No token answer has more encodings. */
const MOST_ENCODINGS = 3

/**
 * The body without its encodings, which we did not ask for; `undefined`: it is larger than `most`. Names that are no
 * encoding (`none`, `UTF-8`, capitals), and a body that was decoded already, change nothing.
 */
export function inflated(bytes: Uint8Array, encoding: string | null, most: number): Uint8Array | undefined {
  const names = (encoding ?? '').toLowerCase().split(',')
  let plain = bytes
  for (const name of names.slice(-MOST_ENCODINGS).reverse()) {
    for (const decode of decoders.get(name.trim()) ?? []) {
      try {
        plain = decode(plain, { maxOutputLength: most })
        break
      } catch (error) {
        if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') return undefined
      }
    }
  }
  return plain
}
