import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { startLimits } from '../base/bodyLimits.ts'
import { type Switched, switchedOf } from '../platform/switched.ts'
import { failure } from '../server/answers.ts'
import {
  type Handle,
  hasBody,
  type NodeListenerOptions,
  readListener,
  respond,
  toRequest,
  unfitBody,
  urlOf,
} from './webMessages.ts'

/**
 * Makes a listener for the event `upgrade` of `node:http`: it passes a WebSocket of a page on to the backend with the
 * bearer of its session. The WebSocket must come from the panel's own origin, and its address must name the login that
 * the page shows, as `session.url(path)` makes it. It ends with its session, and when the server drains. An upgrade
 * that is no WebSocket of the table `api` gets the plain answer of `handle`, 404 for an unknown path. If other code
 * also listens for upgrades, call this only for the paths of the panel.
 *
 * @throws {Misconfigured} where `handle` is no function, or `origin` no http(s) URL
 * @example
 * const options = { origin: 'https://admin.example.com' }
 * const http = createServer(toNodeListener(server.handle, options))
 * http.on('upgrade', toUpgradeListener(server.handle, options)).listen(3000)
 */
export function toUpgradeListener(
  handle: Handle,
  options: NodeListenerOptions,
): (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const origin = readListener('toUpgradeListener', handle, options)
  return (incoming, socket, head) => {
    // A later break does not matter here, but without a listener it would end the process.
    socket.on('error', () => {})
    upgrade(handle, origin, incoming, socket, head).catch(() => socket.destroy())
  }
}

async function upgrade(
  handle: Handle,
  origin: string,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const url = urlOf(incoming, origin)
  const gone = new AbortController()
  const leave = () => gone.abort()
  socket.once('close', leave)
  const letGo = onHangUp(socket, leave)
  const { remoteAddress } = incoming.socket
  const response =
    url === undefined
      ? new Response(null, { status: 400 })
      : (unfitBody(incoming) ??
        lostBody(incoming) ??
        (await handle(toRequest(incoming, url, gone.signal), {
          ...(remoteAddress !== undefined && { remoteAddress }),
          isUpgrade: true,
        })))
  letGo()
  const switched = switchedOf(response)
  if (switched) return join(switched, response.headers, socket, head)
  const outgoing = new ServerResponse(incoming)
  // Nothing else can follow on a connection whose upgrade was refused: Node has released it.
  outgoing.shouldKeepAlive = false
  outgoing.assignSocket(socket as Socket)
  // Code in between may have replaced a 101. Its connection to the backend is then useless.
  outgoing.once('finish', () => {
    leave()
    socket.end()
  })
  outgoing.on('error', () => {})
  await respond(response, incoming, outgoing)
}

/**
 * A connection without a reader does not report its end. A client sends nothing before the 101; if it does, the bytes
 * are kept for later. The returned function stops this.
 */
function onHangUp(socket: Duplex, leave: () => void): () => void {
  const look = () => {
    if (socket.readableLength === 0) leave()
  }
  socket.on('readable', look)
  return () => void socket.off('readable', look)
}

/** Node reads no body of a request that asks for another protocol, so the passed body would be empty. */
const lostBody = (incoming: IncomingMessage) =>
  hasBody(incoming)
    ? failure(400, 'invalid_request', { expected: 'no body with the header Upgrade' }, [], {
        connection: 'close',
      })
    : undefined

/** Joins two connections: each sends what the other receives, and they end together. */
function join(
  { socket: upstream, head: theirs, limits }: Switched,
  headers: Headers,
  socket: Duplex,
  ours: Buffer,
) {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`, 'latin1')
  if (theirs.length > 0) socket.write(theirs)
  if (ours.length > 0) upstream.write(ours)
  for (const one of [socket, upstream] as Socket[]) {
    one.setTimeout(0)
    one.setNoDelay(true)
    one.setKeepAlive(true)
  }
  const destroy = () => {
    socket.destroy()
    upstream.destroy()
  }
  const running = startLimits(limits, destroy)
  upstream.on('error', () => {})
  for (const one of [socket, upstream])
    one.once('close', () => {
      running.ends()
      destroy()
    })
  socket.pipe(upstream).pipe(socket)
}
