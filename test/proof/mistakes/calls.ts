import type { Mistake } from './mistake.ts'

export const calls: Readonly<Record<string, Mistake>> = {
  newerIgnored: {
    about: 'a 401 is not compared with the version of its bearer, so there is no retry with the newer bearer',
    breaks: ['C4'],
    patches: [
      {
        file: 'src/session/supply.ts',
        find: 'used.epoch) return known\n',
        put: 'used.epoch) return undefined\n',
      },
    ],
    seenBy: {
      tests: {
        kind: 'M6',
        file: 'test/session/concurrency.test.ts',
        test: 'C4 for a bearer that was replaced meanwhile costs one retry and no refresh',
      },
    },
  },
  staleRefreshes: {
    about: 'every 401 causes a refresh, also a 401 for an older bearer',
    breaks: ['I11'],
    patches: [
      {
        file: 'src/session/supply.ts',
        find: '    if (known !== undefined || this.#vault.position().epoch !== used.epoch) return known\n',
        put: '    if (known !== undefined) used = this.#vault.position()\n',
      },
    ],
    seenBy: {
      tests: {
        kind: 'M6',
        file: 'test/session/fetch.test.ts',
        test: 'I11 a 401 for an old bearer, after the refresh, refreshes nothing',
      },
      checker: { scenario: 'requests', reports: ['I11'] },
    },
  },
  refreshFollowsRedirects: {
    about: 'a refresh follows redirects, with its token',
    breaks: ['A5', 'X6'],
    patches: [{ file: 'src/wire/request.ts', find: "redirect: 'manual'", put: "redirect: 'follow'" }],
    seenBy: {
      tests: {
        kind: 'M9',
        file: 'test/wire/network.test.ts',
        test: 'A5 and X6: 301 is not followed, so the token stays home',
      },
    },
  },
  callFollowsRedirects: {
    about: 'a call follows redirects, with its bearer',
    breaks: ['I16'],
    patches: [
      {
        file: 'src/session/sessionFetch.ts',
        find: "=== 'error' ? 'error' : 'manual'",
        put: "=== 'error' ? 'error' : 'follow'",
      },
    ],
    seenBy: {
      tests: {
        kind: 'M9',
        file: 'test/session/fetch.test.ts',
        test: '301 to a second server: it is not called, and the error names its origin only',
      },
    },
  },
  callerAbortsAll: {
    about: 'the signal of one caller aborts the refresh of all callers',
    breaks: ['C1'],
    patches: [
      {
        file: 'src/session/supply.ts',
        find: 'return orAborted(this.acquire(), signal)',
        put: 'return (Object.assign(this.#of.holding.settings, { signal }), orAborted(this.acquire(), signal))',
      },
      {
        file: 'src/session/attempts.ts',
        find: '  const { signal } = controller\n',
        put: "  const { signal } = controller\n    ;(settings as { signal?: AbortSignal }).signal?.addEventListener('abort', () => controller.abort())\n",
      },
    ],
    seenBy: {
      tests: {
        kind: 'M14',
        file: 'test/session/concurrency.test.ts',
        test: 'takes nobody with it, and the refresh goes on',
      },
    },
  },
  firstCookieCounts: {
    about: 'if several cookies have one name, the first counts',
    breaks: ['A20'],
    patches: [{ file: 'src/wire/cookies.ts', find: ') found = value', put: ') found ??= value' }],
    seenBy: {
      tests: {
        kind: 'M16',
        file: 'test/librechat/cookieStrategy.test.ts',
        test: 'A20 two cookies, old, then new: the last living one counts, with a warning',
      },
    },
  },
  keepsServingAfterLogout: {
    about: 'callers get the bearer of a session that has ended',
    breaks: ['I5'],
    patches: [
      {
        file: 'src/session/supply.ts',
        find: '    const { reading, holding } = this.#of\n    const clock = this.#clock\n',
        put: '    const { reading, holding } = this.#of\n    if (reading.state.reason !== null) return this.settle()\n    const clock = this.#clock\n',
      },
      {
        file: 'src/session/grant.ts',
        find: '    this.#owner = undefined\n    vault.empty()\n',
        put: '    this.#owner = undefined\n',
      },
    ],
    seenBy: {
      simulation: { reports: 'I5', seed: 2 },
    },
  },
  thirdSend: {
    about: 'a request is sent a third time if its second answer is also a 401',
    breaks: ['I10'],
    patches: [
      {
        file: 'src/session/sessionFetch.ts',
        find: 'if (second.status === 401) source.rejectedAgain(again)',
        put: 'if (second.status === 401) return this.#followed(target, init, await this.#send(target, init, newer), newer)',
      },
    ],
    seenBy: {
      checker: { scenario: 'requests', reports: ['I10'] },
    },
  },
}
