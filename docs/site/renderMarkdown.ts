import type { Token } from 'markdown-it'
import MarkdownIt from 'markdown-it'
import anchor from 'markdown-it-anchor'
import { escapeHtml } from './escapeHtml.ts'
import { highlight } from './highlight.ts'
import type { Body, Heading, Section } from './page.ts'
import { slugOf } from './slugOf.ts'

/** What a text needs to know of the site that it will stand in. */
export interface Surroundings {
  /** Where a link of the text leads on the site; `text` is what can be read of it. */
  readonly linkTo: (href: string, text: string) => string
  /** Where a picture of the text is on the site, and its size. */
  readonly imageAt: (src: string) => { readonly src: string; readonly width: number; readonly height: number }
  /** Where a name of the package is explained. */
  readonly nameAt: (name: string) => string | undefined
  /** What is drawn in place of a block of code: of ```mermaid. */
  readonly drawingOf: (code: string) => string
}

type Env = Record<string, unknown> & { readonly surroundings: Surroundings }

const md = new MarkdownIt({ html: false, linkify: false }).use(anchor, {
  slugify: slugOf,
  tabIndex: false,
  permalink: anchor.permalink.headerLink(),
})
const around = (env: unknown) => (env as Env).surroundings

md.renderer.rules.fence = (tokens, index, _options, env) => {
  const { info = '', content = '' } = tokens[index] ?? {}
  const language = info.trim()
  const { drawingOf, nameAt } = around(env)
  if (language === 'mermaid') return drawingOf(content)
  const imported = importedBy(content)
  const html = highlight(content, language, (name) => (imported.has(name) ? nameAt(name) : undefined))
  return `<pre class="code" tabindex="0"><code>${html}</code></pre>\n`
}

/** The names that a sample has from this package: those are linked. */
function importedBy(code: string): Set<string> {
  const lists = [...code.matchAll(/import (?:type )?\{([^}]*)\} from 'xstate-session[^']*'/g)]
  return new Set(
    lists.flatMap(([, list = '']) => list.split(',').map((name) => name.replace(/^\s*type /, '').trim())),
  )
}

md.renderer.rules.code_inline = (tokens, index) => {
  const { content = '', meta } = tokens[index] ?? {}
  const code = `<code>${escapeHtml(content)}</code>`
  return meta ? `<a href="${escapeHtml(String(meta.href))}">${code}</a>` : code
}

// A wide table scrolls by itself, and can be reached without a mouse.
md.renderer.rules.table_open = (tokens, index) => {
  const head = tokens.slice(
    index,
    index + tokens.slice(index).findIndex(({ type }) => type === 'thead_close'),
  )
  const isWide = head.filter(({ type }) => type === 'th_open').length > 4
  return `<div class="table${isWide ? ' wide' : ''}" role="group" aria-label="Table" tabindex="0"><table>\n`
}
md.renderer.rules.table_close = () => '</table></div>\n'

md.core.ruler.push('site', ({ tokens, env }) => {
  const { linkTo, imageAt, nameAt } = around(env)
  let named = new Set<string>()
  for (const [index, token] of tokens.entries()) {
    if (token.type === 'heading_open') named = new Set()
    // A column of numbers: as a class, since the policy of the pages lets no style stand in line.
    const alignment = /^text-align:(\w+)$/.exec(String(token.attrGet('style') ?? ''))?.[1]
    if (alignment) token.attrs = [['class', alignment]]
    // A heading without words names nothing.
    if (token.type === 'th_open' && !tokens[index + 1]?.content) token.tag = 'td'
    if (token.type === 'th_close' && !tokens[index - 1]?.content) token.tag = 'td'
    const isTitle = tokens[index - 1]?.type === 'heading_open'
    let isLink = false
    const children = token.children ?? []
    for (const [at, child] of children.entries()) {
      if (child.type === 'link_open') {
        isLink = true
        if (!isTitle)
          child.attrSet('href', linkTo(String(child.attrGet('href') ?? ''), linkText(children, at)))
      }
      if (child.type === 'link_close') isLink = false
      if (child.type === 'image') {
        const { src, width, height } = imageAt(String(child.attrGet('src') ?? ''))
        child.attrSet('src', src)
        child.attrSet('width', String(width))
        child.attrSet('height', String(height))
        child.attrSet('loading', 'lazy')
      }
      if (child.type === 'code_inline' && !isLink && !isTitle && !named.has(child.content)) {
        const href = nameAt(child.content.replace(/\(\)$/, ''))
        if (href) {
          child.meta = { href }
          named.add(child.content)
        }
      }
    }
  }
})

/** The words between a link's beginning and its end. */
function linkText(children: readonly Token[], start: number): string {
  const rest = children.slice(start + 1)
  const end = rest.findIndex(({ type }) => type === 'link_close')
  return wordsOf(rest.slice(0, end))
}

/** A text in Markdown as the inside of a page. */
export function renderMarkdown(text: string, surroundings: Surroundings): Body {
  const env: Env = { surroundings }
  const tokens = md.parse(text, env)
  const headings = headingsOf(tokens)
  return {
    title: headings.find(({ level }) => level === 1)?.title ?? '',
    html: md.renderer.render(tokens, md.options, env),
    headings,
    sections: sectionsOf(tokens),
  }
}

/** A piece of Markdown inside another page. */
export const renderFragment = (text: string, surroundings: Surroundings): string =>
  md.render(text, { surroundings } satisfies Env)

function headingsOf(tokens: readonly Token[]): Heading[] {
  return tokens.flatMap((token, index) =>
    token.type === 'heading_open'
      ? [
          {
            level: Number(token.tag.slice(1)),
            anchor: String(token.attrGet('id') ?? ''),
            title: plain(tokens[index + 1]),
          },
        ]
      : [],
  )
}

function sectionsOf(tokens: readonly Token[]): Section[] {
  const sections: { anchor: string; title: string; text: string }[] = []
  for (const [index, token] of tokens.entries()) {
    if (token.type === 'heading_open') {
      sections.push({ anchor: String(token.attrGet('id') ?? ''), title: plain(tokens[index + 1]), text: '' })
    } else if (token.type === 'inline' && tokens[index - 1]?.type !== 'heading_open') {
      const section = sections.at(-1)
      if (section) section.text += ` ${plain(token)}`
    }
  }
  return sections
}

/** The words of a token, without its marks. */
const plain = (token: Token | undefined) => wordsOf(token?.children ?? [])

const wordsOf = (tokens: readonly Token[]): string =>
  tokens.map(({ type, content }) => (type === 'softbreak' || type === 'hardbreak' ? ' ' : content)).join('')
