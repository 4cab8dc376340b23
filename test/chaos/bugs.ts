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
        file: 'src/redis/redisCoordinator.ts',
        find: '  const leased = ',
        put: '  if (ring) return { ...ring, close() {} }\n  const leased = ',
      },
    ],
  },
  leaseWithoutIntent: {
    without: RECORDS,
    patches: [
      noIntentsInRecords,
      {
        file: 'src/redis/scripts.ts',
        find: '\nlocal kind, waitMs = decide(row, ask, now)\nif kind',
        put: "\nif row and row.openUntil then row.openUntil = tonumber(f[5]) end\nlocal kind, waitMs = decide(row, ask, now)\nif kind == 'doubt' then kind = 'send' end\nif kind",
      },
    ],
  },
  resendWhileGood: {
    patches: [
      {
        file: 'machines/session.ledger.ts',
        find: 'return isSpent && doubt.answers < MAX_ANSWERS',
        put: 'return doubt.answers < MAX_ANSWERS',
      },
    ],
  },
  clearOnAnyFailure: {
    patches: [
      {
        file: 'src/server/intents.ts',
        find: 'if (row === before) await giveBack(key, mine)\n    else await replace(key, row, (intent)',
        put: "await replace(key, { ...opened, closed: 'refreshRejected' }, (intent)",
      },
    ],
  },
  publishBeforeCommit: {
    patches: [
      {
        file: 'src/session/outcomes.ts',
        find: '    if (shared && grant.isCurrent(position))\n      await shared.persist(position, grant.toRecord(next, renewed, tokens, life, rejections), answer)\n',
        put: '',
      },
      {
        file: 'src/session/outcomes.ts',
        find: '      grant.renew(next, renewed, tokens, life, answer)\n',
        put: '      grant.renew(next, renewed, tokens, life, answer)\n      await new Promise((resolve) => setTimeout(resolve, 20))\n      await shared?.persist(position, grant.toRecord(next, renewed, tokens, life, rejections), answer)\n',
      },
    ],
  },
  releaseByPlainDel: {
    without: RECORDS,
    patches: [
      noIntentsInRecords,
      {
        file: 'src/redis/scripts.ts',
        find: "if not row or not row.openUntil or f[2] ~= ARGV[1] then return {'lost'} end",
        put: "if not row or not row.openUntil or f[2] ~= ARGV[1] then redis.call('DEL', KEYS[1]) return {'lost'} end",
      },
    ],
  },
  replayThatSurvivesLogout: {
    without: 'commit guard',
    patches: [
      noCommitGuard,
      {
        file: 'src/server/sessionEnds.ts',
        find: '    coordinator.end(identityOf(last))\n',
        put: '',
      },
    ],
  },
}

patchSources(bugs[process.env.BUG ?? '']?.patches ?? [])
