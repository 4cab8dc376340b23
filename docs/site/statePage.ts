import { sessionMachine } from '../../machines/session.machine.ts'
import { type Edge, edgesOf, stateNodes } from '../chart.ts'
import { table } from '../table.ts'

/** What of a reason is known: its name, and what it means. */
export type ReasonMeanings = Readonly<Record<'expired' | 'loggedOut', ReadonlyMap<string, string>>>

/**
 * One state as Markdown: what it means, its picture, what leads to it, what leaves it, and of the two ends every
 * reason.
 */
export function statePage(key: string, meanings: ReasonMeanings): string {
  const node = stateNodes.find((state) => state.key === key)
  if (!node) throw new Error(`the machine has no state ${key}`)
  const own = edgesOf(node)
  const everywhere = edgesOf(sessionMachine.root)
  const isOwn = ({ event }: Edge) => own.some((edge) => edge.event === event)
  const all = [...own, ...everywhere.filter((edge) => !isOwn(edge) || edge.target)]
  const leaving = all.filter(({ target }) => target && target !== key)
  const staying = all.filter(({ target }) => !target || target === key)
  const coming = stateNodes
    .filter((state) => state.key !== key)
    .flatMap((state) =>
      edgesOf(state).flatMap((edge) => (edge.target === key ? [{ from: state.key, ...edge }] : [])),
    )
  const always = everywhere.flatMap((edge) => (edge.target === key ? [{ from: 'every state', ...edge }] : []))
  const tags = node.tags.map((tag) => `\`${tag}\``).join(' ')
  const reasons = key === 'expired' || key === 'loggedOut' ? meanings[key] : undefined
  const events = new Set(stateNodes.flatMap((state) => [...state.transitions.keys()]))
  for (const event of sessionMachine.root.transitions.keys()) events.add(event)
  const ignored = [...events].filter((event) => !all.some((edge) => edge.event === event))
  const hasReasons = [...leaving, ...coming].some(({ reason }) => reason)
  return `${[
    `# ${key}`,
    node.description ?? '',
    tags ? `Tags: ${tags}. ` : 'No tags.',
    '```mermaid\n```',
    '## What leads here',
    table(
      ['from', 'event', 'if', ...(hasReasons && key === 'expired' ? ['reason'] : [])],
      [...coming, ...always].map(({ from, event, guard, reason }) => [
        nameOf(from),
        code(event),
        guard,
        ...(hasReasons && key === 'expired' ? [reasonOf(reason)] : []),
      ]),
    ),
    '## What leaves it',
    'The first row whose condition holds is taken.',
    table(
      ['event', 'if', 'goes to', ...(leaving.some(({ reason }) => reason) ? ['reason'] : [])],
      leaving.map(({ event, guard, target = '', reason }) => [
        code(event),
        guard,
        nameOf(target),
        ...(leaving.some((edge) => edge.reason) ? [reasonOf(reason)] : []),
      ]),
    ),
    ...(staying.length
      ? [
          '## What changes something, and stays',
          table(
            ['event', 'if', 'does'],
            staying.map(({ event, guard, actions }) => [code(event), guard, actions]),
          ),
        ]
      : []),
    ...(ignored.length
      ? ['## What is ignored', `On purpose: ${ignored.map((event) => `\`${event}\``).join(', ')}.`]
      : []),
    ...(reasons
      ? [
          '## Reasons',
          `Why a session is \`${key}\`: the \`reason\` of its state, of its notices and of the errors that callers get.`,
          table(
            ['reason', 'it means'],
            [...reasons].map(([reason, meaning]) => [`\`${reason}\``, meaning]),
          ),
        ]
      : []),
  ].join('\n\n')}\n`
}

const nameOf = (state: string) => (state === 'every state' ? state : `[${state}](${state}.md)`)
const code = (event: string) => (event.startsWith('(') ? event : `\`${event}\``)
const reasonOf = (reason: string | undefined) =>
  reason?.startsWith('of ') ? reason : reason ? `\`${reason}\`` : ''
