import { Misconfigured } from '../session/errors.ts'

/** A call that is listed: where it goes, below the backend's base URL. */
export interface RouteMatch {
  /** Relative, query included. */
  readonly path: string
}

const OUTBOUND = [
  'accept',
  'accept-language',
  'content-type',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'range',
]
const INBOUND = [
  'content-type',
  'content-language',
  'content-disposition',
  'content-range',
  'accept-ranges',
  'etag',
  'last-modified',
  'retry-after',
  'x-request-id',
]

/** The backend's routes that answer with tokens, in any case, for its router does not care: no page behind us needs them. */
const TOKENS = /^api\/(admin\/(login|oauth)|auth\/(login|refresh|2fa\/verify-temp))(\/|$)/i

/** The static table of what the panel at `base` may call: path prefix, below `base`, to methods. */
export function createRoutes(api: Readonly<Record<string, readonly string[]>>, base: string) {
  const table = Object.entries(api).map(([prefix, methods]) => {
    if (!/^\/[\w./-]*\/$/.test(prefix) || prefix.includes('..') || prefix.includes('//'))
      throw new Misconfigured('Option "api": a prefix must be a plain path that starts and ends with "/".')
    return { prefix, methods: methods.map((method) => method.toUpperCase()) }
  })
  return function match({ pathname, search }: URL, method: string): RouteMatch | undefined {
    // Encoded separators and dots mean one thing here and another behind the next parser.
    if (/%(2f|5c|2e|25|00)/i.test(pathname) || pathname.includes('//') || pathname.includes('\\'))
      return undefined
    if (!pathname.startsWith(base)) return undefined
    const path = pathname.slice(base.length)
    // Letters that are encoded without need, too.
    if (TOKENS.test(decoded(path))) return undefined
    const route = table.find(
      ({ prefix, methods }) => `/${path}`.startsWith(prefix) && methods.includes(method),
    )
    return route && { path: `${path}${search}` }
  }
}

/** What of a page's headers the backend gets. */
export const upstreamHeaders = (request: Request) => picked(request.headers, OUTBOUND)

/** What of the backend's headers a page gets. */
export const downstreamHeaders = (answer: Response) => ({
  ...picked(answer.headers, INBOUND),
  'cache-control': 'no-store',
  vary: 'Cookie',
  'x-content-type-options': 'nosniff',
  // What somebody uploaded there, opened as a page, would else be a page of ours, with our cookie.
  'content-security-policy': "default-src 'none'; sandbox",
})

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function picked(headers: Headers, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of names) {
    const value = headers.get(name)
    if (value !== null) found[name] = value
  }
  return found
}
