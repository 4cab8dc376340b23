import { filesOf } from '../../filesOf.ts'

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
  html: 'text/html; charset=utf-8',
}

/** Nothing from elsewhere, nothing in line, and nobody frames it. */
const policy = (inspector: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self' ${inspector}`.trim(),
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ')

const commonHeaders = (inspector: string) => ({
  'content-security-policy': policy(inspector),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
})

export interface PagesOptions {
  /** What a page may know from its first byte on. @default nothing */
  readonly factsOf?: (request: Request) => Promise<unknown>
  /** The WebSocket of an inspector that the page reports to. @default none */
  readonly inspectorUrl?: string | undefined
  /** Where users of the page log in. @default 'form' */
  readonly login?: 'form' | 'provider'
}

/** Serves a built page: its files by name, and the page itself, with the facts of the session in it, for all else. */
export async function createPages(
  folder: string,
  { factsOf = async () => null, inspectorUrl, login = 'form' }: PagesOptions = {},
) {
  const built = await filesOf(folder)
  const common = commonHeaders(inspectorUrl ?? '')
  const page = new TextDecoder()
    .decode(built.get('/index.html'))
    .replace('"INSPECTOR"', () => JSON.stringify(inspectorUrl ?? null))
    .replace('"LOGIN"', () => JSON.stringify(login))

  return async (request: Request): Promise<Response> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return new Response(null, { status: 405 })
    const { pathname } = new URL(request.url)
    const file = pathname === '/index.html' ? undefined : built.get(pathname)
    if (file)
      return new Response(file, {
        headers: {
          ...common,
          'content-type': TYPES[pathname.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
          // Their names change with their content.
          'cache-control': 'public, max-age=31536000, immutable',
        },
      })
    if (/\.\w+$/.test(pathname)) return new Response('Not found', { status: 404, headers: common })
    const facts = JSON.stringify((await factsOf(request)) ?? null).replaceAll('<', '\\u003c')
    return new Response(
      page.replace('"FACTS"', () => facts),
      {
        headers: { ...common, 'content-type': TYPES.html ?? '', 'cache-control': 'no-store', vary: 'Cookie' },
      },
    )
  }
}
