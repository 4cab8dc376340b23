import { posix } from 'node:path'
import { escapeHtml } from './escapeHtml.ts'
import type { Page } from './page.ts'

/** Nothing of another origin, and nothing in line. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** From one page of the site to a path of it. */
export const relative = (from: string, to: string) =>
  posix.relative(posix.dirname(from), to) || posix.basename(to)

/** A page in its frame: what surrounds the text on every page of the site. */
export function frame(page: Page, pages: readonly Page[]): string {
  const at = (path: string) => relative(page.path, path)
  const listed = pages.filter(({ chapter }) => chapter)
  const index = listed.indexOf(page)
  const before = index > 0 ? listed[index - 1] : undefined
  const after = index >= 0 ? listed[index + 1] : undefined
  const title = page.path === 'index.html' ? page.title : `${page.title} · xstate-session`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="${at('assets/icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${at('assets/site.css')}">
<script src="${at('assets/search.js')}" defer></script>
<script src="${at('assets/navigation.js')}" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header class="bar">
<button class="menu" popovertarget="pages" type="button"><span aria-hidden="true">☰</span> Pages</button>
<a class="brand" href="${at('index.html')}"><img src="${at('assets/icon.svg')}" alt="" width="22" height="22">xstate-session</a>
<search class="search" data-index="${at('assets/search-index.js')}" data-root="${at('.')}" hidden>
<input type="search" id="search" placeholder="Search" aria-label="Search these pages" autocomplete="off" spellcheck="false">
<kbd aria-hidden="true">/</kbd>
<div class="found" aria-live="polite" hidden></div>
</search>
</header>
<div class="columns">
<nav id="pages" class="pages" popover aria-label="Pages">
${navigation(page, listed)}
</nav>
<main id="content" tabindex="-1">
<article>
${page.html}
</article>
${before || after ? neighbours(page, before, after) : ''}
</main>
${contents(page)}
</div>
</body>
</html>
`
}

function navigation(page: Page, pages: readonly Page[]): string {
  const chapters = [...new Set(pages.map(({ chapter }) => chapter))]
  return chapters
    .map((chapter) => {
      const links = pages
        .filter((other) => other.chapter === chapter)
        .map((other) => {
          const here = other === page ? ' aria-current="page"' : ''
          return `<li${other.isPart ? ' class="part"' : ''}><a href="${relative(page.path, other.path)}"${here}>${escapeHtml(other.name)}</a></li>`
        })
      return `<p class="chapter">${escapeHtml(chapter)}</p>\n<ul>\n${links.join('\n')}\n</ul>`
    })
    .join('\n')
}

/** What is on this page: its second and third headings. */
function contents({ headings }: Page): string {
  const shown = headings.filter(({ level }) => level === 2 || level === 3)
  if (shown.length < 2) return '<div class="contents"></div>'
  const links = shown.map(
    ({ level, anchor, title }) =>
      `<li class="level-${level}"><a href="#${encodeURI(anchor)}">${escapeHtml(title)}</a></li>`,
  )
  return `<nav class="contents" aria-label="On this page">
<p class="chapter">On this page</p>
<ul>
${links.join('\n')}
</ul>
</nav>`
}

function neighbours(page: Page, before: Page | undefined, after: Page | undefined): string {
  const link = (other: Page | undefined, word: string) =>
    other
      ? `<a class="${word.toLowerCase()}" href="${relative(page.path, other.path)}"><span>${word}</span>${escapeHtml(other.name)}</a>`
      : '<span></span>'
  return `<nav class="neighbours" aria-label="Before and after">${link(before, 'Previous')}${link(after, 'Next')}</nav>`
}
