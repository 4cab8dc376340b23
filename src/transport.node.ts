import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
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
    const sending = (secure ? requestHttps : requestHttp)(url, {
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
