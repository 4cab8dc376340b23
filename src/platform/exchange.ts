import http, { type ClientRequest, IncomingMessage } from 'node:http'
import https from 'node:https'
import { type Duplex, Readable } from 'node:stream'
import type { ReadableStream as NodeWebStream } from 'node:stream/web'
import type { ForwardedCall, HeadDeadline } from '../server/forwarding.ts'
import { takeNodeBody, trailersOf, wasReset } from './nodeBody.ts'

/** How long a connection may take to open, TLS included. */
const CONNECT_MS = 10_000
/** Shorter than most servers keep an idle connection, because a request on a closing one is lost. */
const IDLE_MS = 4_000

const agents = {
  plain: new http.Agent({ keepAlive: true, timeout: IDLE_MS }),
  secure: new https.Agent({ keepAlive: true, timeout: IDLE_MS }),
}

/** The answer of a backend, with its connection if the backend accepted another protocol. */
export interface Exchanged {
  readonly message: IncomingMessage
  readonly switched?: { readonly socket: Duplex; readonly head: Buffer }
}

/**
 * Sends a call. If the backend closed a kept connection meanwhile, and a second time does no harm, it sends once more.
 */
export function exchange(url: URL, call: ForwardedCall, deadline: HeadDeadline): Promise<Exchanged> {
  const { promise, resolve, reject } = Promise.withResolvers<Exchanged>()
  const isSecure = url.protocol === 'https:'
  const mayRepeat =
    /^(GET|HEAD|PUT|DELETE|OPTIONS)$/.test(call.method) && !(call.body instanceof ReadableStream)

  function attempt(agent: http.Agent | false) {
    const sending = request(url, call, agent)
    const timers = timersOf(sending, deadline, isSecure)
    /** The result of the call is settled. */
    let isSettled = false
    let switchedTo: Duplex | undefined
    const leave = () => (switchedTo ?? sending).destroy(call.signal.reason)
    if (call.signal.aborted) leave()
    else call.signal.addEventListener('abort', leave, { once: true })
    sending.on('error', (error: NodeJS.ErrnoException) => {
      timers.end()
      call.signal.removeEventListener('abort', leave)
      // The answer's own stream reports a later break.
      if (isSettled) return
      isSettled = true
      if (mayRepeat && agent && sending.reusedSocket && error.code === 'ECONNRESET') attempt(false)
      else reject(error)
    })
    // A protocol that nobody asked for closes the connection, and Node reports no error.
    sending.once('close', () => {
      timers.end()
      if (!isSettled) reject(new Error('The connection closed without an answer.'))
    })
    sending.once('response', (message) => {
      isSettled = true
      timers.end()
      message.once('close', () => call.signal.removeEventListener('abort', leave))
      resolve({ message })
    })
    if (call.headers.upgrade !== undefined)
      sending.once('upgrade', (message, socket, head) => {
        isSettled = true
        timers.end()
        // Until another owner takes it, it belongs to the caller.
        switchedTo = socket
        socket.on('error', () => {})
        socket.once('close', () => call.signal.removeEventListener('abort', leave))
        resolve({ message, switched: { socket, head } })
      })
    send(sending, call, timers)
  }

  // A connection that is handed over must not be shared.
  const shared = isSecure ? agents.secure : agents.plain
  attempt(call.headers.upgrade === undefined ? shared : false)
  return promise
}

function request(url: URL, { method, headers, body }: ForwardedCall, agent: http.Agent | false) {
  const framing =
    body instanceof Uint8Array
      ? { 'content-length': body.byteLength }
      : body && !headers['content-length']
        ? { 'transfer-encoding': 'chunked' }
        : undefined
  // Trailers follow chunks (RFC 9112 section 7.1.2), and otherwise Node throws when they are announced.
  const { trailer, ...whole } = headers
  const sent = headers['content-length'] === undefined ? headers : whole
  const sending = (url.protocol === 'https:' ? https : http).request({
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    path: url.pathname + url.search,
    method,
    headers: framing ? { ...sent, ...framing } : sent,
    agent,
  })
  // Bytes beyond the announced length would be the next request on the connection.
  return Object.assign(sending, { strictContentLength: true })
}

/** The two deadlines before an answer: for the connection, and for the backend while the call waits for it. */
function timersOf(sending: ClientRequest, { headMs, clock }: HeadDeadline, isSecure: boolean) {
  let disarmHead: (() => void) | undefined
  let disarmConnect: (() => void) | undefined
  const late = () => sending.destroy(new DOMException(`No answer within ${headMs} ms.`, 'TimeoutError'))
  sending.once('socket', (socket) => {
    if (!socket.connecting) return
    disarmConnect = clock.setTimer(
      () => sending.destroy(new Error(`No connection within ${CONNECT_MS} ms.`)),
      CONNECT_MS,
      'background',
    )
    socket.once(isSecure ? 'secureConnect' : 'connect', () => disarmConnect?.())
  })
  function rests() {
    disarmHead?.()
    disarmHead = undefined
  }
  let isOver = false
  return {
    /** The backend must read, or answer. */
    waits() {
      if (!isOver) disarmHead ??= clock.setTimer(late, headMs, 'background')
    },
    /** The client must send more. */
    rests,
    end() {
      isOver = true
      rests()
      disarmConnect?.()
    },
  }
}

function send(sending: ClientRequest, call: ForwardedCall, timers: ReturnType<typeof timersOf>): void {
  const { body } = call
  if (!(body instanceof ReadableStream)) {
    sending.end(body ?? undefined)
    timers.waits()
    return
  }
  const source = takeNodeBody(body)?.source ?? Readable.fromWeb(body as NodeWebStream)
  upload(source, sending, timers, call.trailers)
}

/** Passes an upload on until it ends, or until its answer has ended. */
function upload(
  source: Readable,
  sending: ClientRequest,
  timers: ReturnType<typeof timersOf>,
  trailers: ReadonlySet<string>,
): void {
  /** An error of Node ends the call. Thrown in an event of the source, it would end the process. */
  function orDestroy(step: () => void) {
    try {
      step()
    } catch (error) {
      sending.destroy(error as Error)
    }
  }
  function write(chunk: Uint8Array) {
    orDestroy(() => {
      if (sending.write(chunk)) return
      source.pause()
      timers.waits()
    })
  }
  function drained() {
    timers.rests()
    source.resume()
  }
  async function ended() {
    if (await wasReset(source)) return void sending.destroy(new Error('The upload broke off.'))
    orDestroy(() => {
      const last = trailersOf(source, trailers)
      if (last.length > 0) sending.addTrailers(last)
      sending.end()
      timers.waits()
    })
  }
  function broken() {
    if (!source.readableEnded) sending.destroy(new Error('The upload broke off.'))
  }
  function stop() {
    source.off('data', write).off('end', ended).off('close', broken)
    // Node's server reads the rest of a request that was answered. Destroying the request would lose the answer.
    if (!(source instanceof IncomingMessage) && !source.readableEnded) source.destroy()
  }
  sending.on('drain', drained)
  sending.once('close', stop)
  source
    .on('data', write)
    .once('end', ended)
    .once('close', broken)
    .on('error', () => {})
  sending.once('response', (message) => {
    // Nobody waits for the rest of an upload that was answered.
    message.once('end', () => {
      if (!sending.writableEnded) sending.destroy()
    })
  })
}
