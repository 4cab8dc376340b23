/** What is mutated, room by room, and by which tests each is held: the quick ones first. */
export interface Room {
  readonly folder: string
  readonly tests: readonly string[]
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

export const rooms: Readonly<Record<string, Room>> = {
  machines: {
    folder: 'machines/',
    tests: [
      'test/machine/deadlines.test.ts',
      'test/machine/alarm.test.ts',
      'test/machine/select.test.ts',
      'test/machine/facts.test.ts',
      'test/machine/guards.test.ts',
      'test/machine/table.test.ts',
      'test/machine/chart.test.ts',
      'test/properties/chart.test.ts',
    ],
  },
  coordination: {
    folder: 'src/coordination/',
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
  wire: { folder: 'src/wire/', tests: ofAnswers },
  librechat: { folder: 'src/librechat/', tests: [...ofAnswers, 'test/librechat/schemas.test.ts'] },
  bff: {
    folder: 'src/bff/',
    tests: [
      'test/bff/session.test.ts',
      'test/bff/otherLogin.test.ts',
      'test/bff/missingServer.test.ts',
      'test/bff/tabs.test.ts',
      'test/bff/backForward.test.ts',
    ],
  },
  session: {
    folder: 'src/session/',
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
}
