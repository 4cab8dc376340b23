// server.ts
import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname } from 'node:path'
import { librechatLogin } from 'xstate-session/librechat-login'
import { toNodeListener } from 'xstate-session/node'
import { createSessionServer, type RequestInfo } from 'xstate-session/server'
import { sqliteServerStore } from 'xstate-session/sqlite'

export interface PanelOptions {
  /** The address of the backend, for this server. */
  readonly backendUrl: string
  /** The address of this panel, for browsers. */
  readonly publicUrl: string
  /** The folder that `vite build` wrote. */
  readonly folder: string
  /** The file for the sessions. @default none: sessions live in memory, and a restart logs everybody out */
  readonly database?: string
  /** At least 32 random bytes, the same after every restart. @default a new secret at each start */
  readonly secret?: string
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

const SAFE = {
  'content-security-policy':
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin', // no script of this page can see where a window of another site goes
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** Serves the page, and keeps the tokens of its users. Returns a function that stops the server. */
export async function startServer(options: PanelOptions): Promise<() => Promise<void>> {
  const { backendUrl, publicUrl, folder, database = ':memory:' } = options
  const store = sqliteServerStore({ path: database })
  const server = createSessionServer({
    publicUrl,
    secrets: [options.secret ?? randomBytes(32).toString('base64')],
    logins: { librechat: librechatLogin({ baseUrl: backendUrl }) },
    store,
  })
  const files = await filesOf(folder)

  async function handle(request: Request, info: RequestInfo): Promise<Response> {
    const { pathname } = new URL(request.url)
    // The session's endpoints, the API, and the callback of the identity provider.
    if (/^\/(session|api|auth)(\/|$)/.test(pathname)) return server.handle(request, info)
    const name = files.has(pathname) ? pathname : '/index.html' // every other path is a page of the panel
    const headers = { ...SAFE, 'content-type': TYPES[extname(name)] ?? 'application/octet-stream' }
    return new Response(files.get(name) ?? 'Not built.', {
      headers: { ...headers, 'cache-control': name === '/index.html' ? 'no-store' : 'max-age=31536000' },
    })
  }

  const { origin, port, hostname } = new URL(publicUrl)
  const http = createServer(toNodeListener(handle, { origin }))
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen(Number(port), hostname, resolve)
  })
  return async () => {
    // Wait for refreshes that are under way, so that their tokens are stored before the file closes.
    await server.drain({ timeoutMs: 5_000 })
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
    store.close()
  }
}

/** Every file below `folder`, by its URL path. */
async function filesOf(folder: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`)
  const read = async (path: string) =>
    [path.slice(folder.length), new Uint8Array(await readFile(path))] as const
  return new Map(await Promise.all(paths.map(read)))
}
