import type { Patch } from '../patchSources.ts'

/**
 * Mistakes that people make, put into the sources before a simulation loads them. It is worth something only if it
 * finds each of them: `npm run simulate -- --bug name`.
 */
export const bugs: Readonly<Record<string, readonly Patch[]>> = {
  resendWhileGood: [
    {
      file: 'machines/session.ledger.ts',
      find: 'return isSpent && doubt.answers < MAX_ANSWERS',
      put: 'return doubt.answers < MAX_ANSWERS',
    },
  ],
  clearOnAnyFailure: [
    {
      file: 'src/session/refreshEvent.ts',
      find: "case 'refused':\n",
      put: "case 'refused':\n      return { type: 'refresh.rejected', at, reason: 'refreshRejected' }\n",
    },
  ],
  keepsServingAfterLogout: [
    {
      file: 'src/session/supply.ts',
      find: '      freshUntil = freshness()\n',
      put: '      if (reading.state().reason === null) freshUntil = freshness()\n',
    },
    {
      file: 'src/session/grant.ts',
      find: '      owner = undefined\n      vault.empty()\n',
      put: '      owner = undefined\n',
    },
  ],
  // Also a crash: whoever looks into the store after a logout compares it with nothing.
  takesLateAnswers: [
    {
      file: 'src/session/grant.ts',
      find: 'isCurrent: (position: Position) => owner !== undefined && isSamePosition(position, vault.position())',
      put: 'isCurrent: (position: Position) => isSamePosition(position, vault.position())',
    },
  ],
  forgetsDoubt: [
    {
      file: 'src/coordination/memoryLedger.ts',
      find: 'claim(rows.get(key)?.value ?? null, ask',
      put: 'claim(null, ask',
    },
  ],
  forgetsIntents: [
    {
      file: 'src/server/intents.ts',
      find: 'const before = standing(record, first)',
      put: 'const before = record.intent?.closed ? standing(record, first) : null',
    },
  ],
  buriesNothing: [
    {
      file: 'src/server/sessionEnds.ts',
      find: 'return { ...rest, session: toTombstone(record.session), reason }',
      put: 'return undefined',
    },
  ],
}

/** Those of servers: a simulation of pages never comes to them. */
export const fleetBugs = ['forgetsIntents', 'buriesNothing']
