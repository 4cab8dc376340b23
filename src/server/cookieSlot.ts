import { withoutBlanks } from '../base/blanks.ts'
import { Misconfigured } from '../base/errors.ts'

/** A cookie of this server: reads it, sets it and deletes it. */
export interface CookieSlot {
  /**
   * Every value that a request has under this name, in the browser's order, without repetitions. Panels under nested
   * paths of one host, and sibling domains, may set cookies of one name. A value counts only after it was opened.
   */
  values(request: Pick<Request, 'headers'>): readonly string[]
  /** A `Set-Cookie` value. */
  set(value: string, maxAgeMs: number): string
  clear(): string
  /** `Set-Cookie` values that delete cookies of a sibling domain for `pathname`. Our own cookies have no domain. */
  clearForeign(pathname: string): readonly string[]
}

export interface CookieOptions {
  /** Without prefix. */
  readonly name: string
  /** The panel's address in browsers: its cookies are for that host and path. */
  readonly publicUrl: URL
  readonly isSecure: boolean
}

/**
 * Not `Strict`: after a login at a provider the browser comes from another site, and its first page must know the
 * session. Requests that change something also need a header.
 */
export const SAME_SITE = 'Lax'
/** The limit of browsers for name, value and attributes together (RFC 6265bis section 5.6). */
const MAX_BYTES = 4_096
/** If there are more values of one name, somebody planted them; each may cost a read of the store. */
const MAX_VALUES = 32

/**
 * A cookie of this server. Its prefix is `__Host-` if it is secure and for the whole origin, and `__Secure-` if it is
 * for a path. It has no prefix over plain http.
 */
export function cookieSlot({ name, publicUrl, isSecure }: CookieOptions): CookieSlot {
  const { hostname } = publicUrl
  // Without the slash at its end: `/panel/` does not match `/panel`, where many frameworks show the panel's first page.
  const path = publicUrl.pathname.slice(0, -1) || '/'
  const prefix = isSecure ? (path === '/' ? '__Host-' : '__Secure-') : ''
  const fullName = `${prefix}${name}`
  const attributes = `HttpOnly; SameSite=${SAME_SITE}${isSecure ? '; Secure' : ''}`
  const own = `Path=${path}; ${attributes}`
  return {
    values(request) {
      const values: string[] = []
      for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
        const equals = pair.indexOf('=')
        if (equals < 0 || withoutBlanks(pair.slice(0, equals)) !== fullName) continue
        const value = withoutBlanks(pair.slice(equals + 1))
        if (value !== '' && !values.includes(value)) values.push(value)
        if (values.length === MAX_VALUES) break
      }
      return values
    },
    set(value, maxAgeMs) {
      const line = `${fullName}=${value}; Max-Age=${Math.floor(maxAgeMs / 1000)}; ${own}`
      if (line.length > MAX_BYTES)
        throw new Misconfigured(
          `The cookie "${fullName}" has ${line.length} bytes; browsers drop more than ${MAX_BYTES}. Keep sessions in a store.`,
        )
      return line
    },
    clear: () => `${fullName}=; Max-Age=0; ${own}`,
    clearForeign: (pathname) =>
      // A cookie with this prefix never has a domain or another path.
      prefix === '__Host-'
        ? []
        : parentDomains(hostname).flatMap((domain) =>
            pathsTo(pathname).map(
              (at) => `${fullName}=; Max-Age=0; Domain=${domain}; Path=${at}; ${attributes}`,
            ),
          ),
  }
}

/** The domains for which a sibling of `host` may set cookies. */
function parentDomains(host: string): string[] {
  if (/^[\d.]+$|:/.test(host)) return []
  const labels = host.split('.')
  return labels.slice(0, -1).map((_, i) => labels.slice(i).join('.'))
}

/** Nobody plants a cookie for a deeper path that reaches a path of ours. */
const MAX_DEPTH = 6

/** The paths whose cookies a browser sends to `pathname` (RFC 6265 section 5.1.4). */
function pathsTo(pathname: string): string[] {
  const folders = pathname.split('/').slice(1, MAX_DEPTH)
  const paths = folders.flatMap((_, i) => {
    const path = `/${folders.slice(0, i + 1).join('/')}`
    return path.endsWith('/') ? [path] : [path, `${path}/`]
  })
  return [...new Set(['/', ...paths])]
}
