import type { Page } from './page.ts'

/**
 * What search.js looks through: a script, since a page that is opened as a file may not fetch. One row a section:
 * page, anchor, title of the page, title of the section, text.
 */
export function searchIndex(pages: readonly Page[]): string {
  const rows = pages.flatMap(({ path, name, sections }) =>
    sections.map(({ anchor, title, text }) => [path, anchor, name, title, text.replace(/\s+/g, ' ').trim()]),
  )
  return `window.searchIndex = ${JSON.stringify(rows)}\n`
}
