import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stateNodes } from '../chart.ts'
import { chapters } from './navigation.ts'

export const root = fileURLToPath(new URL('../../', import.meta.url))
/** What the pages are built from: every page as Markdown, where it will be on the site. */
export const pagesFolder = fileURLToPath(new URL('.pages/', import.meta.url))

/** Every page that is written by hand: its file from the root of the repository, and its place on the site. */
export const pageOfSource: ReadonlyMap<string, string> = new Map(
  chapters.flatMap(({ pages }) => pages.map(({ source }) => [source, placeOf(source)] as const)),
)

function placeOf(source: string): string {
  if (source === 'README.md') return 'index.md'
  return source.startsWith('docs/') ? source.slice('docs/'.length) : `project/${source.toLowerCase()}`
}

/** Where a file of the repository that is no page is shown. */
export const pageOfFile = (file: string) => `source/${file.replaceAll(/[/.]/g, '-')}.md`

/** The subpaths of the package: the reference has a page for each. */
export function subpaths(): string[] {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { exports: object }
  return Object.keys(exports)
    .filter((subpath) => subpath !== './package.json')
    .map((subpath) => subpath.replace('.', 'xstate-session'))
}

/** The page of a subpath: `api/react.md`. */
export const pageOfSubpath = (subpath: string) => `api/${posix.basename(subpath)}.md`

interface Item {
  readonly text: string
  readonly link?: string
  readonly items?: Item[]
}

/** The pages in reading order; the next one of each is the one below it. */
export function sidebar(): Item[] {
  const link = (text: string, page: string) => ({ text, link: `/${page.replace(/(index)?\.md$/, '')}` })
  return [
    ...chapters.map(({ title, pages }) => ({
      text: title,
      items: pages.map(({ source, title }) => ({
        ...link(title, placeOf(source)),
        ...(source === 'docs/statechart.md' && {
          items: stateNodes.map(({ key }) => link(key, `states/${key}.md`)),
        }),
      })),
    })),
    {
      text: 'Reference',
      items: subpaths().map((subpath) =>
        link(subpath.replace('xstate-session/', ''), pageOfSubpath(subpath)),
      ),
    },
  ]
}

/** Pages that nobody finds, and pages that are not there. */
export function unlisted(): string[] {
  const pages = readdirSync(`${root}docs`).filter((file) => file.endsWith('.md'))
  return [
    ...pages
      .filter((file) => !pageOfSource.has(`docs/${file}`))
      .map((file) => `docs/${file} is not in docs/site/navigation.ts`),
    ...[...pageOfSource.keys()]
      .filter((source) => !existsSync(root + source))
      .map((source) => `${source} is listed and not there`),
  ]
}
