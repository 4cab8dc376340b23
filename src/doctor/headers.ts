import { type Finding, findingsOf } from '../base/finding.ts'
import type { Answer } from './ask.ts'
import { plain } from './deployment.ts'

/** The headers of every answer of the session server, which a proxy may remove or replace. */
const OWN: Readonly<Record<string, RegExp>> = {
  vary: /\bcookie\b/i,
  'x-content-type-options': /^nosniff$/i,
  'content-security-policy': /default-src 'none'/,
  'cross-origin-opener-policy': /^same-origin$/,
}

/** Whether the session server's answer arrived unchanged: its headers, and from no cache. */
export function answerFindings({ headers }: Answer): Finding[] {
  const cache = findingsOf('caching')
  const told = headers['cache-control'] ?? 'no Cache-Control'
  const isCached = headers.age !== undefined
  const changed = Object.entries(OWN).flatMap(([name, form]) =>
    form.test(String(headers[name] ?? '')) ? [] : [name],
  )
  return [
    isCached
      ? cache.wrong(
          'The answer comes from a cache (it has an Age), so one user may see the session of another. Exclude the paths of the session server from the cache.',
        )
      : /\bno-store\b/i.test(told)
        ? cache.ok('Caches do not store the answers of the session server.')
        : cache.wrong(
            `Caches may store the answers of the session server: it sent Cache-Control: no-store, and ${plain(told)} arrived. Let the proxy or CDN leave Cache-Control alone.`,
          ),
    changed.length === 0
      ? findingsOf('answer headers').ok('The headers of its answers arrive.')
      : findingsOf('answer headers').wrong(
          `A proxy in front removes or replaces headers of the answers: ${changed.join(', ')}. Let it pass on the headers that the session server sends.`,
        ),
  ]
}

/** Whether a page has the headers that keep the address of a callback from scripts. */
export function pageFindings(page: Answer | undefined, url: URL): Finding[] {
  const { ok, wrong, unknown } = findingsOf('page headers')
  if (page?.status !== 200 || !/^text\/html/i.test(page.headers['content-type'] ?? ''))
    return [
      unknown(`There is no page at ${url.href}: run the doctor with the address of the panel's first page.`),
    ]
  const opener = page.headers['cross-origin-opener-policy']?.toString()
  const policy = String(page.headers['content-security-policy'] ?? '')
  const directives = new Map(
    policy.split(/[;,]/).map((directive) => {
      const [name = '', ...sources] = directive.trim().split(/\s+/)
      return [name.toLowerCase(), sources] as const
    }),
  )
  const frames = directives.get('frame-src') ?? directives.get('child-src') ?? directives.get('default-src')
  const isOpen = frames?.some((source) => /^(\*|https?:|https?:\/\/\*)$/i.test(source))
  return [
    opener?.startsWith('same-origin') && !opener.startsWith('same-origin-allow')
      ? ok('The page has Cross-Origin-Opener-Policy: same-origin.')
      : wrong(
          `The page has ${opener === undefined ? 'no Cross-Origin-Opener-Policy' : `Cross-Origin-Opener-Policy: ${plain(opener)}`}: send same-origin with every page, or a script can read the address of a login in a window of its own.`,
        ),
    policy === ''
      ? wrong(
          "The page has no Content-Security-Policy: send one with every page, with frame-src 'self' and frame-ancestors 'none' at least.",
        )
      : frames && !isOpen
        ? ok('The Content-Security-Policy of the page says which frames it may have.')
        : wrong(
            "The Content-Security-Policy of the page lets it frame any site: name frame-src 'self' (or default-src) in it.",
          ),
    ...(policy === '' || directives.has('frame-ancestors')
      ? []
      : [
          wrong(
            "The Content-Security-Policy of the page has no frame-ancestors: add frame-ancestors 'none'.",
          ),
        ]),
  ]
}
