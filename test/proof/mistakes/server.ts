import type { Mistake } from './mistake.ts'

export const server: Readonly<Record<string, Mistake>> = {
  noCommitGuard: {
    about: 'a commit overwrites any record, also a newer one',
    breaks: ['I3', 'I6'],
    patches: [
      {
        file: 'src/server/entries.ts',
        find: 'if (!isAt(record.session, expected)) return undefined',
        put: '',
      },
    ],
    seenBy: {
      tests: {
        kind: 'M1',
        file: 'test/server/entries.test.ts',
        test: 'I3: a server that holds an older version writes nothing over the newer one',
      },
      checker: { scenario: 'processes-corner', reports: ['I3', 'I6'] },
      chaos: { setting: { logouts: 30, nemesis: ['wireSlow', 'storeSlow', 'stop'] } },
    },
  },
  intentUnread: {
    about: 'a process sends although another process has written down a send',
    breaks: ['I1', 'I9'],
    patches: [
      {
        file: 'src/server/intents.ts',
        find: 'const before = standing(record, first)',
        put: 'const before = null',
      },
    ],
    seenBy: {
      checker: { scenario: 'processes', reports: ['I1', 'I9'] },
      simulation: { reports: 'I1', seed: 1, isFleet: true },
    },
  },
  logoutUntold: {
    about: 'a server does not tell its coordinator that a session has ended',
    breaks: ['I6'],
    patches: [
      { file: 'src/server/sessionEnds.ts', find: '    coordinator.end(identityOf(last))\n', put: '' },
    ],
    seenBy: {
      chaos: {
        setting: { logouts: 30, nemesis: ['wireSlow', 'storeSlow', 'stop'] },
        without: 'noCommitGuard',
      },
    },
  },
  buriesNothing: {
    about: 'a server keeps no tombstone of a session that has ended',
    breaks: ['I6'],
    patches: [
      {
        file: 'src/server/sessionEnds.ts',
        find: 'return { ...rest, session: toTombstone(record.session), reason }',
        put: 'return undefined',
      },
    ],
    seenBy: {
      simulation: { reports: 'I5', seed: 2, isFleet: true },
    },
  },
  noIntent: {
    about: 'a server sends without writing the send down first',
    breaks: ['I2', 'I19'],
    patches: [
      {
        file: 'src/server/intents.ts',
        find: '  const owner = crypto.randomUUID()\n',
        put: '  if (inner) return inner\n  const owner = crypto.randomUUID()\n',
      },
    ],
    seenBy: {
      checker: { scenario: 'processes', reports: ['I2', 'I19'] },
      simulation: { reports: 'I2', seed: 1, isFleet: true },
    },
  },
  rejectedForUnknown: {
    about: 'an answer that proves nothing is stored as a rejection',
    breaks: ['I8'],
    patches: [
      {
        file: 'src/server/intents.ts',
        find: 'else await replace(key, row, (intent)',
        put: "else await replace(key, outcome.kind === 'unknown' ? { ...opened, closed: 'refreshRejected' } : row, (intent)",
      },
    ],
    seenBy: {
      checker: { scenario: 'processes', reports: ['I8'] },
      simulation: { reports: 'I8', seed: 1, isFleet: true },
    },
  },
  intentDropped: {
    about: 'a server removes its intent before the result of the send is committed',
    breaks: ['I19'],
    patches: [
      {
        file: 'src/server/intents.ts',
        find: "if (outcome.kind === 'ok') return outcome\n",
        put: "if (outcome.kind === 'ok') await replace(key, mine.claim.before, () => true)\n    if (outcome.kind === 'ok') return outcome\n",
      },
    ],
    seenBy: {
      checker: { scenario: 'processes', reports: ['I19'] },
    },
  },
  restsUnwritten: {
    about: 'a server lets a session rest before its end is written down',
    breaks: ['I18'],
    patches: [{ file: 'src/server/awakeSession.ts', find: 'endings > 0 || ', put: '' }],
    seenBy: {
      checker: { scenario: 'processes-outcomes', reports: ['I18'] },
    },
  },
  otherLogin: {
    about: 'a call of a window is made for another user who has logged in since, behind the same cookie (U3)',
    breaks: ['I7'],
    patches: [
      {
        file: 'src/server/sessionSearch.ts',
        find: 'if (!isFound(found) || isFor(request, found.record.login)) return found',
        put: 'if (found) return found',
      },
    ],
    seenBy: {
      checker: { scenario: 'processes-login', reports: ['I7'] },
    },
  },
}
