/**
 * Writes docs/statechart.md from the machine itself: a Mermaid diagram, and what every state does with every
 * event. With `--check` it writes nothing and fails where the file is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { AnyStateNode, AnyTransitionDefinition } from 'xstate'
import { sessionMachine } from '../machines/session.machine.ts'

const file = fileURLToPath(new URL('statechart.md', import.meta.url))
const states = Object.values(sessionMachine.root.states) as AnyStateNode[]

/** One row of the chart: on `event`, if `guard` holds, to `target` (none: the state stays). */
interface Edge {
  readonly event: string
  readonly guard: string
  readonly target: string | undefined
  readonly actions: string
}

const inWords = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

const nameOf = (named: unknown): string =>
  typeof named === 'string' ? named : ((named as { type: string } | undefined)?.type ?? '')

function reasonOf(action: unknown): string {
  const { reason } = ((action as { params?: { reason?: string } }).params ?? {}) as { reason?: string }
  return reason ? ` (${reason})` : ''
}

function edgesOf(node: AnyStateNode): Edge[] {
  const toEdge = (event: string, transition: AnyTransitionDefinition): Edge => ({
    event,
    guard: inWords(nameOf(transition.guard)),
    target: transition.target?.[0]?.key,
    actions: transition.actions.map((action) => inWords(nameOf(action)) + reasonOf(action)).join(', '),
  })
  return [
    ...(node.always ?? []).map((transition) => toEdge('(at once)', transition)),
    ...[...node.transitions].flatMap(([event, transitions]) => transitions.map((t) => toEdge(event, t))),
  ]
}

/** One arrow between two states, however many events take it. */
function diagram(): string {
  const lines = [
    // Room enough for the labels, which otherwise cover each other.
    '---\nconfig:\n  state:\n    nodeSpacing: 130\n    rankSpacing: 110\n---',
    'stateDiagram-v2',
    '  direction LR',
    `  [*] --> ${sessionMachine.config.initial}`,
  ]
  for (const state of states) {
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

const cell = (text: string) => text.replaceAll('|', '\\|')
const row = (...cells: string[]) => `| ${cells.map(cell).join(' | ')} |`
const table = (head: string[], rows: string[][]) =>
  [row(...head), row(...head.map(() => '---')), ...rows.map((cells) => row(...cells))].join('\n')

const edgeTable = (node: AnyStateNode) =>
  table(
    ['event', 'if', 'goes to', 'does'],
    edgesOf(node).map(({ event, guard, target, actions }) => [
      event.startsWith('(') ? event : `\`${event}\``,
      guard,
      target ? `**${target}**` : 'stays',
      actions,
    ]),
  )

function page(): string {
  return `${[
    '# The statechart',
    'Generated from `machines/session.machine.ts` by `npm run docs`; `npm run docs:check` fails when it is stale.',
    diagram(),
    '## The states',
    table(
      ['state', 'what it means', 'tags'],
      states.map((state) => [
        `**${state.key}**`,
        state.description ?? '',
        state.tags.map((tag) => `\`${tag}\``).join(' '),
      ]),
    ),
    '## What every state does with every event',
    'The first row whose condition holds is taken. An event that meets no row is ignored, on purpose.',
    ...states.flatMap((state) => [`### ${state.key}`, edgeTable(state)]),
    '### In every state, where no row of its own applies',
    edgeTable(sessionMachine.root),
  ].join('\n\n')}\n`
}

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== page()) {
    console.error('docs/statechart.md is stale: npm run docs')
    process.exit(1)
  }
} else {
  writeFileSync(file, page())
}
