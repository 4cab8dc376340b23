/**
 * A path, query and hash of the panel at `base` that is safe to redirect to; for anything else the panel's root. It
 * checks the result of the browser's parser, not only the text: `/./\evil` starts like a path and becomes `//evil`.
 * A router may decode a path, so an encoded backslash counts there; in a query it is text. `refused` are paths that are
 * never a target, because a login would lead back to the login.
 */
export function safeReturnTo(value: unknown, base: URL, refused: readonly string[]): string {
  const home = base.pathname
  if (typeof value !== 'string' || !isPath(value)) return home
  const url = URL.parse(value, base.origin)
  if (!url || url.origin !== base.origin || !isPath(url.pathname) || /%5c/i.test(url.pathname)) return home
  const isInside = url.pathname.startsWith(home) || `${url.pathname}/` === home
  if (!isInside || refused.some((path) => isUnder(url.pathname, path))) return home
  return `${url.pathname}${url.search}${url.hash}`
}

/** One slash, then neither a slash nor a backslash; no control character, because parsers drop them. */
const isPath = (text: string) => /^\/(?![/\\])/.test(text) && !/[\p{Cc}\\]/u.test(text)

function isUnder(pathname: string, path: string): boolean {
  const folder = path.endsWith('/') ? path : `${path}/`
  return `${pathname.replace(/\/$/, '')}/`.toLowerCase().startsWith(folder.toLowerCase())
}
