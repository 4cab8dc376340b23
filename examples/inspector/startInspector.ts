import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocketServer } from 'ws'
import { toNodeListener } from 'xstate-session/node'
import { createPages } from '../admin-panel/server/pages.ts'
import { buildPage } from '../buildPage.ts'
import { createRelay } from './relay.ts'

export interface Inspector {
  /** The page to look at. */
  readonly url: string
  /** What `createWebSocketInspector` connects to. A program may call itself something: `/?name=worker`. */
  readonly socketUrl: string
  close(): Promise<void>
}

export interface InspectorOptions {
  readonly port: number
  /** Pages that may send, by their origin and a name for them. Programs without an origin may, too. */
  readonly pages?: Readonly<Record<string, string>>
}

const HOST = '127.0.0.1'
const MAX_MESSAGE_BYTES = 256 * 1024
const MAX_NAME = 40

/**
 * An inspector of one's own: a page, and a relay that takes the place of the stock server. Both listen on loopback
 * alone, and what a page of another origin asks is refused: every page that the browser shows can reach loopback.
 */
export async function startInspector({ port, pages = {} }: InspectorOptions): Promise<Inspector> {
  const url = `http://${HOST}:${port}`
  const folder = await mkdtemp(join(tmpdir(), 'inspector-'))
  await buildPage(fileURLToPath(new URL('page', import.meta.url)), folder)
  const page = await createPages(folder)
  const http = createServer(toNodeListener(page, { origin: url }))
  const sockets = new WebSocketServer({
    server: http,
    maxPayload: MAX_MESSAGE_BYTES,
    verifyClient: ({ req: { headers } }: { req: IncomingMessage }) => {
      const { host, origin } = headers
      const isKnown = origin === undefined || origin === url || Object.hasOwn(pages, origin)
      return host === `${HOST}:${port}` && isKnown
    },
  })
  const relay = createRelay()
  sockets.on('connection', (socket, { headers, url: path = '/' }) => {
    const { origin } = headers
    const own = new URL(path, url).searchParams.get('name')?.slice(0, MAX_NAME)
    const name = origin === undefined ? own || 'Node' : (pages[origin] ?? 'Inspector')
    const peer = { name, send: (text: string) => socket.send(text) }
    relay.join(peer)
    socket.on('message', (data) => relay.hear(peer, data.toString()))
    socket.on('close', () => relay.leave(peer))
    socket.on('error', () => socket.terminate())
  })
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, HOST, resolve)
  })
  return {
    url,
    socketUrl: `ws://${HOST}:${port}`,
    async close() {
      for (const socket of sockets.clients) socket.terminate()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
      await rm(folder, { recursive: true })
    },
  }
}
