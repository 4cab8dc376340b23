import type { Figure, RunPage } from '../runs/runPage.ts'
import { explained } from './explained.ts'
import { interval } from './interval.ts'
import { keptResults } from './mutateRoom.ts'
import { reportOf, type Survivor } from './reportOf.ts'
import { rooms } from './rooms.ts'

type Known = ReturnType<typeof reportOf> & { readonly name: string; readonly least: number }

const percent = (share: number) => `${(100 * share).toFixed(1)} %`

/** The page of what is known of each room: from this run, or from the last one that has tried it. */
export function roomsPage(): Omit<RunPage, 'date'> {
  const known = Object.entries(rooms).flatMap(([name, { least }]): Known[] => {
    const file = keptResults(name)
    return file === undefined ? [] : [{ name, least, ...reportOf(name, file) }]
  })
  const untried = Object.keys(rooms).filter((name) => !known.some((room) => room.name === name))
  const sum = (of: (room: Known) => number) => known.reduce((total, room) => total + of(room), 0)
  const survivors = known.flatMap((room) => room.survivors)
  return {
    title: `Mutation: ${sum(({ tried }) => tried)} mutants in ${known.length} of ${Object.keys(rooms).length} rooms`,
    about:
      'Each mutant is one small mistake in the code: a condition, an operator, a block. The score of a room is the share that a test noticed. An explained mutant counts as not noticed.',
    command: 'npm run mutate',
    facts: {
      'mutants tried': sum(({ tried }) => tried),
      noticed: sum(({ noticed }) => noticed),
      explained: sum(({ tried, noticed, open }) => tried - noticed - open),
      'neither noticed nor explained': sum(({ open }) => open),
    },
    sections: [
      {
        title: 'Scores, by room',
        about: [
          'A line over a bar is the 95 % confidence interval of a room of which only a random sample was tried. The dashed line is the goal of 85 %.',
          ...(untried.length > 0 ? [`Not tried: ${untried.join(', ')}.`] : []),
        ].join(' '),
        figures: [{ kind: 'bars', goal: 85, bars: known.map(barOf) }, tableOf(known)],
      },
      {
        title: 'Not noticed, by file',
        about:
          'A file that is missing here has no such mutant among those that were tried. The columns are the kinds of change, as Stryker names them.',
        figures: [byFile(survivors)],
      },
      {
        title: 'Explained, by kind',
        about: 'These mutants change nothing that a test could observe.',
        figures: [
          {
            kind: 'table',
            head: ['kind', 'mutants', 'why no test can notice them'],
            rows: explained.map(({ name, why }) => [
              name,
              survivors.filter(({ kind }) => kind === name).length,
              why,
            ]),
          },
        ],
      },
    ],
  }
}

function barOf({ name, noticed, tried, least, sample }: Known) {
  const share = noticed / Math.max(1, tried)
  const [from, to] = sample ? interval(noticed, tried) : [share, share]
  return {
    label: sample ? `${name} (sample)` : name,
    value: 100 * share,
    from: 100 * from,
    to: 100 * to,
    text: percent(share),
    tone: 100 * share < least ? 'wait' : 'good',
  } as const
}

function tableOf(known: readonly Known[]): Figure {
  return {
    kind: 'table',
    head: ['room', 'mutants', 'tried', 'noticed', 'score', '95 % interval', 'explained', 'neither'],
    rows: known.map(({ name, noticed, tried, open, sample }) => [
      name,
      sample?.of ?? tried,
      tried,
      noticed,
      percent(noticed / Math.max(1, tried)),
      sample ? interval(noticed, tried).map(percent).join(' to ') : 'all were tried',
      tried - noticed - open,
      open === 0 ? 0 : { text: String(open), tone: 'wait' },
    ]),
  }
}

function byFile(survivors: readonly Survivor[]): Figure {
  const tally = (of: (survivor: Survivor) => string) =>
    [...Map.groupBy(survivors, of)].sort(([, a], [, b]) => b.length - a.length)
  const mutators = tally(({ mutator }) => mutator).map(([mutator]) => mutator)
  return {
    kind: 'table',
    head: ['file', 'not noticed', 'of them explained', ...mutators],
    rows: tally(({ file }) => file).map(([file, of]) => [
      file,
      of.length,
      of.filter(({ kind }) => kind !== undefined).length,
      ...mutators.map((mutator) => of.filter((one) => one.mutator === mutator).length || ''),
    ]),
  }
}
