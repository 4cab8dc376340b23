import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { librechatLogin } from 'xstate-session/librechat-login'
import { createSessionServer, memoryServerStore, type SessionServer } from 'xstate-session/server'
import { buildPage } from '../buildPage.ts'
import { startServer } from './bff/server.ts'
import { boundSubject } from './boundSubject.ts'
import { type PageProvider, startPageProvider } from './provider.ts'
import { serveFiles } from './serveFiles.ts'

/** The examples of the guides, by their folders. */
export const names = ['xstate', 'bff', 'react', 'react-admin', 'refine', 'tanstack'] as const
export type EmbedName = (typeof names)[number]

export interface OauthEmbed {
  readonly provider: PageProvider
  stop(): Promise<void>
}

export interface OauthEmbedOptions {
  /** How long access tokens live; seconds. @default 600 */
  readonly accessTokenTtl?: number
  /** Whether the tokens are bound to a key of the browser. @default false */
  readonly isBound?: boolean
  /** Whether it is the page in React. @default false */
  readonly isReact?: boolean
}

/** What the page of the guide has more where its tokens are bound: each line, and the line before it. */
export const boundLines = [
  [
    "import { browserOptions } from 'xstate-session/browser'",
    "import { dpopKey } from 'xstate-session/dpop'",
  ],
  ["  scope: 'openid profile email offline_access',", '  dpop: dpopKey(),'],
] as const

/** Builds the page of the guide for any provider, and serves it with an API beside a provider of its own. */
export async function startOauthEmbed(
  publicUrl: string,
  { accessTokenTtl, isBound = false, isReact = false }: OauthEmbedOptions = {},
): Promise<OauthEmbed> {
  const provider = await startPageProvider({
    redirectUri: `${publicUrl}/callback`,
    postLogoutRedirectUri: `${publicUrl}/`,
    isBound,
    ...(accessTokenTtl && { accessTokenTtl }),
  })
  const folder = await mkdtemp(join(tmpdir(), 'embed-oauth-'))
  await buildPage(fileURLToPath(new URL(isReact ? 'oauth-react' : 'oauth', import.meta.url)), folder, {
    define: { 'import.meta.env.VITE_ISSUER': JSON.stringify(provider.issuer) },
    plugins: isBound
      ? [
          {
            name: 'bound',
            enforce: 'pre' as const,
            transform: (code, id) => (/oauth\/main\.ts$/.test(id) ? bound(code) : null),
          },
        ]
      : [],
  })
  const html = await readFile(join(folder, 'index.html'))
  const seen = new Set<string>()
  const close = await serveFiles(folder, publicUrl, async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname !== '/api/orders') return page(html, provider.issuer)
    if (isBound) {
      const found = await boundSubject(request, publicUrl + pathname, provider.tokenOf, seen)
      if ('subject' in found) return Response.json([`An order of ${found.subject}`])
      const headers = { 'www-authenticate': `DPoP error="${found.error}", algs="ES256"` }
      return new Response(null, { status: 401, headers })
    }
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

function bound(code: string): string {
  return boundLines.reduce((text, [before, line]) => {
    if (!text.includes(before)) throw new Error(`The page of the guide has no line "${before}".`)
    return text.replace(before, `${before}\n${line}`)
  }, code)
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
      /^\/(session|api|auth)(\/|$)/.test(new URL(request.url).pathname)
        ? server.handle(request, info)
        : renderPage(request, server),
    )
  }
}
