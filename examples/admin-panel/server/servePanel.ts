import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toNodeListener } from 'xstate-session/node'
import { createRecorder } from 'xstate-session/recorder'
import { createSessionServer, type SessionServer, type SessionServerOptions } from 'xstate-session/server'
import { sqliteServerStore } from 'xstate-session/sqlite'
import { buildPage } from '../../buildPage.ts'
import { type Breakable, createControlRoom } from './controlRoom.ts'
import { createPages } from './pages.ts'

const root = fileURLToPath(new URL('../page', import.meta.url))

export interface Panel {
  readonly url: string
  readonly server: SessionServer
  close(): Promise<void>
}

export interface PanelSettings {
  readonly port: number
  /** Where its users find it, if that is not at the port itself. @default `http://localhost:<port>` */
  readonly url?: string | undefined
  /** As that of `createSessionServer`, here short enough to watch. @default 20_000 */
  readonly leadTimeMs?: number | undefined
  /** The WebSocket of an inspector that the page reports to. @default none */
  readonly inspectorUrl?: string | undefined
  /** What the server calls with. @default the platform's */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** What the server reads time from. @default the platform's */
  readonly clock?: SessionServerOptions['clock'] | undefined
}

export interface PanelParts extends PanelSettings, Pick<SessionServerOptions, 'logins' | 'api'> {
  readonly breakable: Breakable
  /** Where its users log in: at a form, or at a provider alone. @default 'form' */
  readonly login?: 'form' | 'provider'
}

/** The admin panel and its server: sessions in a SQLite file, the built page, and a control room to break things. */
export async function servePanel({
  breakable,
  logins,
  api,
  login = 'form',
  port,
  url = `http://localhost:${port}`,
  leadTimeMs = 20_000,
  inspectorUrl,
  fetch,
  clock,
}: PanelParts): Promise<Panel> {
  const folder = await mkdtemp(join(tmpdir(), 'admin-panel-'))
  const store = sqliteServerStore({ path: join(folder, 'sessions.sqlite'), ...(clock && { clock }) })
  const control = createControlRoom(breakable)
  const server = createSessionServer({
    publicUrl: `${url}/`,
    // A demo's secret lives as long as the demo.
    secrets: [crypto.randomUUID() + crypto.randomUUID()],
    store,
    leadTimeMs,
    // The page asks only after a 403, and then wants to know.
    revalidateMs: 1,
    logins,
    ...(api && { api }),
    observe: control.observe,
    recorder: createRecorder(),
    ...(fetch && { fetch }),
    ...(clock && { clock }),
  })
  await buildPage(root, join(folder, 'page'))
  const pages = await createPages(join(folder, 'page'), {
    factsOf: (request) => factsOf(server, url, request),
    inspectorUrl,
    login,
  })

  async function handle(request: Request, info: { readonly remoteAddress?: string }): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/control/trace') return traceOf(server, request)
    if (pathname.startsWith('/control/')) return control.handle(request)
    if (/^\/(session|api)(\/|$)/.test(pathname) || pathname === '/auth/openid/callback')
      return server.handle(request, info)
    return pages(request)
  }

  const http = createServer(toNodeListener(handle, { origin: url }))
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, 'localhost', resolve)
  })
  return {
    url,
    server,
    async close() {
      control.close()
      await server.drain({ timeoutMs: 2_000 })
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
      store.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** What was recorded of the session of a request, and of no other. */
async function traceOf(server: SessionServer, request: Request): Promise<Response> {
  const { id } = await server.getSession(request, { readOnly: true })
  const trace = id === null ? undefined : server.sessions.trace(id)
  return trace ? Response.json(trace) : new Response(null, { status: 404 })
}

/** What the page may know of its session from the first byte on; `null`: nobody is logged in. */
async function factsOf(server: SessionServer, url: string, request: Request): Promise<unknown> {
  const cookie = request.headers.get('cookie')
  const answer = await server.handle(
    new Request(`${url}/session/`, { headers: cookie === null ? {} : { cookie } }),
  )
  if (answer.status === 200) return answer.json()
  return answer.status === 401 ? null : undefined
}
