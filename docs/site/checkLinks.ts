import { posix } from 'node:path'

/**
 * What of the links of a built site leads nowhere: pages, anchors, pictures, styles, scripts. Of links to elsewhere
 * only the form is judged; nothing is asked of the network. Also styles in line, which no page shows.
 */
export function checkLinks(files: ReadonlyMap<string, string | Uint8Array>): string[] {
  const ids = new Map(
    [...files].map(([path, text]) => [path, typeof text === 'string' ? idsOf(text) : new Set()]),
  )
  return [...files].flatMap(([path, html]) => {
    if (!path.endsWith('.html') || typeof html !== 'string') return []
    const styles = [...new Set([...html.matchAll(/<[^>]* (style="[^"]*")/g)].map(([, style]) => style))]
    const links = targetsOf(html).flatMap((href) => {
      if (/^[a-z]+:/.test(href)) return isGood(href) ? [] : [`${path}: ${href} is no address`]
      const [file = '', anchor = ''] = href.split('#')
      const target = file ? posix.join(posix.dirname(path), decodeURI(file)) : path
      if (!files.has(target)) return [`${path}: ${href} leads nowhere`]
      if (anchor && !ids.get(target)?.has(decodeURIComponent(anchor)))
        return [`${path}: ${href} has no such heading`]
      return []
    })
    return [
      ...links,
      ...styles.map((style) => `${path}: ${style} is in line, and the policy of the pages forbids it`),
    ]
  })
}

const unescaped = (text: string) => text.replaceAll('&quot;', '"').replaceAll('&amp;', '&')
const targetsOf = (html: string) =>
  [...html.matchAll(/ (?:href|src|data-index)="([^"]*)"/g)].map(([, href = '']) => unescaped(href))
const idsOf = (html: string) =>
  new Set([...html.matchAll(/ id="([^"]*)"/g)].map(([, id = '']) => unescaped(id)))

/** Encrypted, or of this very machine. */
function isGood(href: string): boolean {
  if (!URL.canParse(href)) return false
  const { protocol, hostname } = new URL(href)
  return protocol === 'https:' || (protocol === 'http:' && /^(localhost|127\.0\.0\.1)$/.test(hostname))
}
