import { posix } from 'node:path'

/**
 * What of the links of pages leads nowhere: pages, anchors, pictures. Of links to elsewhere only the form is judged;
 * nothing is asked of the network. `pages` are the insides of pages as HTML, by their paths on the site; `files` are the
 * paths of all else.
 */
export function checkLinks(pages: ReadonlyMap<string, string>, files: ReadonlySet<string>): string[] {
  const ids = new Map([...pages].map(([path, html]) => [path, idsOf(html)]))
  return [...pages].flatMap(([path, html]) =>
    targetsOf(html).flatMap((href) => {
      if (/^[a-z]+:/.test(href)) return isGood(href) ? [] : [`${path}: ${href} is no address`]
      const [file = '', anchor = ''] = href.split('#')
      const target = file ? pageAt(posix.resolve('/', posix.dirname(path), decodeURI(file))) : path
      if (!pages.has(target) && !files.has(target)) return [`${path}: ${href} leads nowhere`]
      if (anchor && !ids.get(target)?.has(decodeURIComponent(anchor)))
        return [`${path}: ${href} has no such heading`]
      return []
    }),
  )
}

const pageAt = (path: string) => (path === '/' ? 'index.html' : path.slice(1))
const unescaped = (text: string) => text.replaceAll('&quot;', '"').replaceAll('&amp;', '&')
const targetsOf = (html: string) =>
  [...html.matchAll(/ (?:href|src)="([^"]*)"/g)].map(([, href = '']) => unescaped(href))
const idsOf = (html: string) =>
  new Set([...html.matchAll(/ id="([^"]*)"/g)].map(([, id = '']) => unescaped(id)))

/** Encrypted, or of this very machine. */
function isGood(href: string): boolean {
  if (!URL.canParse(href)) return false
  const { protocol, hostname } = new URL(href)
  return protocol === 'https:' || (protocol === 'http:' && /^(localhost|127\.0\.0\.1)$/.test(hostname))
}
