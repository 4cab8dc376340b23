import type { RunPage } from '../runs/runPage.ts'
import type { Result } from './main.ts'

/** What each recipe has reached, and how long it took. */
export function pageOf(results: readonly Result[], command: string): Omit<RunPage, 'date'> {
  const works = results.filter(({ error }) => error === undefined)
  return {
    title: `Recipes: ${works.length} of ${results.length} work as written`,
    about:
      'Each page of the docs is followed to the letter in a folder of its own, with this package as npm would give it and the newest of everything else: made, installed, built, started, and used in a browser from the login to the logout.',
    command,
    facts: { recipes: results.length, work: works.length },
    sections: [
      {
        title: 'From nothing to a user who has logged out',
        about: 'Seconds, most of them npm and the build.',
        figures: [
          {
            kind: 'bars',
            bars: results.map(({ name, seconds, error }) => ({
              label: name,
              value: seconds,
              text: `${seconds} s`,
              tone: error === undefined ? 'good' : 'bad',
            })),
          },
          {
            kind: 'table',
            head: ['recipe', '', 'last step', 'seconds'],
            rows: results.map(({ name, error, reached, seconds }) => [
              name,
              error === undefined ? { text: 'works', tone: 'good' } : { text: 'fails', tone: 'bad' },
              reached,
              seconds,
            ]),
          },
        ],
      },
    ],
  }
}
