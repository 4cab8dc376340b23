import { MOVES } from '../proof/judge/edges.ts'
import type { Figure, RunPage } from '../runs/runPage.ts'
import { KINDS } from './faults.ts'
import type { Arguments } from './readArguments.ts'
import type { Totals } from './totals.ts'

const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((total, count) => total + count, 0)

/** What was simulated: the faults that hit, the sessions that were lost, and the moves of their charts. */
export function pageOf(
  { worlds, counts, injected, lost, moves, violations }: Totals,
  { seed, hours, isFleet }: Pick<Arguments, 'seed' | 'hours' | 'isFleet'>,
  tookMs: number,
): Omit<RunPage, 'date'> {
  const hoursDone = Math.round(counts.sessionHours ?? 0)
  const never = KINDS.filter((kind) => !injected[kind])
  return {
    title: `Simulation${isFleet ? ' of a fleet of servers' : ''}: ${hoursDone} session-hours, ${violations} violations`,
    about: isFleet
      ? 'Users with sessions at a fleet of servers live their days in simulated time. A seed decides what goes wrong, judges look for broken invariants.'
      : 'Users with sessions in browsers of their own live their days in simulated time. A seed decides what goes wrong, judges look for broken invariants.',
    command: `npm run simulate -- --seed ${seed} --hours ${hours}${isFleet ? ' --fleet' : ''}`,
    facts: {
      violations,
      'session-hours': hoursDone,
      worlds,
      'faults injected': sum(injected),
      'refreshes sent': counts.refreshes ?? 0,
      'renewed and delivered': counts.renewed ?? 0,
      'calls of the API': counts.calls ?? 0,
      'sessions lost, each with a cause': sum(lost),
      'session time to real time': Math.round((hoursDone * 3_600_000) / tookMs),
    },
    sections: [
      {
        title: 'Faults that hit something, by kind',
        about: `The scale is logarithmic. ${never.length === 0 ? 'Every kind of the list has hit something.' : `Not one of: ${never.join(', ')}.`}`,
        figures: [counted(injected)],
      },
      {
        title: 'Sessions lost, by cause',
        about: 'Each has a cause; a loss without one would be a violation. The scale is logarithmic.',
        figures: [counted(lost)],
      },
      ...(sum(moves) === 0
        ? []
        : [
            {
              title: 'Moves of the chart',
              about: `How often a session moved from one state to another; ${MOVES.filter((move) => moves[move]).length} of ${MOVES.length} moves were seen.`,
              figures: [
                {
                  kind: 'table' as const,
                  head: ['from → to', 'times'],
                  rows: MOVES.map((move) => [
                    move,
                    moves[move] ?? { text: 'never here', tone: 'wait' as const },
                  ]),
                },
              ],
            },
          ]),
    ],
  }
}

const counted = (counts: Readonly<Record<string, number>>): Figure => ({
  kind: 'bars',
  isLog: true,
  bars: Object.entries(counts)
    .toSorted((a, b) => b[1] - a[1])
    .map(([label, value]) => ({ label, value, text: String(value) })),
})
