import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { stateNodes } from '../chart.ts'
import { filesNamedIn } from './filesNamedIn.ts'
import { pictureOf } from './pictureOf.ts'
import type { Reference } from './readReference.ts'
import { reasonsOf } from './reasonsOf.ts'
import { pageOfFile, pageOfSource, pagesFolder, root } from './siteMap.ts'
import { statePage } from './statePage.ts'

const runs = `${root}docs/runs`
const chartStyle = readFileSync(new URL('draw/chart.css', import.meta.url), 'utf8')

/** Writes every page as Markdown to where VitePress builds the site from. */
export async function writePages(reference: Reference): Promise<void> {
  rmSync(pagesFolder, { recursive: true, force: true })
  const names = await reference.write(`${pagesFolder}api`)
  // The index of the modules, and what TypeDoc takes along: the site has both.
  rmSync(`${pagesFolder}api/modules.md`)
  rmSync(`${pagesFolder}api/_media`, { recursive: true, force: true })
  const links = [...names].map(([name, url]) => [name, `/api/${url}`])
  write('names.json', JSON.stringify(Object.fromEntries(links)))

  const files = new Set<string>()
  for (const [source, page] of pageOfSource) {
    const text = readFileSync(root + source, 'utf8')
    for (const file of filesNamedIn(text)) files.add(file)
    writePage(page, source === 'docs/runs.md' ? text.replace(/^## /m, `${listOfRuns()}\n$&`) : text)
  }
  const reasons = reasonsOf(reference)
  for (const { key } of stateNodes) writePage(`states/${key}.md`, statePage(key, reasons))
  for (const file of files) write(pageOfFile(file), sourcePage(file))

  cpSync(new URL('assets/', import.meta.url), `${pagesFolder}public`, { recursive: true })
  cpSync(`${root}docs/screenshots`, `${pagesFolder}public/screenshots`, { recursive: true })
  if (existsSync(runs)) cpSync(runs, `${pagesFolder}public/runs`, { recursive: true })
}

/** A page, and the files of its pictures. */
function writePage(page: string, text: string): void {
  write(page, text)
  for (const [, code = ''] of text.matchAll(/^```mermaid\n(.*?)^```/gms)) {
    const { alone, file } = pictureOf(page, code)
    write(
      `public/${file}`,
      alone.replace('>', `><style>:root { color-scheme: light dark }\n${chartStyle}</style>`),
    )
  }
}

function write(page: string, text: string): void {
  mkdirSync(dirname(pagesFolder + page), { recursive: true })
  writeFileSync(pagesFolder + page, text)
}

/** A file of the repository that a page names; without colours, which would take longer than all else. */
function sourcePage(file: string): string {
  const text = readFileSync(root + file, 'utf8')
  const fence = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)))
  const front = `---\nsearch: false\naside: false\nprev: false\nnext: false\npageClass: source\n---\n`
  return `${front}\n# ${file}\n\n${fence}text lines\n${text}\n${fence}\n`
}

/** The pages that long runs have written, by the titles that they have given them. */
function listOfRuns(): string {
  const pages = existsSync(runs) ? readdirSync(runs).filter((file) => file.endsWith('.html')) : []
  if (!pages.length) return 'None is kept here yet.\n'
  const links = pages.map((file) => {
    const title = /<title>([^<]*)/.exec(readFileSync(`${runs}/${file}`, 'utf8'))?.[1] ?? file
    // It is no page of VitePress, which would look for one.
    return `- <a :href="withBase('/runs/${file}')" target="_self">${title}</a>\n`
  })
  return `<script setup>\nimport { withBase } from 'vitepress'\n</script>\n\n${links.join('')}`
}
