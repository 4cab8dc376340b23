import type { RunPage } from '../runs/runPage.ts'
import type { Measured } from './measured.ts'

/** What is looked at, under the heads of the matrix. */
const FIELDS: readonly (readonly [head: string, field: keyof Measured])[] = [
  ['a renewal brings', 'renewal'],
  ['the old token again', 'usedAgain'],
  ['two sends at once', 'race'],
  ['after a lost answer', 'lostAnswer'],
  ['resend', 'resend'],
  ['a page', 'page'],
  ['a server', 'server'],
  ['a logout at the provider', 'backChannel'],
  ['DPoP', 'dpop'],
  ['a revocation', 'revocation'],
]

/** Every provider, as it was set up, beside what it was seen to do. */
export function pageOf(measured: readonly Measured[]): Omit<RunPage, 'date'> {
  const providers = new Set(measured.map(({ provider }) => provider))
  return {
    title: `Interop: ${providers.size} providers in ${measured.length} settings`,
    about:
      'A browser of the script signs in at each provider that the machine can have. A page and a server of this package log in, renew, log out, and spend refresh tokens twice, to see what that costs. What a run could not start is from an earlier one.',
    command: 'npm run interop',
    facts: { providers: providers.size, settings: measured.length },
    sections: [
      {
        title: 'What each does',
        figures: [
          {
            kind: 'table',
            head: ['provider', 'set up', ...FIELDS.map(([head]) => head)],
            rows: measured.map((one) => [
              one.provider,
              one.setting,
              ...FIELDS.map(([, field]) => one[field] ?? '–'),
            ]),
          },
        ],
      },
    ],
  }
}
