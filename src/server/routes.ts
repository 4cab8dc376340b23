import { Misconfigured } from '../base/errors.ts'
import { withoutNamedLogin } from './namedLogin.ts'
import { plainPath } from './plainPath.ts'

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

/** Of `api/auth/` what answers with no token. All that may still come there is refused until it is listed here. */
const HARMLESS = /^2fa\/(enable|verify|confirm|disable|backup\/regenerate)$/

/**
 * Whether the backend may answer with tokens there. The second line behind the table: no page behind a server needs
 * these areas, so they are closed as a whole, whatever they grow to.
 */
function isTokenRoute(segments: readonly string[]): boolean {
  // As loosely as a router may read them: any case, compatible letters, without dots and blanks at the end.
  const names = segments.map((segment) =>
    segment
      .normalize('NFKC')
      .toLowerCase()
      .replace(/[. ]+$/, ''),
  )
  const [first, area, name = ''] = names
  if (first !== 'api') return names.includes('oauth')
  if (area === 'admin') return name === 'login' || name === 'oauth'
  if (area === 'auth') return !HARMLESS.test(names.slice(2).join('/'))
  return names.includes('oauth')
}

/** The static table of what the panel at `base` may call: path prefix, below `base`, to methods. */
export function createRoutes(api: Readonly<Record<string, readonly string[]>>, base: string) {
  const table = Object.entries(api).map(([prefix, methods]) => {
    if (!/^\/[\w./-]*\/$/.test(prefix) || !plainPath(prefix))
      throw new Misconfigured(
        `Option "api": a prefix must be a plain path that starts and ends with "/"; it is "${prefix}".`,
      )
    return { prefix, methods: methods.map((method) => method.toUpperCase()) }
  })
  return function match({ pathname, search }: URL, method: string): RouteMatch | undefined {
    if (!pathname.startsWith(base)) return undefined
    const path = pathname.slice(base.length)
    const segments = plainPath(`/${path}`)
    if (!segments || isTokenRoute(segments)) return undefined
    const route = table.find(
      ({ prefix, methods }) => `/${path}`.startsWith(prefix) && methods.includes(method),
    )
    return route && { path: `${path}${withoutNamedLogin(search)}` }
  }
}

/** What of a page's headers the backend gets. */
export const upstreamHeaders = (request: Request) => picked(request.headers, OUTBOUND)

/** A browser that meets one of the others asks its user for a password, in a window of its own. */
const TOKEN_CHALLENGES = /^(?!.*(?:^|,)[ \t]*(?:basic|digest|negotiate|ntlm)\b)[ \t]*(?:bearer|dpop)\b/i

/** What the backend asks of a page's login: a stronger one (RFC 9470), or another right. */
function challengeOf({ headers }: Response): Record<string, string> {
  const challenge = headers.get('www-authenticate') ?? ''
  return TOKEN_CHALLENGES.test(challenge) ? { 'www-authenticate': challenge } : {}
}

/** What of the backend's headers a page gets. */
export const downstreamHeaders = (answer: Response) => ({
  ...picked(answer.headers, INBOUND),
  ...challengeOf(answer),
  'cache-control': 'no-store',
  vary: 'Cookie',
  'x-content-type-options': 'nosniff',
  // What somebody uploaded there, opened as a page, would else be a page of ours, with our cookie.
  'content-security-policy': "default-src 'none'; sandbox",
})

function picked(headers: Headers, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of names) {
    const value = headers.get(name)
    if (value !== null) found[name] = value
  }
  return found
}
