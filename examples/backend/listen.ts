import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface LoopbackServer {
  readonly url: string
  /** A server must know its own URL before its handler can be built, so the handler comes later. */
  handle(listener: RequestListener): void
  /** Nobody listens any more: connections are refused, and those that stand are cut. */
  stop(): Promise<void>
  /** Listens again, at the same port. */
  start(): Promise<void>
  close(): Promise<void>
}

/** Listens on 127.0.0.1; port 0 takes any free one. */
export async function listen(port: number): Promise<LoopbackServer> {
  let listener: RequestListener = (_, response) => {
    response.writeHead(503).end()
  }
  const server = createServer((request, response) => listener(request, response))
  // Who sits behind a server closes last: else a call is lost that comes as its idle connection is closed.
  server.keepAliveTimeout = 65_000
  const listenAt = (at: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(at, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  await listenAt(port)
  const { port: own } = server.address() as AddressInfo

  async function stop() {
    if (!server.listening) return
    const closed = new Promise((resolve) => server.close(resolve))
    // Hanging faults and idle keep-alive connections would hold the server open.
    server.closeAllConnections()
    await closed
  }

  return {
    url: `http://127.0.0.1:${own}`,
    handle(next) {
      listener = next
    },
    stop,
    start: () => listenAt(own),
    close: stop,
  }
}
