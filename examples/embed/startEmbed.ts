import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { librechatLogin } from 'xstate-session/librechat-login'
import { createSessionServer, memoryServerStore, type SessionServer } from 'xstate-session/server'
import { buildPage } from '../buildPage.ts'
import { startServer } from './bff/server.ts'
import { type PageProvider, startPageProvider } from './provider.ts'
import { serveFiles } from './serveFiles.ts'

/** The examples of the guides, by their folders. */
export const names = ['xstate', 'bff', 'react', 'react-admin', 'refine', 'tanstack'] as const
export type EmbedName = (typeof names)[number]

export interface OauthEmbed {
  readonly provider: PageProvider
  stop(): Promise<void>
}

/** Builds the page of the guide for any provider, and serves it with an API beside a provider of its own. */
export async function startOauthEmbed(publicUrl: string, accessTokenTtl?: number): Promise<OauthEmbed> {
  const provider = await startPageProvider({
    redirectUri: `${publicUrl}/callback`,
    postLogoutRedirectUri: `${publicUrl}/`,
    ...(accessTokenTtl && { accessTokenTtl }),
  })
  const folder = await mkdtemp(join(tmpdir(), 'embed-oauth-'))
  await buildPage(fileURLToPath(new URL('oauth', import.meta.url)), folder, {
    define: { 'import.meta.env.VITE_ISSUER': JSON.stringify(provider.issuer) },
  })
  const html = await readFile(join(folder, 'index.html'))
  const close = await serveFiles(folder, publicUrl, async (request) => {
    if (new URL(request.url).pathname !== '/api/orders') return page(html, provider.issuer)
    const token = /^Bearer (\S+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
    const who = token && (await provider.subjectOf(token))
    return who ? Response.json([`An order of ${who}`]) : new Response(null, { status: 401 })
  })
  return {
    provider,
    async stop() {
      await close()
      await provider.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** A page without a server of its own: it asks `elsewhere`, and nobody else. */
function page(html: Buffer, elsewhere: string): Response {
  return new Response(new Uint8Array(html), {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'self'; connect-src 'self' ${elsewhere}; object-src 'none'; base-uri 'none'`,
      'cross-origin-opener-policy': 'same-origin',
    },
  })
}

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
    const html = await readFile(join(pages, 'index.html'))
    return serveFiles(pages, publicUrl, async () => page(html, backendUrl))
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
      publicUrl,
      logins: { librechat: librechatLogin({ baseUrl: backendUrl }) },
      secrets: [crypto.randomUUID() + crypto.randomUUID()],
      store: memoryServerStore(),
    })
    return serveFiles(pages, publicUrl, (request, info) =>
      /^\/(session|api|auth)\//.test(new URL(request.url).pathname)
        ? server.handle(request, info)
        : renderPage(request, server),
    )
  }
}
