import { extname } from 'node:path'
import { escapeHtml } from './escapeHtml.ts'
import { highlight, languages } from './highlight.ts'
import type { Body } from './page.ts'

/** A file of the repository that a page speaks of, line by line. */
export function sourcePage(file: string, text: string): Body {
  const language = extname(file).slice(1)
  const coloured = highlight(text, language in languages ? language : 'text').split('\n')
  const lines = coloured.map((line, index) => `<span class="line" id="L${index + 1}">${line}</span>`)
  return {
    title: file,
    html: `<h1>${escapeHtml(file)}</h1>\n<pre class="code source" tabindex="0"><code>${lines.join('\n')}</code></pre>`,
    headings: [],
    sections: [],
  }
}
