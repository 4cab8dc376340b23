import http, { type ClientRequest, IncomingMessage } from 'node:http'
import https from 'node:https'
import { Readable } from 'node:stream'
import type { ReadableStream as NodeWebStream } from 'node:stream/web'
import type { BackendAnswer, Forward, ForwardedCall, HeadDeadline } from '../server/forwarding.ts'
import { takeNodeBody, trailersOf, webBody } from './nodeBody.ts'

/** How long a connection may take to stand, TLS included. */
const CONNECT_MS = 10_000
/** Shorter than most servers keep an idle connection: what is sent on one as it closes is lost. */
const IDLE_MS = 4_000
/** A body that nobody wants is read to its end up to this size: its connection is worth more. */
const DRAINED_BYTES = 65_536

const agents = {
  plain: new http.Agent({ keepAlive: true, timeout: IDLE_MS }),
  secure: new https.Agent({ keepAlive: true, timeout: IDLE_MS }),
}

/**
 * Calls that go on by `node:http`: bytes and their headers pass as they are, encoded or not. Uploads and answers flow at
 * the pace of whoever reads them, and an answer may come before its upload has ended.
 */
export const forward: Forward = async (url, call, deadline) => {
  const message = await exchange(new URL(url), call, deadline)
  return answerOf(message, call.method)
}

/** Sends a call, once more where the backend closed a kept connection meanwhile, and a second time harms nothing. */
function exchange(url: URL, call: ForwardedCall, deadline: HeadDeadline): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const isSecure = url.protocol === 'https:'
  const mayRepeat =
    /^(GET|HEAD|PUT|DELETE|OPTIONS)$/.test(call.method) && !(call.body instanceof ReadableStream)

  function attempt(agent: http.Agent | false) {
    const sending = request(url, call, agent)
    const timers = timersOf(sending, deadline, isSecure)
    let isAnswered = false
    const leave = () => sending.destroy(call.signal.reason)
    if (call.signal.aborted) leave()
    else call.signal.addEventListener('abort', leave, { once: true })
    sending.on('error', (error: NodeJS.ErrnoException) => {
      timers.end()
      call.signal.removeEventListener('abort', leave)
      // What breaks off later is told by the answer's own stream.
      if (isAnswered) return
      if (mayRepeat && agent && sending.reusedSocket && error.code === 'ECONNRESET') attempt(false)
      else reject(error)
    })
    sending.once('response', (message) => {
      isAnswered = true
      timers.end()
      message.once('close', () => call.signal.removeEventListener('abort', leave))
      resolve(message)
    })
    send(sending, call, timers)
  }

  attempt(isSecure ? agents.secure : agents.plain)
  return promise
}

function request(url: URL, { method, headers, body }: ForwardedCall, agent: http.Agent | false) {
  const framing =
    body instanceof Uint8Array
      ? { 'content-length': body.byteLength }
      : body && !headers['content-length']
        ? { 'transfer-encoding': 'chunked' }
        : undefined
  return (url.protocol === 'https:' ? https : http).request({
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    path: url.pathname + url.search,
    method,
    headers: framing ? { ...headers, ...framing } : headers,
    agent,
  })
}

/** The two deadlines before an answer: for the connection, and for the backend whenever it is waited for. */
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
    /** The backend is to read, or to answer. */
    waits() {
      if (!isOver) disarmHead ??= clock.setTimer(late, headMs, 'background')
    },
    /** Whoever asked is to send more. */
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

/** Passes an upload on, until it ends or its answer has. */
function upload(
  source: Readable,
  sending: ClientRequest,
  timers: ReturnType<typeof timersOf>,
  trailers: readonly string[],
): void {
  function write(chunk: Uint8Array) {
    if (sending.write(chunk)) return
    source.pause()
    timers.waits()
  }
  function drained() {
    timers.rests()
    source.resume()
  }
  function ended() {
    const last = trailersOf(source, trailers)
    if (last.length > 0) sending.addTrailers(last)
    sending.end()
    timers.waits()
  }
  function broken() {
    if (!source.readableEnded) sending.destroy(new Error('The upload broke off.'))
  }
  function stop() {
    source.off('data', write).off('end', ended).off('close', broken)
    // Node's server reads what is left of a request that was answered; to destroy it would lose the answer.
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

function answerOf(message: IncomingMessage, method: string): BackendAnswer {
  const { statusCode: status = 0, headers } = message
  const isBodiless = method === 'HEAD' || status === 204 || status === 205 || status === 304
  if (isBodiless) message.resume()
  return {
    status,
    ok: status >= 200 && status < 300,
    type: 'default',
    headers: { get: (name) => fieldOf(headers[name]) },
    body: isBodiless ? null : { cancel: async () => discard(message) },
    flow: (limits, trailers) => webBody(message, limits, trailers),
  }
}

/** Of all headers `set-cookie` alone comes as a list. */
const fieldOf = (value: string | readonly string[] | undefined): string | null =>
  value === undefined ? null : String(value)

function discard(message: IncomingMessage): void {
  message.on('error', () => {})
  if (Number(message.headers['content-length'] ?? Infinity) <= DRAINED_BYTES) message.resume()
  else message.destroy()
}
