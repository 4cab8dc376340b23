import { highlight } from './highlight.ts'
import type { Body, Heading, Section } from './page.ts'
import type { ApiEntry, ApiMember, ApiModule, ApiTag } from './readApi.ts'
import { renderFragment, type Surroundings } from './renderMarkdown.ts'

const chapters: readonly { readonly kind: ApiEntry['kind']; readonly title: string }[] = [
  { kind: 'function', title: 'Functions' },
  { kind: 'value', title: 'Values' },
  { kind: 'class', title: 'Errors' },
  { kind: 'type', title: 'Types' },
]

/** The reference of one subpath. */
export function apiPage({ specifier, doc, entries }: ApiModule, around: Surroundings): Body {
  const headings: Heading[] = [{ level: 1, anchor: 'top', title: specifier }]
  const sections: Section[] = [{ anchor: 'top', title: specifier, text: doc }]
  const html = [`<h1 id="top"><code>${specifier}</code></h1>`, renderFragment(doc, around)]
  for (const { kind, title } of chapters) {
    const those = entries.filter((entry) => entry.kind === kind).sort(byName)
    if (!those.length) continue
    const anchor = title.toLowerCase()
    headings.push({ level: 2, anchor, title })
    html.push(`<h2 id="${anchor}"><a class="header-anchor" href="#${anchor}">${title}</a></h2>`)
    for (const entry of those) {
      headings.push({ level: 3, anchor: entry.name, title: entry.name })
      sections.push({ anchor: entry.name, title: entry.name, text: textOf(entry) })
      html.push(entryHtml(entry, around))
    }
  }
  return { title: specifier, html: html.join('\n'), headings, sections }
}

function entryHtml(entry: ApiEntry, around: Surroundings): string {
  const { name, signature, members, home } = entry
  const title = `<h3 id="${name}"><a class="header-anchor" href="#${name}"><code>${name}</code></a></h3>`
  if (home) {
    const href = around.nameAt(name) ?? ''
    return `${title}\n<p>As in <a href="${href}"><code>${home === 'index' ? 'xstate-session' : `xstate-session/${home}`}</code></a>.</p>`
  }
  return [
    title,
    `<pre class="code" tabindex="0"><code>${colour(signature, name, around)}</code></pre>`,
    saidHtml(entry, around),
    members.length
      ? `<dl class="members">${members.map((member) => memberHtml(member, name, around)).join('\n')}</dl>`
      : '',
  ].join('\n')
}

const memberHtml = (member: ApiMember, owner: string, around: Surroundings) =>
  `<dt id="${owner}.${member.name}"><code class="signature">${colour(member.signature, owner, around)}</code></dt>
<dd>${saidHtml(member, around)}</dd>`

/** What is said, and then what its tags say: the default, the errors, the parameters. */
function saidHtml({ doc, tags }: Pick<ApiEntry, 'doc' | 'tags'>, around: Surroundings): string {
  return [renderFragment(doc, around), ...tags.map((tag) => renderFragment(tagText(tag), around))].join('')
}

function tagText({ name, text }: ApiTag): string {
  switch (name) {
    case 'default':
      return `Default: ${isCode(text) ? `\`${text}\`` : text}`
    case 'throws':
      return `Throws ${text.replace(/^\{?(\w+)\}?/, '`$1`')}`
    case 'param': {
      const [parameter = '', ...words] = text.split(' ')
      return `\`${parameter}\`: ${words.join(' ').replace(/^- /, '')}`
    }
    case 'example':
      return text.startsWith('```') ? text : `\`\`\`ts\n${text}\n\`\`\``
    case 'see':
      return `See ${text}`
    default:
      throw new Error(`a docstring has @${name}, which the reference does not show`)
  }
}

/** A default that is code, not words about it. */
const isCode = (text: string) => /^(['"[{\d]|true$|false$|Infinity$|[\w.]+$)[^ ]*$/.test(text)

const colour = (code: string, own: string, around: Surroundings) =>
  highlight(code, 'ts', (name) => (name === own ? undefined : around.nameAt(name)))

const byName = (a: ApiEntry, b: ApiEntry) => a.name.localeCompare(b.name, 'en')

const textOf = ({ doc, members }: ApiEntry) =>
  [doc, ...members.map((member) => `${member.name} ${member.doc}`)].join(' ')
