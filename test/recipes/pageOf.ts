import type { RunPage, Span } from '../runs/runPage.ts'
import type { Result } from './main.ts'

/** What comes before the user, each part up to the end of its step. */
const PARTS = ['created', 'installed', 'built', 'started']

/** What each recipe was built with, what was done with it, and how long each step took. */
export function pageOf(results: readonly Result[], command: string): Omit<RunPage, 'date'> {
  const works = results.filter(({ error }) => error === undefined)
  return {
    title: `Recipes: ${works.length} of ${results.length} work as written`,
    about:
      'Each page of the docs is followed to the letter in a folder of its own, with this package as npm would give it and the newest of everything else: made, installed, built, started, and used in a browser. A user logs in by password, and by OpenID over the page of the provider and the callback, and logs out again.',
    command,
    facts: {
      recipes: results.length,
      work: works.length,
      seconds: results.reduce((sum, { seconds }) => sum + seconds, 0),
    },
    sections: [
      {
        title: 'From nothing to a user who has logged out',
        about:
          'Grey: created, installed, built, started. Green: each step of the user, who also waits for a renewal.',
        figures: [
          {
            kind: 'lanes',
            seconds: Math.max(1, ...results.map(({ seconds }) => seconds)),
            lanes: results.map((result) => ({ label: result.name, spans: spansOf(result) })),
          },
        ],
      },
      {
        title: 'Versions and seconds',
        figures: [
          {
            kind: 'table',
            head: ['recipe', '', 'built with', ...PARTS, 'used', 'all'],
            rows: results.map((result) => [
              result.name,
              result.error === undefined ? { text: 'works', tone: 'good' } : { text: 'fails', tone: 'bad' },
              result.versions.join(', '),
              ...partsOf(result),
              result.seconds,
            ]),
          },
        ],
      },
      {
        title: 'Steps of the user',
        about: 'Each with the second at which it was done.',
        figures: [
          {
            kind: 'table',
            head: ['recipe', 'steps'],
            rows: results.map(({ name, steps }) => [
              name,
              steps
                .filter(({ step }) => !PARTS.includes(step))
                .map(({ step, at }) => `${step} ${at} s`)
                .join(', '),
            ]),
          },
        ],
      },
    ],
  }
}

/** One after the other; where a recipe fails, the rest of its time. */
function spansOf({ steps, seconds, error }: Result): Span[] {
  const ends = error === undefined ? steps : [...steps, { step: 'fails', at: seconds }]
  return ends.map(({ step, at }, i) => ({
    from: ends[i - 1]?.at ?? 0,
    to: at,
    text: `${step}: ${at - (ends[i - 1]?.at ?? 0)} s`,
    tone: step === 'fails' ? 'bad' : PARTS.includes(step) ? 'plain' : 'good',
  }))
}

/** The seconds of each part, and of the user. What was not reached is a dash. */
function partsOf({ steps, seconds }: Result): (number | string)[] {
  let before = 0
  const parts = PARTS.map((part) => {
    const at = steps.find(({ step }) => step === part)?.at
    if (at === undefined) return '–'
    const took = at - before
    before = at
    return took
  })
  const isStarted = steps.some(({ step }) => step === PARTS.at(-1))
  return [...parts, isStarted ? seconds - before : '–']
}
