import type { Mistake } from './mistake.ts'

export const chart: Readonly<Record<string, Mistake>> = {
  resendWhileGood: {
    about: 'a token that may be spent is sent again while the bearer is good',
    breaks: ['I1'],
    patches: [
      {
        file: 'machines/session.ledger.ts',
        find: 'return isSpent && doubt.answers < MAX_ANSWERS',
        put: 'return doubt.answers < MAX_ANSWERS',
      },
    ],
    seenBy: {
      tests: {
        kind: 'M4',
        file: 'test/session/doubt.test.ts',
        test: 'the backend answered: nothing while the bearer is good, then sends up to the fourth, over 120 s and more, then the end',
      },
      checker: { scenario: 'page', reports: ['I1'] },
      simulation: { reports: 'I1', seed: 2 },
      chaos: {},
    },
  },
  resendUnderNever: {
    about: 'the token is sent again after an unknown outcome, although the policy is `never`',
    breaks: ['I1'],
    patches: [
      { file: 'machines/session.ledger.ts', find: "if (resend === 'never') return false", put: '' },
      {
        file: 'machines/session.ledger.ts',
        find: "if (resend === 'never') return true",
        put: "if (resend === 'never') return false",
      },
    ],
    seenBy: {
      tests: {
        kind: 'M4',
        file: 'test/session/doubt.test.ts',
        test: 'not one send more: the bearer serves to its end, then the session expires',
      },
      simulation: { reports: 'I1', seed: 1 },
    },
  },
  laterWins: {
    about: 'the renewal that ends later counts, and not the newer version',
    breaks: ['T18'],
    patches: [
      {
        file: 'machines/session.guards.ts',
        find: 'facts.version > c.version',
        put: 'facts.endsAt > c.endsAt',
      },
    ],
    seenBy: {
      tests: { kind: 'M7', file: 'test/machine/table.test.ts', test: 'eager' },
    },
  },
  refreshesEarly: {
    about: 'the timer of a refresh is set to the minimum time between two refreshes',
    breaks: ['I11'],
    patches: [
      {
        file: 'machines/session.deadlines.ts',
        find: 'refreshAt: Math.max(leadAt - jitter, floorAt)',
        put: 'refreshAt: floorAt',
      },
    ],
    seenBy: {
      checker: { scenario: 'page', reports: ['I11'] },
    },
  },
  servesEnded: {
    about: 'callers get a bearer that has ended',
    breaks: ['I13'],
    patches: [
      {
        file: 'machines/session.select.ts',
        find: "c.bearer === 'good' && at < c.endsAt",
        put: "c.bearer !== 'none'",
      },
    ],
    seenBy: {
      checker: { scenario: 'doubt-afterBearerEnds', reports: ['I13'] },
      simulation: { reports: 'I13', seed: 1 },
    },
  },
  wrongEdge: {
    about: 'a retry passes through a state that it must not reach',
    breaks: ['I17'],
    patches: [
      {
        file: 'machines/session.machine.ts',
        find: "guard: 'isRetryDue',\n            target: 'refreshing',",
        put: "guard: 'isRetryDue',\n            target: 'nearingExpiry',",
      },
    ],
    seenBy: {
      checker: { scenario: 'page', reports: ['I17'] },
      simulation: { reports: 'I17', seed: 1 },
    },
  },
  chartFails: {
    about: 'an action of the chart throws',
    breaks: ['I17'],
    patches: [
      {
        file: 'machines/session.actions.ts',
        find: 'noteRefused: note(afterRefused)',
        put: 'noteRefused: note((context) => (context as never as () => never)())',
      },
    ],
    seenBy: {
      checker: { scenario: 'page', reports: ['I17'] },
    },
  },
  routeForgotten: {
    about: 'a resting session of a server forgets that the backend has no route for its refresh',
    breaks: ['I1'],
    patches: [
      {
        file: 'machines/session.select.ts',
        find: "return !lastChance || bearer !== 'good'",
        put: 'return true',
      },
    ],
    seenBy: {
      checker: { scenario: 'processes-odd', reports: ['I1'] },
    },
  },
  doubtOfHolder: {
    about: 'a session obeys the ledger row of a token only if it knows of the send itself (U36)',
    breaks: ['I1', 'I9'],
    patches: [
      {
        file: 'machines/session.ledger.ts',
        find: 'const doubt = row ? raised(row, ask.known) : ask.known',
        put: 'const doubt = row && ask.known ? raised(row, ask.known) : ask.known',
      },
      { file: 'src/session/records.ts', find: '    ...(doubt && { row: doubt }),\n', put: '' },
    ],
    seenBy: {
      checker: { scenario: 'processes-never', reports: ['I1', 'I9'] },
      simulation: { reports: 'I1', seed: 1 },
    },
  },
  consumedUnknown: {
    about: 'a token that is known to be spent is remembered as one that may be spent (U37)',
    breaks: ['I1'],
    patches: [
      {
        file: 'machines/session.ledger.ts',
        find: "      return { ...rest, closed: 'consumed' }\n",
        put: '      return rest\n',
      },
    ],
    seenBy: {
      checker: { scenario: 'consumed', reports: ['I1'] },
    },
  },
}
