import { sessionMachine } from '../../machines/session.machine.ts'
import { edgesOf, stateNodes } from '../chart.ts'
import { drawGraph, type GraphEdge, type GraphLine, type GraphNode } from './drawGraph.ts'

const everywhere = edgesOf(sessionMachine.root).filter(({ target }) => target)

/** The whole chart: every arrow between two states, and the events that take it. */
export function drawChart(): Promise<string> {
  const edges: GraphEdge[] = stateNodes.flatMap((state) => {
    const arrows = new Map<string, Set<string>>()
    for (const { event, target } of edgesOf(state)) {
      if (target && target !== state.key) arrows.set(target, (arrows.get(target) ?? new Set()).add(event))
    }
    return [...arrows].map(([to, events]) => ({
      from: state.key,
      to,
      lines: [...events].map((event) => ({ event })),
    }))
  })
  return drawGraph({
    title: 'The whole statechart; the tables below say the same in words',
    direction: 'DOWN',
    nodes: [
      { id: '*', label: 'every state', kind: 'other' },
      ...stateNodes.map(({ key }) => ({ id: key, label: key, kind: key })),
    ],
    edges: [
      ...edges,
      ...everywhere.map(({ event, target = '' }) => ({ from: '*', to: target, lines: [{ event }] })),
    ],
  })
}

/** One state, lit: what leads to it on the left, what leaves it on the right. */
export function drawState(key: string): Promise<string> {
  const nodes: GraphNode[] = []
  const edges: GraphEdge[] = []
  const into = new Map<string, GraphLine[]>()
  const out = new Map<string, GraphLine[]>()
  for (const state of stateNodes) {
    for (const { event, guard, target } of edgesOf(state)) {
      if (!target || target === state.key) continue
      if (target === key) into.set(state.key, [...(into.get(state.key) ?? []), { event, guard }])
      if (state.key === key) out.set(target, [...(out.get(target) ?? []), { event, guard }])
    }
  }
  for (const { event, target = '' } of everywhere) {
    if (target === key) into.set('every state', [...(into.get('every state') ?? []), { event }])
    else out.set(target, [...(out.get(target) ?? []), { event }])
  }
  for (const [from, lines] of into) {
    nodes.push({ id: `from ${from}`, label: from, kind: from === 'every state' ? 'other' : from })
    edges.push({ from: `from ${from}`, to: key, lines })
  }
  nodes.push({ id: key, label: key, kind: `${key} lit` })
  for (const [to, lines] of out) {
    nodes.push({ id: `to ${to}`, label: to, kind: to })
    edges.push({ from: key, to: `to ${to}`, lines })
  }
  return drawGraph({
    title: `${key}: what leads to it, and what leaves it; the tables below say the same in words`,
    direction: 'RIGHT',
    nodes,
    edges,
  })
}

/** A small diagram of states that a page writes down as Mermaid text. */
export function drawMermaid(code: string): Promise<string> {
  if (!code.includes('stateDiagram-v2')) throw new Error('of ```mermaid only state diagrams are drawn')
  const arrows = [...code.matchAll(/^\s*(\S+) --> (\S+)(?: : (.*))?$/gm)]
  const ids = new Set(arrows.flatMap(([, from = '', to = '']) => [from, to]))
  return drawGraph({
    title: 'States and the main ways between them',
    direction: 'DOWN',
    nodes: [...ids].map((id) => ({ id, label: id === '[*]' ? '●' : id, kind: id === '[*]' ? 'other' : id })),
    edges: arrows.map(([, from = '', to = '', label = '']) => ({
      from,
      to,
      lines: label ? label.split('<br/>').map((event) => ({ event })) : [],
    })),
  })
}
