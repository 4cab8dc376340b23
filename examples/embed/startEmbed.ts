import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSessionServer, memoryEntries, type SessionServer } from 'xstate-session/server'
import { buildPage } from '../buildPage.ts'
import { startServer } from './bff/server.ts'
import { serveFiles } from './serveFiles.ts'

/** The examples of the guides, by their folders. */
export const names = ['xstate', 'bff', 'react', 'react-admin', 'refine', 'tanstack'] as const
export type EmbedName = (typeof names)[number]

export interface EmbedOptions {
  readonly backendUrl: string
  /** Where browsers find the panel: on this machine, with a port. */
  readonly publicUrl: string
}

/** Builds the example of a guide and serves it as the guide says. Answers a function that stops it. */
export async function startEmbed(name: EmbedName, options: EmbedOptions): Promise<() => Promise<void>> {
  const { backendUrl, publicUrl } = options
  const root = fileURLToPath(new URL(name, import.meta.url))
  const folder = await mkdtemp(join(tmpdir(), `embed-${name}-`))
  const pages = join(folder, 'page')
  const stop = await start()
  return async () => {
    await stop()
    await rm(folder, { recursive: true })
  }

  async function start(): Promise<() => Promise<void>> {
    if (name === 'react') return startRendered()
    await buildPage(root, pages, {
      define: { 'import.meta.env.VITE_BACKEND_URL': JSON.stringify(backendUrl) },
    })
    if (name === 'xstate') return startAlone()
    return startServer({ backendUrl, publicUrl, folder: pages })
  }

  /** A page without a server of its own: any host of files will do. */
  async function startAlone(): Promise<() => Promise<void>> {
    const page = await readFile(join(pages, 'index.html'))
    const headers = {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'self'; connect-src 'self' ${backendUrl}; object-src 'none'; base-uri 'none'`,
      'cross-origin-opener-policy': 'same-origin',
    }
    return serveFiles(pages, publicUrl, async () => new Response(page, { headers }))
  }

  /** A page that its server renders. */
  async function startRendered(): Promise<() => Promise<void>> {
    await buildPage(root, pages, {
      build: { rolldownOptions: { input: `${root}/page.tsx`, output: { entryFileNames: 'page.js' } } },
    })
    const rendering = join(folder, 'server')
    await buildPage(root, rendering, {
      build: { ssr: `${root}/server.tsx`, rolldownOptions: { output: { entryFileNames: 'server.mjs' } } },
      ssr: { noExternal: true },
    })
    const { renderPage } = (await import(`${rendering}/server.mjs`)) as {
      renderPage(request: Request, server: SessionServer): Promise<Response>
    }
    const server = createSessionServer({
      baseUrl: backendUrl,
      publicUrl,
      secrets: [crypto.randomUUID() + crypto.randomUUID()],
      store: memoryEntries(),
    })
    return serveFiles(pages, publicUrl, (request, info) =>
      /^\/(session|api|auth)\//.test(new URL(request.url).pathname)
        ? server.handle(request, info)
        : renderPage(request, server),
    )
  }
}
