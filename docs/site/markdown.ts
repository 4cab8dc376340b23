import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import type { MarkdownOptions } from 'vitepress'
import { escapeHtml } from './escapeHtml.ts'
import { isFile } from './filesNamedIn.ts'
import { pictureOf } from './pictureOf.ts'
import { pageOfFile, pageOfSource, pagesFolder, root } from './siteMap.ts'
import { testTitles } from './testTitles.ts'

type MarkdownIt = Parameters<NonNullable<MarkdownOptions['config']>>[0]
type Token = ReturnType<MarkdownIt['parse']>[number]

/** Code of a table that is longer is a text, and may be broken; shorter code is a word. */
const LONGEST_WORD = 32

const sourceOfPage = new Map([...pageOfSource].map(([source, page]) => [page, source]))

/** Teaches the Markdown of VitePress what the pages of a repository hold: links to its files, names, and states. */
export function markdown(md: MarkdownIt): void {
  const names = JSON.parse(readFileSync(`${pagesFolder}names.json`, 'utf8')) as Record<string, string>
  md.core.ruler.push('links', ({ tokens, env, Token }) => {
    let named = new Set<string>()
    for (const [index, token] of tokens.entries()) {
      if (token.type === 'heading_open') named = new Set()
      // A heading of a table without words names nothing.
      if (token.type === 'th_open' && !tokens[index + 1]?.content) token.tag = 'td'
      if (token.type === 'th_close' && !tokens[index - 1]?.content) token.tag = 'td'
      if (tokens[index - 1]?.type === 'heading_open' || !token.children) continue
      const children = token.children
      let isLink = false
      token.children = children.flatMap((child, at) => {
        if (child.type === 'link_open') {
          isLink = true
          lead(child, env.relativePath)
        } else if (child.type === 'link_close') isLink = false
        else if (child.type === 'image')
          child.attrSet('src', String(child.attrGet('src')).replace(/^.*(?=screenshots\/)/, '/'))
        if (child.type === 'code_inline' && child.content.length > LONGEST_WORD)
          child.attrJoin('class', 'long')
        if (child.type === 'code_inline' && !isLink) {
          const href = named.has(child.content) ? undefined : names[child.content.replace(/\(\)$/, '')]
          named.add(child.content)
          const leadsTo = href ?? fileAt(child.content, () => textOf(children.slice(0, at)))
          if (leadsTo) {
            const open = new Token('link_open', 'a', 1)
            open.attrSet('href', leadsTo)
            return [open, child, new Token('link_close', 'a', -1)]
          }
        }
        return [child]
      })
    }
  })
  const { fence } = md.renderer.rules
  md.renderer.rules.fence = (tokens, index, options, env, self) => {
    const { info, content } = tokens[index] as Token
    if (env.isPlain) return plain(content, info.includes('lines'))
    if (info !== 'mermaid') return fence?.(tokens, index, options, env, self) ?? ''
    const { inPage, file } = pictureOf(env.relativePath, content)
    const link = md.renderInline(`[The picture by itself](/${file})`, { relativePath: '' })
    const [, width] = / width="(\d+)"/.exec(inPage.at(-1) ?? '') ?? []
    const hint = `<span class="sideways" style="--width: ${width}px">Scroll sideways for all of it.&nbsp;</span>`
    return `<figure v-pre><figcaption>${hint}${link}</figcaption><div class="drawing" tabindex="0" role="group" aria-label="Diagram">${inPage.join('')}</div></figure>`
  }
}

/** Code without its colours, for whoever looks for words or links. */
function plain(code: string, hasLines: boolean): string {
  const lines = code
    .split('\n')
    .map((line, at) => (hasLines ? `<span id="L${at + 1}">${escapeHtml(line)}</span>` : escapeHtml(line)))
  return `<pre>${lines.join('\n')}</pre>`
}

/** Where a link of a page leads on the site. */
function lead(link: Token, page: string): void {
  const href = String(link.attrGet('href'))
  if (/^[a-z]+:|^[#/]/.test(href)) return
  const source = sourceOfPage.get(page)
  // What TypeDoc found in a docstring: a page of ours.
  if (!source) {
    link.attrSet('href', href.replace(/^_media\//, '/'))
    return
  }
  const [path = '', anchor] = href.split('#')
  const target = posix.join(posix.dirname(source), path)
  const hash = anchor ? `#${anchor}` : ''
  const known = pageOfSource.get(target)
  if (known) link.attrSet('href', `/${known}${hash}`)
}

const titles = new Map<string, ReadonlyMap<string, number>>()

/** Where a file of the repository is shown, and of a file of tests the one whose title stands `before` it. */
function fileAt(file: string, before: () => string): string | undefined {
  if (!isFile(file)) return undefined
  const page = `/${pageOfFile(file)}`
  if (!/\.test\.tsx?$/.test(file)) return page
  const found = titles.get(file) ?? testTitles(file, readFileSync(root + file, 'utf8'))
  titles.set(file, found)
  const title = before().replace(/\s+in\s*$/, '')
  const line = found.get(title.trim())
  return line ? `${page}#L${line}` : page
}

const textOf = (tokens: readonly Token[]) =>
  tokens.map(({ type, content }) => (/break$/.test(type) ? ' ' : content)).join('')
