/**
 * Writes docs/statechart.md from the machine itself (a Mermaid diagram, and what every state does with every event),
 * docs/words.md from the tables of the strategies, docs/providers.md from what was measured, and the whole site to
 * docs/dist. With `--check` it writes none of these, and fails where a file is stale, a link leads nowhere, a page is
 * not listed, a public name is not explained, or an example of one is missing or does not compile. `--base /a/folder/`:
 * where on its server the site will be.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'vitepress'
import type { AnyStateNode } from 'xstate'
import { sessionMachine } from '../machines/session.machine.ts'
import { edgesOf, stateNodes } from './chart.ts'
import { exampleProblems } from './examples.ts'
import { providersPage } from './providers.ts'
import { checkPages } from './site/checkPages.ts'
import { readReference } from './site/readReference.ts'
import { unlisted } from './site/siteMap.ts'
import { writePages } from './site/writePages.ts'
import { table } from './table.ts'
import { wordsPage } from './words.ts'

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** One arrow between two states, however many events take it. */
function diagram(): string {
  const lines = [
    // Room enough for the labels, which otherwise cover each other.
    '---\nconfig:\n  state:\n    nodeSpacing: 130\n    rankSpacing: 110\n---',
    'stateDiagram-v2',
    '  direction LR',
    `  [*] --> ${sessionMachine.config.initial}`,
  ]
  for (const state of stateNodes) {
    const arrows = new Map<string, Set<string>>()
    for (const { event, target } of edgesOf(state)) {
      if (target && target !== state.key) arrows.set(target, (arrows.get(target) ?? new Set()).add(event))
    }
    for (const [target, events] of arrows) {
      lines.push(`  ${state.key} --> ${target} : ${[...events].join('<br/>')}`)
    }
  }
  for (const { event, target } of edgesOf(sessionMachine.root)) {
    if (target) lines.push(`  note left of ${target} : from every state<br/>${event}`)
  }
  return ['```mermaid', ...lines, '```'].join('\n')
}

const edgeTable = (node: AnyStateNode) =>
  table(
    ['event', 'in words', 'if', 'goes to', 'does'],
    edgesOf(node).map(({ event, description, guard, target, actions }) => [
      event.startsWith('(') ? event : `\`${event}\``,
      description,
      guard,
      target ? `**${target}**` : 'stays',
      actions,
    ]),
  )

function page(): string {
  return `${[
    '# The statechart',
    'This page shows the whole logic of a session: one XState chart with six states. Read it to find out what a session does with an event, and why a session is in its state. `npm run docs` generates the page from `machines/session.machine.ts`.',
    diagram(),
    '## The states',
    table(
      ['state', 'meaning', 'tags'],
      stateNodes.map((state) => [
        `**${state.key}**`,
        state.description ?? '',
        state.tags.map((tag) => `\`${tag}\``).join(' '),
      ]),
    ),
    '## What every state does with every event',
    'The chart takes the first row whose condition holds. It ignores an event that matches no row; this is intended. Rows of the last table apply in every state, after the rows of the state itself.',
    ...stateNodes.flatMap((state) => [
      `### ${state.key}`,
      edgesOf(state).length ? edgeTable(state) : 'This state has no row of its own.',
    ]),
    '### In every state, after its own rows',
    edgeTable(sessionMachine.root),
    'Next: [what outcomes and reasons mean](outcomes.md) · [run the session in a machine of your own](embed-xstate.md) · [watch the chart live](inspect.md) · [tests out of the chart](testing.md).',
  ].join('\n\n')}\n`
}

const { values } = parseArgs({ options: { check: { type: 'boolean' }, base: { type: 'string' } } })
const problems: string[] = []
const pages = { 'statechart.md': page(), 'words.md': await wordsPage(), 'providers.md': providersPage() }
for (const [name, text] of Object.entries(pages)) {
  if (!values.check) writeFileSync(fileOf(name), text)
  else if (readFileSync(fileOf(name), 'utf8') !== text) problems.push(`docs/${name} is stale: npm run docs`)
}

console.log('Reading the public names')
const reference = await readReference()
await writePages(reference)
problems.push(...reference.problems, ...unlisted(), ...(await checkPages()))
if (values.check) problems.push(...exampleProblems(reference))
else if (!problems.length) {
  await build(fileOf('site'), { ...(values.base && { base: values.base }) })
  console.log('The site is in docs/dist. To look at it: npm run docs:view')
}
for (const problem of problems) console.error(problem)
process.exitCode = problems.length ? 1 : 0
