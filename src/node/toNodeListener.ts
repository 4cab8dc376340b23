import type { IncomingMessage, ServerResponse } from 'node:http'
import { lightHandlerOf } from '../server/lightRequest.ts'
import { goneSignal } from './goneSignal.ts'
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
 * Makes a listener for `node:http`, and a handler for Express, of a handler of web-standard requests. Mount it before
 * anything that reads bodies: a request whose body was read already is answered with 500. Bodies stream both ways.
 * When the client hangs up, the request's signal aborts; what the handler has begun for others goes on.
 * A WebSocket needs `toUpgradeListener` besides.
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
  const response =
    unfitBody(incoming) ??
    (await (light
      ? light(new IncomingRequest(incoming, outgoing, url), info)
      : handle(toRequest(incoming, url, goneSignal(outgoing)), info)))
  await respond(response, incoming, outgoing)
}
