import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stateNodes } from '../chart.ts'
import { apiPage } from './apiPage.ts'
import { checkLinks } from './checkLinks.ts'
import { frame, relative } from './frame.ts'
import { chapters } from './navigation.ts'
import type { Body, Page } from './page.ts'
import { type ApiModule, readApi } from './readApi.ts'
import { readReasons } from './readReasons.ts'
import { renderMarkdown, type Surroundings } from './renderMarkdown.ts'
import { searchIndex } from './searchIndex.ts'
import { sourcePage } from './sourcePage.ts'
import { statePage } from './statePage.ts'
import { drawChart, drawMermaid, type Picture } from './statePictures.ts'
import { testTitles } from './testTitles.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const assets = fileURLToPath(new URL('assets/', import.meta.url))

/** A built site: its files by path, and what is wrong with it. */
export interface Site {
  readonly files: ReadonlyMap<string, string | Uint8Array>
  readonly problems: readonly string[]
}

/** Builds the whole site in memory, and judges it. */
export async function buildSite(): Promise<Site> {
  const { modules, problems } = readApi()
  problems.push(...unlisted())
  const files = new Map<string, string | Uint8Array>()
  const sources = new Set<string>()
  const written = chapters.flatMap(({ title, pages }) => pages.map((page) => ({ ...page, chapter: title })))
  const there = written.filter(({ source }) => existsSync(root + source))
  const names = namesOf(modules)

  /** What a text of `source` that stands at `path` needs to know. */
  const around = (source: string, path: string, drawings: ReadonlyMap<string, Picture>): Surroundings => ({
    linkTo: (href, text) => {
      if (/^[a-z]+:|^#/.test(href)) return href
      const [file = '', anchor] = href.split('#')
      const target = posix.join(posix.dirname(source), file)
      const page = there.find((other) => other.source === target)
      // What is generated has no source to link to, only its place.
      if (!page && file.endsWith('.html')) return href
      if (page) return relative(path, pathOf(page.source)) + (anchor ? `#${anchor}` : '')
      if (!existsSync(root + target) || !statSync(root + target).isFile()) {
        problems.push(`${source}: ${href} is no file`)
        return href
      }
      sources.add(target)
      const line = /\.test\.tsx?$/.test(target) ? titlesOf(target).get(text) : undefined
      return relative(path, `source/${target}.html`) + (line ? `#L${line}` : '')
    },
    imageAt: (src) => {
      const file = posix.join(posix.dirname(source), src)
      const bytes = readFileSync(root + file)
      const image = `assets/${posix.basename(file)}`
      files.set(image, bytes)
      return { src: relative(path, image), width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
    },
    nameAt: (name) => {
      const at = names.get(name)
      return at && relative(path, at)
    },
    drawingOf(code) {
      const { inPage, alone } = drawings.get(code) as Picture
      const file = `assets/${path.replace('.html', '').replaceAll('/', '-')}.svg`
      files.set(file, `<?xml-stylesheet href="site.css" type="text/css"?>\n${alone}\n`)
      return drawing(inPage, relative(path, file))
    },
  })

  const pages: Page[] = []
  for (const { source, title, chapter } of there) {
    const path = pathOf(source)
    const text = read(source)
    const drawings = new Map<string, Picture>()
    for (const [, code = ''] of text.matchAll(/^```mermaid\n(.*?)^```/gms)) {
      drawings.set(code, source === 'docs/statechart.md' ? drawChart() : drawMermaid(code))
    }
    const body = renderMarkdown(text, around(source, path, drawings))
    pages.push({ ...body, path, name: title, chapter, source })
    if (source === 'docs/statechart.md') {
      const meanings = readReasons()
      for (const { key } of stateNodes) {
        const state = statePage(key, meanings)
        const path = `states/${key}.html`
        const drawings = new Map([['', state.picture]])
        const body = renderMarkdown(state.markdown, around(path, path, drawings))
        pages.push({ ...body, path, name: key, chapter, isPart: true, source: 'machines/session.machine.ts' })
      }
    }
  }
  for (const module of modules) {
    const path = apiPathOf(module.id)
    const body = apiPage(module, around(module.source, path, new Map()))
    pages.push({
      ...body,
      path,
      name: module.specifier.replace('xstate-session/', ''),
      chapter: 'Reference',
      source: module.source,
    })
  }
  const searchable = [...pages]
  for (const file of sources) {
    const body: Body = sourcePage(file, read(file))
    pages.push({ ...body, path: `source/${file}.html`, name: file, chapter: '', source: file })
  }

  for (const page of pages) files.set(page.path, frame(page, pages))
  for (const asset of readdirSync(assets)) files.set(`assets/${asset}`, readFileSync(assets + asset))
  const widths = new Set(
    [...files.values()].flatMap((file) =>
      [...String(file).matchAll(/class="sideways w(\d+)"/g)].map(([, w]) => Number(w)),
    ),
  )
  files.set('assets/site.css', `${files.get('assets/site.css')}\n${[...widths].map(hintFor).join('')}`)
  files.set('assets/search-index.js', searchIndex(searchable))
  problems.push(...checkLinks(files))
  return { files, problems }
}

const widthOf = (picture: string) => Number(/ width="(\d+)"/.exec(picture)?.[1])

/** Where a picture of its width does not fit, the way to the rest of it is told. Around it: padding and border. */
const hintFor = (width: number) =>
  `@container (max-width: calc(${width + 2}px + 2.4rem - 1px)) {\n  .sideways.w${width} {\n    display: inline;\n  }\n}\n`

const drawing = (inPage: readonly string[], href: string) =>
  `<figure><figcaption>${inPage.length === 1 ? `<span class="sideways w${widthOf(inPage[0] as string)}">Scroll sideways for all of it. </span>` : ''}<a href="${href}">The picture by itself</a></figcaption><div class="drawing" tabindex="0" role="group" aria-label="Diagram">${inPage.join('')}</div></figure>`

const read = (file: string) => readFileSync(root + file, 'utf8')
const titles = new Map<string, Map<string, number>>()
/** The tests of a file: read once, however often a page names them. */
function titlesOf(file: string): Map<string, number> {
  const found = titles.get(file) ?? testTitles(file, read(file))
  titles.set(file, found)
  return found
}

const pathOf = (source: string) =>
  source === 'README.md' ? 'index.html' : `${posix.basename(source, '.md')}.html`
const apiPathOf = (id: string) => `api/${id === 'index' ? 'xstate-session' : id}.html`

/** Pages that nobody finds, and pages that are not there. */
function unlisted(): string[] {
  const listed = chapters.flatMap(({ pages }) => pages.map(({ source }) => source))
  const there = readdirSync(`${root}docs`).filter((file) => file.endsWith('.md'))
  return [
    ...there
      .map((file) => `docs/${file}`)
      .filter((source) => !listed.includes(source))
      .map((source) => `${source} is not in docs/site/navigation.ts`),
    ...listed
      .filter((source) => !existsSync(root + source))
      .map((source) => `${source} is listed and not there`),
  ]
}

/** Where each public name is explained. */
function namesOf(modules: readonly ApiModule[]): Map<string, string> {
  const names = new Map<string, string>()
  for (const { id, entries } of modules) {
    for (const { name, home } of entries) if (!home) names.set(name, `${apiPathOf(id)}#${name}`)
  }
  return names
}
