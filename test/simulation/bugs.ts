import type { Patch } from '../patchSources.ts'

/**
 * Mistakes that people make, put into the sources before a simulation loads them. It is worth something only if it
 * finds each of them: `npm run simulate -- --bug name`.
 */
export const bugs: Readonly<Record<string, readonly Patch[]>> = {
  resendWhileGood: [
    {
      file: 'machines/session.deadlines.ts',
      find: '&& isSpent(c, at) && sends < MAX_DOUBTFUL_SENDS',
      put: '&& sends < MAX_DOUBTFUL_SENDS',
    },
    {
      file: 'machines/session.deadlines.ts',
      find: "if (c.bearer === 'good') return Math.max(c.endsAt, c.retryAt)",
      put: '',
    },
  ],
  clearOnAnyFailure: [
    {
      file: 'src/session/flight.ts',
      find: "case 'refused':\n",
      put: "case 'refused':\n        return { type: 'refresh.rejected', reason: 'refreshRejected' } as const\n",
    },
  ],
  keepsServingAfterLogout: [
    {
      file: 'src/session/handle.ts',
      find: '    freshUntil = freshness()\n',
      put: '    if (state.reason === null) freshUntil = freshness()\n',
    },
    {
      file: 'src/session/flight.ts',
      find: '      owner = undefined\n      vault.empty()\n',
      put: '      owner = undefined\n',
    },
  ],
  // Also a crash: whoever looks into the store after a logout compares it with nothing.
  takesLateAnswers: [
    {
      file: 'src/session/flight.ts',
      find: 'const isCurrent = (position: Position) => owner !== undefined && isSame(position, vault.position())',
      put: 'const isCurrent = (position: Position) => isSame(position, vault.position())',
    },
  ],
  forgetsDoubt: [
    {
      file: 'src/coordination/inProcess.ts',
      find: 'const FRUITLESS_MS = 86_400_000',
      put: 'const FRUITLESS_MS = 1',
    },
  ],
  forgetsIntents: [
    {
      file: 'src/server/intents.ts',
      find: 'if (!intent) return undefined\n',
      put: "if (intent?.outcome !== 'rejected') return undefined\n",
    },
  ],
  buriesNothing: [
    {
      file: 'src/server/sessions.ts',
      find: 'return { ...rest, session: toTombstone(record.session), reason }',
      put: 'return undefined',
    },
  ],
}

/** Those of servers: a simulation of pages never comes to them. */
export const fleetBugs = ['forgetsIntents', 'buriesNothing']
