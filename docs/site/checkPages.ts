import { readdirSync, readFileSync } from 'node:fs'
import { createMarkdownRenderer } from 'vitepress'
import config from './.vitepress/config.ts'
import { checkLinks } from './checkLinks.ts'
import { pagesFolder } from './siteMap.ts'

/** What is wrong with the links of the pages that `writePages` has written; none of them is built for that. */
export async function checkPages(): Promise<string[]> {
  const md = await createMarkdownRenderer(pagesFolder, config.markdown)
  const paths = readdirSync(pagesFolder, { recursive: true, encoding: 'utf8' })
  const pages = new Map<string, string>()
  for (const path of paths.filter((path) => path.endsWith('.md'))) {
    const env = { path: pagesFolder + path, relativePath: path, isPlain: true }
    const html = md.render(readFileSync(pagesFolder + path, 'utf8'), env)
    pages.set(path.replace(/md$/, 'html'), html)
  }
  const files = paths.filter((path) => path.startsWith('public/')).map((path) => path.slice('public/'.length))
  return checkLinks(pages, new Set(files))
}
