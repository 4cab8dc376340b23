/** The code of one room, and the tests that guard it. */
export interface Room {
  /** All files in it and in its folders are mutated. */
  readonly folder: string
  /** But not these files. */
  readonly except?: readonly string[]
  /** The quick tests come first. */
  readonly tests: readonly string[]
  /** The least score; percent. */
  readonly least: number
  /**
   * Also mutates what runs while a module is loaded, such as the chart. Each of these mutants runs all tests of the room.
   * @default false
   */
  readonly isStaticToo?: boolean
}

/** What backends answer, and what that is worth. */
const ofAnswers = [
  'test/wire/answers.test.ts',
  'test/librechat/cookieStrategy.test.ts',
  'test/librechat/openidStrategy.test.ts',
  'test/oauth/oauthStrategy.test.ts',
  'test/wire/totality.test.ts',
  'test/wire/network.test.ts',
]

/** The tests of the server that need no process and no provider of their own. */
const SERVER = [
  'test/server/jsonLines.test.ts',
  'test/server/clientIp.test.ts',
  'test/server/pacedNotices.test.ts',
  'test/crypto/keyring.test.ts',
  'test/server/intents.test.ts',
  'test/server/entries.test.ts',
  'test/server/plainHttp.test.ts',
  'test/server/slash.test.ts',
  'test/server/undefinedOptions.test.ts',
  'test/server/check.test.ts',
  'test/server/sealedCookies.test.ts',
  'test/server/cookies.test.ts',
  'test/server/rows.test.ts',
  'test/server/loginRows.test.ts',
  'test/server/logins.test.ts',
  'test/server/proxied.test.ts',
  'test/server/userSessions.test.ts',
  'test/server/namedLogin.test.ts',
  'test/server/forwardAuth.test.ts',
  'test/server/edges.test.ts',
]

export const rooms: Readonly<Record<string, Room>> = {
  machines: {
    folder: 'machines/',
    least: 98,
    isStaticToo: true,
    tests: [
      'test/machine/deadlines.test.ts',
      'test/machine/alarm.test.ts',
      'test/machine/select.test.ts',
      'test/machine/ledger.test.ts',
      'test/machine/facts.test.ts',
      'test/machine/guards.test.ts',
      'test/machine/atRest.test.ts',
      'test/machine/table.test.ts',
      'test/machine/chart.test.ts',
      'test/properties/chart.test.ts',
    ],
  },
  coordination: {
    folder: 'src/coordination/',
    least: 98,
    tests: [
      'test/coordination/pace.test.ts',
      'test/coordination/herd.test.ts',
      'test/coordination/replayWindow.test.ts',
      'test/coordination/conformance.test.ts',
      'test/coordination/logout.test.ts',
      'test/coordination/coalescing.test.ts',
      'test/coordination/replay.test.ts',
      'test/coordination/flightText.test.ts',
    ],
  },
  base: {
    folder: 'src/base/',
    least: 85,
    tests: [
      'test/base/sessionClock.test.ts',
      'test/session/ports.test.ts',
      'test/session/login.test.ts',
      'test/session/requestBody.test.ts',
      'test/session/options.test.ts',
      'test/session/store.test.ts',
      'test/wire/answers.test.ts',
    ],
  },
  wire: { folder: 'src/wire/', least: 98, tests: ofAnswers },
  stores: {
    folder: 'src/stores/',
    least: 85,
    tests: ['test/stores/memory.test.ts', 'test/stores/memoryServerStore.test.ts'],
  },
  librechat: {
    folder: 'src/librechat/',
    least: 85,
    tests: [
      ...ofAnswers,
      'test/librechat/schemas.test.ts',
      'test/librechat/login/ssoProviders.test.ts',
      'test/librechat/login/backendLimiter.test.ts',
      'test/server/login.test.ts',
      'test/server/secondFactor.test.ts',
      'test/server/loginParts.test.ts',
    ],
  },
  oauth: {
    folder: 'src/oauth/',
    least: 85,
    tests: [
      'test/oauth/oauthOptions.test.ts',
      'test/oauth/claims.test.ts',
      'test/oauth/oauthStrategy.test.ts',
      'test/oauth/codeFlow.test.ts',
      'test/oauth/entra.test.ts',
    ],
  },
  browser: {
    folder: 'src/browser/',
    least: 85,
    // It needs IndexedDB: the tests of real browsers guard it.
    except: ['src/browser/database.ts'],
    tests: [
      'test/browser/isOwnPath.test.ts',
      'test/browser/signals.test.ts',
      'test/browser/offline.test.ts',
      'test/browser/lifecycle.test.ts',
      'test/bff/tabs.test.ts',
      'test/bff/backForward.test.ts',
      'test/coordination/conformance.test.ts',
    ],
  },
  bff: {
    folder: 'src/bff/',
    least: 85,
    tests: [
      'test/bff/loginErrorText.test.ts',
      'test/bff/senders.test.ts',
      'test/bff/shadowedRoute.test.ts',
      'test/bff/withoutPage.test.ts',
      'test/bff/typedUsers.test.ts',
      'test/bff/session.test.ts',
      'test/bff/otherLogin.test.ts',
      'test/bff/missingServer.test.ts',
      'test/bff/tabs.test.ts',
      'test/bff/backForward.test.ts',
    ],
  },
  session: {
    folder: 'src/session/',
    least: 98,
    tests: [
      'test/session/lifetime.test.ts',
      'test/session/vault.test.ts',
      'test/session/ports.test.ts',
      'test/session/records.test.ts',
      'test/session/login.test.ts',
      'test/session/parts.test.ts',
      'test/session/options.test.ts',
      'test/session/flights.test.ts',
      'test/session/runtime.test.ts',
      'test/session/concurrency.test.ts',
      'test/session/behaviours.test.ts',
      'test/session/policies.test.ts',
      'test/session/doubt.test.ts',
      'test/session/answers.test.ts',
      'test/session/store.test.ts',
      'test/session/fetch.test.ts',
      'test/session/redirects.test.ts',
      'test/session/logic.test.ts',
      'test/session/restart.test.ts',
      'test/session/reuse.test.ts',
      'test/session/time.test.ts',
    ],
  },
  signin: {
    folder: 'src/signin/',
    least: 85,
    tests: ['test/signin/production.test.ts', 'test/signin/createLogins.test.ts'],
  },
  backchannel: {
    folder: 'src/backchannel/',
    least: 85,
    tests: ['test/backchannel/backChannelLogout.test.ts', 'test/server/backChannelRows.test.ts'],
  },
  server: {
    folder: 'src/server/',
    least: 85,
    tests: SERVER,
  },
}
