import type { RunPage } from '../../test/runs/runPage.ts'

/** What one store takes for so many sessions, and what it does a second. */
export interface Sized {
  readonly store: string
  readonly sessions: number
  readonly bytesEach: number
  readonly writes: number
  readonly reads: number
}

/** The page of the sizing: a table of all, and for each number of sessions the stores beside each other. */
export function sizingPage(all: readonly Sized[], command: string): Omit<RunPage, 'date'> {
  const inWords = new Intl.NumberFormat('en')
  const bars = (
    those: readonly Sized[],
    of: 'bytesEach' | 'writes' | 'reads',
    what: string,
    unit: string,
  ) => ({
    kind: 'bars' as const,
    bars: those.map((one) => ({
      label: `${what}, ${one.store}`,
      value: one[of],
      text: `${inWords.format(one[of])} ${unit}`,
      tone: 'ours' as const,
    })),
  })
  const counts = [...new Set(all.map(({ sessions }) => sessions))]
  return {
    title: 'Sizing',
    about:
      'What each store of a server takes for a session, and how many writes and reads a second one process gets out of it, 64 at once. The entries are as long as those of a session with OpenID tokens.',
    command,
    facts: { stores: new Set(all.map(({ store }) => store)).size, 'sessions at most': Math.max(...counts) },
    sections: [
      {
        title: 'All figures',
        figures: [
          {
            kind: 'table',
            head: ['store', 'sessions', 'bytes each', 'writes a second', 'reads a second'],
            rows: all.map(({ store, sessions, bytesEach, writes, reads }) => [
              store,
              sessions,
              bytesEach,
              writes,
              reads,
            ]),
          },
        ],
      },
      ...counts.map((count) => {
        const those = all.filter(({ sessions }) => sessions === count)
        return {
          title: `${inWords.format(count)} sessions`,
          figures: [
            bars(those, 'bytesEach', 'takes', 'B each'),
            bars(those, 'writes', 'writes', 'a second'),
            bars(those, 'reads', 'reads', 'a second'),
          ],
        }
      }),
    ],
  }
}
