import { createCssVariablesTheme, createHighlighterCoreSync } from 'shiki/core'
import { createOnigurumaEngine } from 'shiki/engine/oniguruma'
import html from 'shiki/langs/html.mjs'
import json from 'shiki/langs/json.mjs'
import nginx from 'shiki/langs/nginx.mjs'
import shell from 'shiki/langs/shellscript.mjs'
import sql from 'shiki/langs/sql.mjs'
import tsx from 'shiki/langs/tsx.mjs'
import typescript from 'shiki/langs/typescript.mjs'
import yaml from 'shiki/langs/yaml.mjs'
import { escapeHtml } from './escapeHtml.ts'

const theme = createCssVariablesTheme({ name: 'tokens' })
const shiki = createHighlighterCoreSync({
  themes: [theme],
  langs: [typescript, tsx, shell, json, nginx, html, sql, yaml],
  engine: await createOnigurumaEngine(import('shiki/wasm')),
})

/** The languages that a page may show: of each, what colours it. `text` and `''` stay plain. */
export const languages: Readonly<Record<string, string>> = {
  '': 'text',
  text: 'text',
  ts: 'typescript',
  tsx: 'tsx',
  sh: 'shellscript',
  json: 'json',
  nginx: 'nginx',
  // No grammar of its own: its blocks and comments are written alike.
  caddy: 'nginx',
  yaml: 'yaml',
  html: 'html',
  sql: 'sql',
}

/**
 * Code as HTML, coloured by classes (`t-keyword`, …), since the policy of the pages allows no styles in line.
 * `linkTo` answers where a name of the package is explained.
 */
export function highlight(code: string, language: string, linkTo?: (name: string) => string | undefined) {
  const lang = languages[language]
  if (lang === undefined)
    throw new Error(`no colours for \`\`\`${language}: add it to docs/site/highlight.ts`)
  const lines = shiki.codeToTokensBase(code.replace(/\n$/, ''), {
    lang: lang as 'text',
    theme: 'tokens',
    // A busy machine would otherwise leave the rest of a line as it is.
    tokenizeTimeLimit: 0,
  })
  return lines
    .map((line) => line.map(({ content, color }) => span(content, classOf(color), linkTo)).join(''))
    .join('\n')
}

/** `var(--shiki-token-keyword)` is `keyword`; the colour of plain text is none. */
const classOf = (color = '') => /--shiki-token-([\w-]+)/.exec(color)?.[1] ?? ''

function span(content: string, kind: string, linkTo?: (name: string) => string | undefined): string {
  const isName = linkTo && !kind.startsWith('string') && kind !== 'comment'
  const text = isName ? linked(content, linkTo) : escapeHtml(content)
  return kind ? `<span class="t-${kind}">${text}</span>` : text
}

function linked(content: string, linkTo: (name: string) => string | undefined): string {
  return content
    .split(/([A-Za-z_$][\w$]*)/)
    .map((part, index) => {
      const href = index % 2 ? linkTo(part) : undefined
      return href ? `<a href="${escapeHtml(href)}">${escapeHtml(part)}</a>` : escapeHtml(part)
    })
    .join('')
}
