import type { Mistake } from './mistake.ts'

export const session: Readonly<Record<string, Mistake>> = {
  lateCommitted: {
    about: 'a late result is committed, even after a logout or another login',
    breaks: ['C8', 'I3'],
    patches: [
      {
        file: 'src/session/vault.ts',
        find: '    if (at.epoch !== epoch || at.version <= version) return false\n',
        put: '',
      },
      {
        file: 'src/session/grant.ts',
        find: 'return this.#owner !== undefined && isSamePosition(position, this.#of.vault.position())',
        put: 'return this.#owner !== undefined || isSamePosition(position, this.#of.vault.position())',
      },
    ],
    seenBy: {
      tests: {
        kind: 'M1',
        file: 'test/session/concurrency.test.ts',
        test: 'C8 as somebody else: those who waited are told, and nothing of the old family is mixed in',
      },
      simulation: { reports: 'A crash of the code', seed: 1 },
    },
  },
  clearOnAnyFailure: {
    about: 'any failure of a refresh ends the session',
    breaks: ['I14'],
    patches: [
      {
        file: 'src/session/refreshEvent.ts',
        find: '  switch (outcome.kind) {\n',
        put: "  if (outcome.kind !== 'ended') return { type: 'refresh.rejected', at, reason: 'refreshRejected' }\n  switch (outcome.kind) {\n",
      },
    ],
    seenBy: {
      tests: {
        kind: 'M5',
        file: 'test/session/doubt.test.ts',
        test: 'never ends a session: the backoff grows to a minute, and the token stays the same',
      },
      checker: { scenario: 'page', reports: ['I14'] },
      simulation: { reports: 'I14', seed: 2 },
      chaos: {},
    },
  },
  laterWinsInStore: {
    about:
      'of the stored version and its own, a session takes the one that ends later, and not the newer one',
    breaks: ['T18'],
    patches: [
      {
        file: 'src/session/grant.ts',
        find: '  owner(): Owner | undefined {\n',
        put: '  endsAt() {\n    return this.#life.receivedAt + this.#life.lifeMs\n  }\n  owner(): Owner | undefined {\n',
      },
      {
        file: 'src/session/sharedRecord.ts',
        find: 'if (stored.version <= position.version) return false',
        put: 'if ((stored.endsAt ?? Infinity) <= grant.endsAt()) return false',
      },
    ],
    seenBy: {
      tests: {
        kind: 'M7',
        file: 'test/session/store.test.ts',
        test: 'T18 a peer’s newer version counts, though its bearer ends sooner',
      },
    },
  },
  delayUnclamped: {
    about: 'a delay above 2^31 - 1 ms reaches `setTimeout`, which fires at once',
    breaks: ['I28', 'T5'],
    patches: [
      {
        file: 'src/session/alarm.ts',
        find: 'clampDelay(nearest - clock.now())',
        put: 'nearest - clock.now()',
      },
    ],
    seenBy: {
      tests: {
        kind: 'M8',
        file: 'test/session/time.test.ts',
        test: 'T5 on real timers a delay of 40 days does not fire at once',
      },
    },
  },
  publishBeforeCommit: {
    about: 'a renewal is reported before it is committed',
    breaks: ['A1', 'I4'],
    patches: [
      {
        file: 'src/session/outcomes.ts',
        find: '  if (shared && grant.isCurrent(position)) await shared.persist(position, renewed, rejections, answer)\n',
        put: '',
      },
      {
        file: 'src/session/outcomes.ts',
        find: '    grant.renew(renewed, answer)\n',
        put: '    grant.renew(renewed, answer)\n    await shared?.persist(position, renewed, rejections, answer)\n',
      },
    ],
    seenBy: {
      tests: {
        kind: 'M11',
        file: 'test/session/answers.test.ts',
        test: 'A1 a rotated answer is committed before anybody is told',
      },
      checker: { scenario: 'processes', reports: ['I4'] },
      chaos: {
        also: [
          {
            file: 'src/session/outcomes.ts',
            find: '    await shared?.persist(',
            put: '    await new Promise((resolve) => setTimeout(resolve, 20))\n    await shared?.persist(',
          },
        ],
      },
      simulation: { reports: 'I4', seed: 1 },
    },
  },
  tokenInEvents: {
    about: 'the facts of an event of the chart hold the token',
    breaks: ['I15'],
    patches: [
      {
        file: 'src/session/grant.ts',
        find: '      user: this.#shown.user,\n',
        put: '      user: this.#shown.user,\n      token: tokens.bearer,\n',
      },
    ],
    seenBy: {
      tests: { kind: 'M13', file: 'test/session/canary.test.ts', test: 'of a whole life at openid' },
    },
  },
  tokenInContext: {
    about: 'the context of the chart, and every snapshot, hold the token',
    breaks: ['I15'],
    patches: [
      {
        file: 'src/session/grant.ts',
        find: '      user: this.#shown.user,\n',
        put: '      user: { ...owner.user, token: tokens.bearer },\n',
      },
    ],
    seenBy: {
      tests: { kind: 'M13', file: 'test/session/canary.test.ts', test: 'of a whole life at openid' },
    },
  },
  lateAdopted: {
    about: 'a result that arrives after the logout is adopted',
    breaks: ['I18'],
    patches: [
      { file: 'src/session/grant.ts', find: '    this.#owner = undefined\n    vault.empty()\n', put: '' },
    ],
    seenBy: {
      checker: { scenario: 'page', reports: ['I18'] },
      simulation: { reports: 'I18', seed: 1 },
    },
  },
  loginOutlivesLogout: {
    about: 'if the user logs out while the login is being written, the login stays in the store',
    breaks: ['I6'],
    patches: [
      {
        file: 'src/session/sharedRecord.ts',
        find: 'if (end || (isWritten && !isLast()))',
        put: 'if (end)',
      },
    ],
    seenBy: {
      checker: { scenario: 'tabs-login', reports: ['I6'] },
    },
  },
  foreignAdopted: {
    about: 'an answer that names another user is adopted',
    breaks: ['I7', 'I10'],
    patches: [
      {
        file: 'src/session/outcomes.ts',
        find: 'if (user && (user.id !== owner.user.id || isForeign))',
        put: 'if (false)',
      },
    ],
    seenBy: {
      checker: { scenario: 'page', reports: ['I7', 'I10'] },
    },
  },
  restartEmpties: {
    about: 'an actor that is started again on its living snapshot has lost its tokens (U30)',
    breaks: ['U30'],
    patches: [
      {
        file: 'src/session/runtime.ts',
        find: "    this.#status = 'stopped'\n",
        put: "    this.#status = 'stopped'\n    this.holding.vault.empty()\n",
      },
      {
        file: 'src/session/runtime.ts',
        find: '  #isEmpty(): boolean {\n',
        put: '  #isEmpty(): boolean {\n    if (this.holding.grant.owner()) return false\n',
      },
    ],
    seenBy: {
      checker: { scenario: 'restart', reports: ['U30'] },
    },
  },
  wishOutlivesBearer: {
    about: 'who asked for a refresh is asked for once more although a peer has brought a newer bearer (U35)',
    breaks: ['I11', 'U35'],
    patches: [{ file: 'src/session/supply.ts', find: '    this.#review(waiting)\n', put: '' }],
    seenBy: {
      tests: {
        kind: 'M6',
        file: 'test/session/supply.test.ts',
        test: 'by user is done with a renewal that looks 4 s old',
      },
    },
  },
  gatewayForBackend: {
    about: 'a gateway without the route counts as a backend that does not refresh (U60)',
    breaks: ['I14'],
    patches: [
      {
        file: 'src/session/refreshEvent.ts',
        find: "    case 'refused':\n      return {",
        put: "    case 'refused':\n      if (outcome.cause === 'network') return { type: 'refresh.unsupported', at, forGood: false }\n      return {",
      },
    ],
    seenBy: {
      checker: { scenario: 'page', reports: ['I14'] },
    },
  },
}
