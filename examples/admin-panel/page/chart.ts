import { sessionMachine } from 'xstate-session/machine'

export interface ChartState {
  readonly name: string
  readonly description: string
}

export interface ChartEdge {
  readonly from: string
  readonly to: string
  readonly events: readonly string[]
  /** A login and a logout are possible everywhere: drawn where they are possible now. */
  readonly isEverywhere: boolean
}

const nodes = Object.values(sessionMachine.root.states)

export const states: readonly ChartState[] = nodes.map(({ key, description = '' }) => {
  // Names of the code are in backquotes there.
  return { name: key, description: description.replaceAll('`', '') }
})

function edgesOf(node: (typeof nodes)[number]): ChartEdge[] {
  const found = new Map<string, { events: Set<string>; isEverywhere: boolean }>()
  const add = (transitions: (typeof node)['transitions'], isEverywhere: boolean) => {
    for (const [event, those] of transitions)
      for (const { target } of those)
        for (const { key } of target ?? []) {
          if (key === node.key) continue
          const edge = found.get(key) ?? { events: new Set(), isEverywhere }
          edge.events.add(event)
          found.set(key, edge)
        }
  }
  add(node.transitions, false)
  add(sessionMachine.root.transitions, true)
  return [...found].map(([to, { events, isEverywhere }]) => ({
    from: node.key,
    to,
    events: [...events],
    isEverywhere,
  }))
}

export const edges: readonly ChartEdge[] = nodes.flatMap(edgesOf)
