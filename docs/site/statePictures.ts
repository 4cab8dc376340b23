import { sessionMachine } from '../../machines/session.machine.ts'
import { edgesOf, stateNodes } from '../chart.ts'
import { drawColumn } from './draw/drawColumn.ts'
import { drawNarrowFan, drawWideFan } from './draw/drawFan.ts'
import { drawLadder } from './draw/drawLadder.ts'
import type { GraphEdge, GraphNode } from './draw/svg.ts'

/** A drawing of a page. */
export interface Picture {
  /** As it stands in the page; of several, the styles show the one that there is room for. */
  readonly inPage: readonly string[]
  /** For a file of its own. */
  readonly alone: string
}

const everywhere = edgesOf(sessionMachine.root).filter(({ target }) => target)

/** The whole chart: every arrow between two states, and the events that take it. */
export function drawChart(): Picture {
  const edges: GraphEdge[] = stateNodes.flatMap((state) =>
    [...eventsByTarget(edgesOf(state), state.key)].map(([to, events]) => ({ from: state.key, to, events })),
  )
  const nodes: GraphNode[] = [
    { id: '*', label: 'every state', kind: 'other' },
    ...stateNodes.map(({ key }) => ({ id: key, label: key, kind: key })),
  ]
  const always = [...eventsByTarget(everywhere, '')].map(([to, events]) => ({ from: '*', to, events }))
  const title = 'The whole statechart; the tables below say the same in words'
  return drawGraph(nodes, [...edges, ...always], title)
}

/** One state, lit: what leads to it, and what leaves it. The conditions are in the tables. */
export function drawState(key: string): Picture {
  const into = stateNodes.flatMap((state) => {
    const events = state.key === key ? undefined : eventsByTarget(edgesOf(state), state.key).get(key)
    return events ? [{ node: { id: state.key, label: state.key, kind: state.key }, events }] : []
  })
  const always = eventsByTarget(everywhere, '').get(key)
  if (always) into.push({ node: { id: '*', label: 'every state', kind: 'other' }, events: always })
  const own = edgesOf(stateNodes.find((state) => state.key === key) as (typeof stateNodes)[number])
  const out = [...eventsByTarget([...own, ...everywhere], key)].map(([to, events]) => ({
    node: { id: to, label: to, kind: to },
    events,
  }))
  const fan = {
    middle: { id: key, label: key, kind: `${key} lit` },
    into,
    out,
    title: `${key}: what leads to it, and what leaves it; the tables below say the same in words`,
  }
  const alone = drawWideFan(fan, 'wide')
  return { inPage: [alone, drawNarrowFan(fan, 'narrow')], alone }
}

/** A small diagram of states that a page writes down as Mermaid text. */
export function drawMermaid(code: string): Picture {
  if (!code.includes('stateDiagram-v2')) throw new Error('of ```mermaid only state diagrams are drawn')
  const arrows = [...code.matchAll(/^\s*(\S+) --> (\S+)(?: : (.*))?$/gm)]
  const ids = new Set(arrows.flatMap(([, from = '', to = '']) => [from, to]))
  const nodes = [...ids].map((id) => ({
    id,
    label: id === '[*]' ? '●' : id,
    kind: id === '[*]' ? 'other' : id,
  }))
  const edges = arrows.map(([, from = '', to = '', label = '']) => ({
    from,
    to,
    events: label ? label.split('<br/>') : [],
  }))
  return drawGraph(nodes, edges, 'States and the main ways between them')
}

function drawGraph(nodes: readonly GraphNode[], edges: readonly GraphEdge[], title: string): Picture {
  const alone = drawLadder(nodes, edges, 'wide', title)
  return { inPage: [alone, drawColumn(nodes, edges, 'narrow', title)], alone }
}

/** Where edges lead, and by which events, each once; those that stay at `from` left out. */
function eventsByTarget(edges: ReturnType<typeof edgesOf>, from: string): Map<string, string[]> {
  const arrows = new Map<string, string[]>()
  for (const { event, target } of edges) {
    const known = target ? (arrows.get(target) ?? []) : undefined
    if (!target || target === from || known?.includes(event)) continue
    arrows.set(target, [...(known ?? []), event])
  }
  return arrows
}
