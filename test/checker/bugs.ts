/**
 * Mistakes that people make. The checker is worth something only if it finds each of them:
 * `npm run check:model -- --bug name`.
 */
import type { Patch } from '../patchSources.ts'

export interface Bug {
  readonly about: string
  /** The scenario that finds it with the shortest trace. */
  readonly scenario: string
  /** What it breaks first. */
  readonly breaks: readonly string[]
  readonly patches: readonly Patch[]
}

export const bugs: Readonly<Record<string, Bug>> = {
  lateAdopted: {
    about: 'a result that comes after logout is adopted',
    scenario: 'page',
    breaks: ['I18'],
    patches: [
      {
        file: 'src/session/flight.ts',
        find: '      owner = undefined\n      vault.empty()\n      if (closed',
        put: '      if (closed',
      },
    ],
  },
  resendWhileGood: {
    about: 'a token that may be spent is sent again while the bearer is good',
    scenario: 'page',
    breaks: ['I1'],
    patches: [
      {
        file: 'machines/session.deadlines.ts',
        find: 'return isSpent(c, at) && sends < MAX_DOUBTFUL_SENDS',
        put: 'return sends < MAX_DOUBTFUL_SENDS',
      },
    ],
  },
  clearOnAnyFailure: {
    about: 'any failure of a refresh ends the session',
    scenario: 'page',
    breaks: ['I14'],
    patches: [
      {
        file: 'src/session/flight.ts',
        find: "    switch (outcome.kind) {\n      case 'ended':",
        put: "    if (outcome.kind !== 'ended') return { type: 'refresh.rejected', reason: 'refreshRejected' } as const\n    switch (outcome.kind) {\n      case 'ended':",
      },
    ],
  },
  staleRefreshes: {
    about: 'a 401 refreshes, whichever bearer it was for',
    scenario: 'page',
    breaks: ['I1'],
    patches: [
      {
        file: 'src/session/handle.ts',
        find: '    if (!isSameEpoch() || newer() !== undefined) return newer()\n',
        put: '    if (newer() !== undefined) used = vault.position()\n',
      },
    ],
  },
}
