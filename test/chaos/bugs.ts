/**
 * Mistakes that people make, put into the sources of a process under test as it loads them. The harness is worth
 * something only if it catches each of them: `npm run chaos -- --bug name`.
 */
import { type Patch, patchSources } from '../patchSources.ts'

/** The intents in the records, which are a second line of defence behind those of the coordinator. */
const noIntentsInRecords: Patch = {
  file: 'src/server/intents.ts',
  find: '  const owner = crypto.randomUUID()\n',
  put: '  if (inner) return inner\n  const owner = crypto.randomUUID()\n',
}

/** Who commits looks at whether the session is still where it was: the last line of defence behind many others. */
const noCommitGuard: Patch = {
  file: 'src/server/entries.ts',
  find: 'if (!isAt(record.session, expected)) return undefined',
  put: '',
}

interface Bug {
  readonly patches: readonly Patch[]
  /** What would hide it, and is taken away with it. */
  readonly without?: string
}

const RECORDS = 'intents in the records'

export const bugs: Readonly<Record<string, Bug>> = {
  noCommitGuard: { patches: [noCommitGuard] },
  inFlightOnlyDedupe: {
    without: RECORDS,
    patches: [
      noIntentsInRecords,
      {
        file: 'src/coordination/redis.ts',
        find: '  const channel = ',
        put: '  if (ring) return { ...ring, close() {} }\n  const channel = ',
      },
    ],
  },
  leaseWithoutIntent: {
    without: RECORDS,
    patches: [
      noIntentsInRecords,
      {
        file: 'src/coordination/redisScripts.ts',
        find: 'if now < tonumber(f[4]) then',
        put: 'if now < tonumber(f[5]) then',
      },
      {
        file: 'src/coordination/redisScripts.ts',
        find: "if state and (f[7] == 'consumed' or known < sends) then",
        put: 'if false then',
      },
    ],
  },
  resendWhileGood: {
    patches: [
      {
        file: 'machines/session.deadlines.ts',
        find: '&& isSpent(c, at) && sends < MAX_DOUBTFUL_SENDS',
        put: '&& sends < MAX_DOUBTFUL_SENDS',
      },
    ],
  },
  clearOnAnyFailure: {
    patches: [
      {
        file: 'src/server/intents.ts',
        find: 'return before\n',
        put: "return { ...mine, outcome: 'rejected', reason: 'refreshRejected' }\n",
      },
      {
        file: 'src/server/intents.ts',
        find: "outcome: 'unknown',",
        put: "outcome: 'rejected',\n        reason: 'refreshRejected',",
      },
    ],
  },
  publishBeforeCommit: {
    patches: [
      {
        file: 'src/session/flight.ts',
        find: '    if (isCurrent(position)) await persist(position, toRecord(next, renewed, tokens, lifeMs, clock.wall()))\n',
        put: '',
      },
      {
        file: 'src/session/flight.ts',
        find: '      commit(next, renewed, tokens, lifeMs, receivedAt)\n',
        put: '      commit(next, renewed, tokens, lifeMs, receivedAt)\n      await new Promise((resolve) => setTimeout(resolve, 20))\n      await persist(position, toRecord(next, renewed, tokens, lifeMs, clock.wall()))\n',
      },
    ],
  },
  releaseByPlainDel: {
    without: RECORDS,
    patches: [
      noIntentsInRecords,
      {
        file: 'src/coordination/redisScripts.ts',
        find: "if f[1] ~= 'open' or f[2] ~= ARGV[1] then return 'lost' end",
        put: "if f[1] ~= 'open' or f[2] ~= ARGV[1] then redis.call('DEL', KEYS[1]) return 'lost' end",
      },
    ],
  },
  replayThatSurvivesLogout: {
    without: 'commit guard',
    patches: [
      noCommitGuard,
      {
        file: 'src/server/sessions.ts',
        find: '    coordinator.end(identityOf(last))\n',
        put: '',
      },
    ],
  },
}

patchSources(bugs[process.env.BUG ?? '']?.patches ?? [])
