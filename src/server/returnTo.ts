/**
 * A path, query and hash of the panel at `base` that is safe to redirect to; the panel's own root in place of
 * anything else. What a browser's parser makes of the text is judged, not the text alone: `/./\evil` starts like a
 * path and ends as `//evil`. `refused` are paths that never are a destination: logging in would lead back to login.
 */
export function safeReturnTo(value: unknown, base: URL, refused: readonly string[]): string {
  const home = base.pathname
  if (typeof value !== 'string' || !isPath(value)) return home
  const url = URL.parse(value, base.origin)
  if (!url || url.origin !== base.origin || !isPath(url.pathname)) return home
  const isInside = url.pathname.startsWith(home) || `${url.pathname}/` === home
  if (!isInside || refused.some((path) => isUnder(url.pathname, path))) return home
  return `${url.pathname}${url.search}${url.hash}`
}

/** One slash, then neither another nor a backslash; no control character, which parsers drop. */
const isPath = (text: string) => /^\/(?![/\\])/.test(text) && !/[\p{Cc}\\]/u.test(text)

function isUnder(pathname: string, path: string): boolean {
  const folder = path.endsWith('/') ? path : `${path}/`
  return `${pathname.replace(/\/$/, '')}/`.toLowerCase().startsWith(folder.toLowerCase())
}
