import { parseUrl } from '../base/parseUrl.ts'

/**
 * Whether `place` is a path of this page's own site: what a login page may take for the way back when it stands in
 * its address, where any link can write it. Another site, in whatever spelling, a `javascript:` URL and anything that
 * is no text are none.
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
  // `/.//elsewhere` stays here, and what is made of it does not.
  return url?.origin === origin && !url.pathname.startsWith('//')
}
