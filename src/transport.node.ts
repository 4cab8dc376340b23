import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { ReadableStream } from 'node:stream/web'

/**
 * One request on a connection of its own. Node's `fetch` sends on idle keep-alive sockets, which servers close
 * at any moment: such a reset does not tell whether the refresh token was spent. A retrying global dispatcher
 * has no part in it either. Proxies of the environment are not used: inject `fetch` where one is needed.
 */
export function transport(url: string, init: RequestInit): Promise<Response> {
  return new Promise((resolve, reject) => {
    const headers = new Headers(init.headers)
    headers.set('accept-encoding', 'identity')
    const { signal } = init
    const secure = new URL(url).protocol === 'https:'
    const sending = (secure ? https : http).request(url, {
      agent: false,
      method: init.method ?? 'GET',
      headers: Object.fromEntries(headers),
    })
    let connected = false
    const abort = () => {
      sending.destroy()
      // Said at once, and before anybody else hears of the abort: without a connection nothing was sent.
      reject(Object.assign(new Error('aborted'), connected ? {} : { code: 'UND_ERR_CONNECT_TIMEOUT' }))
    }
    sending.once('socket', (socket) => {
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        connected = true
      })
    })
    sending.on('error', reject)
    sending.once('close', () => signal?.removeEventListener('abort', abort))
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
  })
}

function asResponse(message: IncomingMessage): Response {
  const status = message.statusCode ?? 0
  const headers = new Headers()
  for (let i = 0; i + 1 < message.rawHeaders.length; i += 2) {
    headers.append(message.rawHeaders[i] ?? '', message.rawHeaders[i + 1] ?? '')
  }
  // Not asked for, and not decoded here: such a body is as good as none.
  const unreadable = (headers.get('content-encoding') ?? 'identity') !== 'identity'
  const bodiless = unreadable || status === 204 || status === 205 || status === 304
  if (bodiless) message.destroy()
  return new Response(bodiless ? null : (ReadableStream.from(message) as BodyInit), { status, headers })
}

const neverConnected =
  /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_HTTP2_GOAWAY_SESSION)$/
// Certificates are checked before the first byte of the request leaves.
const untrusted =
  /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY)_|HOSTNAME_MISMATCH|INVALID_CA)/

/**
 * Why nothing of a failed request can have been processed; `undefined` if something may have been. Knows the
 * codes of Node's transports and of undici's `fetch`, and hands on nothing else of the error. Never throws.
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
  // Several addresses were tried: nothing left this host only if none of them was reached.
  if (Array.isArray(errors) && errors.length > 0) {
    const each = errors.map((one) => classify(one, depth + 1))
    return each.includes(undefined) ? undefined : each[0]
  }
  const name = String(code)
  if (untrusted.test(name)) return 'misconfigured'
  if (syscall === 'connect' || syscall === 'getaddrinfo') return 'network'
  // With another system call (`read`, `write`) the same code comes from an open connection.
  if (syscall === undefined && neverConnected.test(name)) return 'network'
  // RFC 9113 section 8.7: a refused stream was not processed.
  if (name === 'ERR_HTTP2_STREAM_ERROR' && String(message).includes('REFUSED_STREAM')) return 'network'
  return classify(cause, depth + 1)
}
