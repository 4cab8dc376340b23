import type { Mistake } from './mistake.ts'

export const coordination: Readonly<Record<string, Mistake>> = {
  storeWithoutCompare: {
    about: 'the record of a session is written without a comparison',
    breaks: ['I3', 'I6'],
    patches: [
      { file: 'src/stores/memory.ts', find: '      if (!isAt(stored, expected)) return false\n', put: '' },
    ],
    seenBy: {
      tests: {
        kind: 'M1',
        file: 'test/session/concurrency.test.ts',
        test: 'a write that is under way does not bring the session back',
      },
    },
  },
  inFlightOnlyDedupe: {
    about: 'a caller that comes after the refresh with the spent token sends that token again',
    breaks: ['C3', 'I5', 'I25'],
    patches: [
      {
        file: 'src/coordination/coalescer.ts',
        find: 'const known = past.get(key)',
        put: 'const known = undefined as never',
      },
    ],
    seenBy: {
      tests: {
        kind: 'M2',
        file: 'test/coordination/replay.test.ts',
        test: 'who comes with the spent token gets its successor and its age, and sends nothing (C3, I25)',
      },
      checker: { scenario: 'copies', reports: ['I5'] },
    },
  },
  inFlightOnlyInRedis: {
    about: 'a send is forgotten between processes as soon as its answer arrives',
    breaks: ['C3'],
    patches: [
      {
        file: 'src/redis/scripts.ts',
        find: "  redis.call('SET', KEYS[1], 'done|' .. now .. '|' .. detail, 'PX', ARGV[10])\n",
        put: "  redis.call('DEL', KEYS[1])\n",
      },
    ],
    seenBy: {
      tests: {
        kind: 'M2',
        file: 'test/redis/coordinator.test.ts',
        test: 'C3: a straggler in another process gets what the spent token brought, with its age',
      },
    },
  },
  redisUnasked: {
    about: 'each process has its own coordinator, and does not ask Redis',
    breaks: ['I1'],
    patches: [
      {
        file: 'src/redis/redisCoordinator.ts',
        find: '  const leased = ',
        put: '  if (ring) return { ...ring, close() {} }\n  const leased = ',
      },
    ],
    seenBy: {
      chaos: { without: 'noIntent' },
    },
  },
  leaseWithoutIntent: {
    about: 'there is no intent: only a lease holds other processes back, and it is shorter than an answer',
    breaks: ['C24', 'I1'],
    patches: [
      {
        file: 'src/redis/scripts.ts',
        find: '\nlocal kind, waitMs = decide(row, ask, now)\nif kind',
        put: "\nif row and row.openUntil then row.openUntil = f.lease end\nlocal kind, waitMs = decide(row, ask, now)\nif kind == 'doubt' then kind = 'send' end\nif kind",
      },
    ],
    seenBy: {
      tests: {
        kind: 'M3',
        file: 'test/redis/coordinator.test.ts',
        test: 'C24: a lease that lapses permits nothing; the intent holds',
      },
      chaos: { setting: { nemesis: ['kill', 'pause'] }, without: 'noIntent' },
    },
  },
  tenantLeftOut: {
    about: 'the key of a refresh leaves out the tenant',
    breaks: ['I7', 'X18'],
    patches: [{ file: 'src/coordination/flightText.ts', find: '    identity.tenantId,\n', put: '' }],
    seenBy: {
      tests: {
        kind: 'M10',
        file: 'test/coordination/coalescing.test.ts',
        test: 'an absent tenant is not an empty one (I7, X18)',
      },
    },
  },
  releaseByPlainDel: {
    about: 'a process releases a lease that it no longer holds',
    breaks: ['C25', 'I1'],
    patches: [
      {
        file: 'src/redis/scripts.ts',
        find: "if not row or not row.openUntil or f.owner ~= ARGV[1] then return {'lost'} end",
        put: "if not row or not row.openUntil or f.owner ~= ARGV[1] then redis.call('DEL', KEYS[1]) return {'lost'} end",
      },
    ],
    seenBy: {
      tests: {
        kind: 'M12',
        file: 'test/redis/coordinator.test.ts',
        test: 'C25: who lost the intent cannot settle it for who has it',
      },
      chaos: { setting: { seconds: 90, nemesis: ['pause'] }, without: 'noIntent' },
    },
  },
  replayCacheSurvivesLogout: {
    about: 'the result of a spent token is still kept after the logout of its session',
    breaks: ['C7', 'I5', 'I6'],
    patches: [
      {
        file: 'src/coordination/coalescer.ts',
        find: '    if (isAll) for (const key of past.keysOf(scope)) bury(key, scope)\n',
        put: '',
      },
      {
        file: 'src/coordination/coalescer.ts',
        find: '    else past.set(key, { scope, answer: ENDED })',
        put: '    else if (!past.get(key)) past.set(key, { scope, answer: ENDED })',
      },
    ],
    seenBy: {
      tests: {
        kind: 'M15',
        file: 'test/coordination/logout.test.ts',
        test: 'stragglers with any known token of the session are told that it ended (C7, I5, I6)',
      },
      checker: { scenario: 'copies', reports: ['I6'] },
    },
  },
  replaySurvivesLogoutInRedis: {
    about: 'the result of a spent token is still kept between processes after the logout',
    breaks: ['X17'],
    patches: [
      {
        file: 'src/redis/scripts.ts',
        find: "if redis.call('EXISTS', KEYS[2]) == 1 then return {'ended'} end\n",
        put: '',
      },
      {
        file: 'src/redis/scripts.ts',
        find: "  redis.call('SET', KEYS[1], 'ended', 'PX', ARGV[3])\n",
        put: '',
      },
    ],
    seenBy: {
      tests: {
        kind: 'M15',
        file: 'test/redis/coordinator.test.ts',
        test: 'X17: what one process logged out, no other replays',
      },
    },
  },
  forgetsDoubt: {
    about: 'one process forgets a send whose outcome is unknown',
    breaks: ['I1'],
    patches: [
      {
        file: 'src/coordination/memoryLedger.ts',
        find: 'claim(rows.get(key)?.value ?? null, ask',
        put: 'claim(null, ask',
      },
    ],
    seenBy: {
      simulation: { reports: 'I1', seed: 2 },
    },
  },
  tabSendsUnseen: {
    about: 'a tab sends although another tab has written down a send',
    breaks: ['I1', 'I2', 'I9'],
    patches: [
      {
        file: 'src/browser/sharedVault.ts',
        find: 'const before = isAt(found, at) ? (found as SendRow) : null',
        put: 'const before = null',
      },
      {
        file: 'src/browser/lock.ts',
        find: 'navigator.locks.request(name, { signal: waiting.signal }, begin).catch(begin)',
        put: 'void begin()',
      },
    ],
    seenBy: {
      checker: { scenario: 'tabs', reports: ['I1', 'I2', 'I9'] },
    },
  },
}
