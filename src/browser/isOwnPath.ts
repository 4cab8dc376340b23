import { parseUrl } from '../base/parseUrl.ts'

/**
 * Whether `place` is a path of this page's own site. A login page may then go there after the login, even if the path
 * stands in its address, which any link can write. Another site in any spelling, a `javascript:` URL, and anything that
 * is no text are refused.
 *
 * Does not tell whether there is such a page. On a server give the `origin`.
 *
 * @example
 * const returnTo = new URLSearchParams(location.search).get('returnTo')
 * location.replace(isOwnPath(returnTo) ? returnTo : '/')
 */
export function isOwnPath(place: unknown, origin: string = location.origin): place is string {
  if (typeof place !== 'string' || !place.startsWith('/')) return false
  const url = parseUrl(place, origin)
  // `/.//elsewhere` stays here, but its parsed form does not.
  return url?.origin === origin && !url.pathname.startsWith('//')
}
