import { MOVES } from '../proof/judge/edges.ts'
import type { RunPage } from '../runs/runPage.ts'
import type { Explored, Scenario } from './explore.ts'

export interface Covered extends Explored {
  readonly scenario: Scenario
  /** Of the CPU. */
  readonly seconds: number
}

/** What was explored: by scenario, by the moves of the chart, and by what happened. */
export function pageOf(all: readonly Covered[], command: string): Omit<RunPage, 'date'> {
  const sum = (of: (one: Covered) => number) => all.reduce((total, one) => total + of(one), 0)
  const words = new Map<string, { times: number; scenarios: number }>()
  for (const { covered } of all)
    for (const [word, count] of covered) {
      const { times, scenarios } = words.get(word) ?? { times: 0, scenarios: 0 }
      words.set(word, { times: times + count, scenarios: scenarios + 1 })
    }
  const taken = MOVES.filter((move) => words.has(move))
  const others = [...words].filter(([word]) => !MOVES.includes(word))
  const violations = sum(({ found }) => found.length)
  return {
    title: `Model checker: ${all.length} scenarios, ${violations} violations`,
    about:
      'Every order in which the code and its surroundings can act, up to a depth. Each new state is looked at by the judges of the invariants.',
    command,
    facts: {
      scenarios: all.length,
      states: sum(({ states }) => states),
      transitions: sum(({ transitions }) => transitions),
      'merges audited': sum(({ audited }) => audited),
      violations,
      'merged wrongly': sum(({ unsound }) => unsound.length),
      'moves of the chart seen': `${taken.length} of ${MOVES.length}`,
      'CPU, s': Math.round(sum(({ seconds }) => seconds)),
    },
    sections: [
      {
        title: 'Transitions, by scenario',
        about: 'The scale is logarithmic.',
        figures: [
          {
            kind: 'bars',
            isLog: true,
            bars: all.map(({ scenario, transitions, depth, isExhausted, found }) => ({
              label: scenario.name,
              value: transitions,
              text: `${transitions}, depth ${depth}${isExhausted ? ', all' : ''}`,
              tone: found.length > 0 ? 'bad' : 'ours',
            })),
          },
        ],
      },
      {
        title: 'Moves of the chart',
        about:
          'How often a transition of the run made a session move from one state to another, and in how many scenarios.',
        figures: [
          {
            kind: 'table',
            head: ['from → to', 'times', 'scenarios'],
            rows: MOVES.map((move) => [
              move,
              words.get(move)?.times ?? { text: 'never here', tone: 'wait' },
              words.get(move)?.scenarios ?? 0,
            ]),
          },
        ],
      },
      {
        title: 'What happened',
        about:
          'Calls, sends and answers, writes, what was told, and the ends of processes. The scale is logarithmic.',
        figures: [
          {
            kind: 'bars',
            isLog: true,
            bars: others
              .toSorted((a, b) => b[1].times - a[1].times)
              .map(([word, { times, scenarios }]) => ({
                label: word,
                value: times,
                text: `${times} in ${scenarios} scenarios`,
              })),
          },
        ],
      },
      {
        title: 'The scenarios',
        figures: [
          {
            kind: 'table',
            head: ['scenario', 'about', 'states', 'merged', 'audited', 'violations', 'CPU, s'],
            rows: all.map(({ scenario, states, merged, audited, found, seconds }) => [
              scenario.name,
              scenario.about,
              states,
              merged,
              audited,
              found.length,
              Math.round(seconds * 10) / 10,
            ]),
          },
        ],
      },
    ],
  }
}
