import { availableParallelism, loadavg } from 'node:os'
import type { Bar, RunPage, Section } from '../../test/runs/runPage.ts'
import { isMet, type Report, type Row, written } from './report.ts'

/** Each goal with its neighbours: bars with their spread, those beside each other that measure the same. */
export function pageOf(reports: readonly Report[], command: string): Omit<RunPage, 'date'> {
  const rows = reports.flatMap(({ rows }) => rows).filter(({ goal }) => goal !== undefined)
  const missed = rows.filter((row) => !isMet(row))
  const wrong = reports.flatMap(({ faults }) => faults)
  return {
    title: `Benchmarks: ${reports.map(({ id }) => id).join(', ')}`,
    about:
      'What the session costs beside its neighbours, in one run. A bar is the median, the line on it goes from the least to the most. Blue is this package; a dashed line is the goal. Ratios hold, absolute times drift.',
    command,
    facts: {
      'goals met': `${rows.length - missed.length} of ${rows.length}`,
      'counts that are wrong': wrong.length,
      'load of the machine at the end': `${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`,
    },
    sections: reports.map(sectionOf),
  }
}

function sectionOf({ id, title, rows, faults, notes = [] }: Report): Section {
  // What is measured by one number is one picture.
  const groups = Map.groupBy(rows, ({ what, unit }) => `${what} ${unit}`)
  const pictures = [...groups.values()].map((those) => {
    const goal = those.find((row) => row.goal !== undefined)?.goal
    return { kind: 'bars' as const, bars: those.map(barOf), ...(goal !== undefined && { goal }) }
  })
  const said = [...notes, ...faults.map((fault) => `WRONG: ${fault}`)]
  return {
    title: `${id}: ${title}`,
    ...(said.length > 0 && { about: said.join(' ') }),
    figures: pictures,
  }
}

function barOf(row: Row): Bar {
  const { what, who, spread, unit, goal } = row
  const isOurs = goal !== undefined || /xstate-session|^ours|session/.test(who)
  return {
    label: `${what}, ${who}`,
    value: spread.median,
    from: spread.min,
    to: spread.max,
    text: `${written(spread.median, unit)}${goal === undefined ? '' : isMet(row) ? ', met' : `, goal ${written(goal, unit)}`}`,
    tone: isOurs ? 'ours' : 'plain',
  }
}
