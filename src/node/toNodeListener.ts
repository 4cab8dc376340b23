import type { IncomingMessage, ServerResponse } from 'node:http'
import { lightHandlerOf } from '../server/lightRequest.ts'
import { goneController } from './goneController.ts'
import { IncomingRequest } from './incomingRequest.ts'
import {
  type Handle,
  type NodeListenerOptions,
  readListener,
  respond,
  toRequest,
  unfitBody,
  urlOf,
} from './webMessages.ts'

/**
 * Makes a listener for `node:http`, or a handler for Express, of a handler of web-standard requests. Mount it before
 * any code that reads bodies: a request whose body was read already is answered with 500. Bodies stream in both
 * directions. When the client hangs up, the request's signal aborts; work that the handler has begun for others goes
 * on. A WebSocket also needs `toUpgradeListener`.
 *
 * @throws {Misconfigured} where `handle` is no function, or `origin` no http(s) URL
 * @example
 * createServer(toNodeListener(server.handle, { origin: 'https://admin.example.com' })).listen(3000)
 */
export function toNodeListener(
  handle: Handle,
  options: NodeListenerOptions,
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  const origin = readListener('toNodeListener', handle, options)
  return (incoming, outgoing) => {
    // A later break does not matter here, but without a listener it would end the process.
    incoming.on('error', () => {})
    outgoing.on('error', () => {})
    serve(handle, origin, incoming, outgoing).catch(() => {
      // The answer does not name the error, because the error may quote the request.
      if (outgoing.headersSent) outgoing.destroy()
      else outgoing.writeHead(500, { 'content-type': 'text/plain' }).end('Internal Server Error')
    })
  }
}

async function serve(
  handle: Handle,
  origin: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const url = urlOf(incoming, origin)
  if (url === undefined) return void outgoing.writeHead(400).end()
  const { remoteAddress } = incoming.socket
  const info = remoteAddress === undefined ? {} : { remoteAddress }
  const light = lightHandlerOf(handle)
  const unfit = unfitBody(incoming)
  if (unfit) return respond(unfit, incoming, outgoing)
  if (light)
    return respond(await light(new IncomingRequest(incoming, outgoing, url), info), incoming, outgoing)
  const gone = goneController(outgoing)
  try {
    await respond(await handle(toRequest(incoming, url, gone.signal), info), incoming, outgoing)
  } catch (error) {
    // Code of the embedder may have thrown with an answer of the backend in its hands, which nobody reads now.
    gone.abort()
    throw error
  }
}
