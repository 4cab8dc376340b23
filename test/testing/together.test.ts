import { readFileSync } from 'node:fs'
import { setupServer } from 'msw/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  describeCoverage,
  type ModelCoverage,
  type ModelSuite,
  modelTransitions,
  sumCoverage,
} from 'xstate-session/testing'
import { bffSuite, chartSuite, mock, mockSuite, reference, referenceSuite } from './drivers.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

const overMock = mockSuite()
const overReference = referenceSuite()
const behindServer = bffSuite()
const chart = chartSuite()

/** The tests of a suite, and that it has walked all that it planned. */
function walkAll(suite: ModelSuite, ...more: ModelSuite['paths']) {
  test.each([...suite.paths, ...more])('$name', ({ run }) => run())
  test('walks every row that it can reach', () => {
    const [walked, planned] = [suite.walked(), suite.planned()]
    for (const part of ['states', 'transitions', 'reasons'] as const)
      expect(Object.keys(walked[part])).toEqual(expect.arrayContaining(Object.keys(planned[part])))
  })
}

describe('a session against the mock backend', () => {
  const server = setupServer(...mock.handlers)
  beforeAll(() => server.listen({ onUnhandledFrame: 'error' }))
  afterAll(() => server.close())
  walkAll(overMock)
})

describe('over the reference backend', () => {
  beforeAll(() => reference.open())
  afterAll(() => reference.close())

  describe('and its OpenID provider, a session', () => walkAll(overReference))

  describe('a page behind its server', () => {
    walkAll(
      behindServer,
      // The model does not tell apart when the last refresh was, and so comes by no second one too soon.
      behindServer.walk(['login.completed', 'caller.forced', 'refresh.succeeded', 'caller.forced']),
      // Its server waits for what the backend has asked it to.
      behindServer.walk(['login.completed', 'caller.forced', 'refresh.limited', 'bearer.rejectedByApi']),
    )

    test('cannot walk these', () => {
      expect(describeCoverage(behindServer.walked())).toMatchInlineSnapshot(`
        "states       6 of 6
        transitions  56 of 93
          not walked: loggedOut: (at once) [hasTrouble] -> retrying
            No event of the model leads there, with these options.
          not walked: loggedOut: (at once) [hasFacts] -> active
            No event of the model leads there, with these options.
          not walked: loggedOut: session.started [isStartedInTrouble] -> retrying
            What a page sends to its server spends nothing: whatever comes back, or not, it asks again.
          not walked: active: bearer.rejected [isDisputed] -> stays
            A page behind its server has no bearer, and nobody accepts it.
          not walked: active: session.started [isStartedInTrouble] -> retrying
            What a page sends to its server spends nothing: whatever comes back, or not, it asks again.
          not walked: active: session.renewed [isNewerUnusable] -> retrying
            Facts of a server are of a session that has a bearer, and may ask for the next.
          not walked: active: bearer.rejected [isRejectedForGood] -> expired
            Facts of a server are of a session that has a bearer, and may ask for the next.
          not walked: active: bearer.accepted [isAnswer] -> stays
            A page behind its server has no bearer, and nobody accepts it.
          not walked: nearingExpiry: time.checked [isEndedAndEager] -> refreshing
            That the backend cannot refresh ends the session at the server, as a rejection.
          not walked: nearingExpiry: session.started [isStartedInTrouble] -> retrying
            What a page sends to its server spends nothing: whatever comes back, or not, it asks again.
          not walked: nearingExpiry: session.renewed [isNewerUseless] -> expired
            Facts of a server are of a session that has a bearer, and may ask for the next.
          not walked: nearingExpiry: session.renewed [isNewerUnusable] -> retrying
            Facts of a server are of a session that has a bearer, and may ask for the next.
          not walked: nearingExpiry: bearer.rejected [isRejectedForGood] -> expired
            Facts of a server are of a session that has a bearer, and may ask for the next.
          not walked: nearingExpiry: bearer.rejected [isRejected] -> retrying
            Facts of a server are of a session that has a bearer, and may ask for the next.
          not walked: nearingExpiry: refresh.asked -> stays
            A page behind its server has no bearer to hand out, and its calls wait for none.
          not walked: nearingExpiry: bearer.accepted [isAnswer] -> stays
            A page behind its server has no bearer, and nobody accepts it.
          not walked: refreshing: refresh.unknown [isUnknownForGood] -> expired
            What a page sends to its server spends nothing: whatever comes back, or not, it asks again.
          not walked: refreshing: refresh.unknown [isOfThisFlight] -> retrying
            What a page sends to its server spends nothing: whatever comes back, or not, it asks again.
          not walked: refreshing: refresh.unsupported [isUnsupportedAndSpent] -> expired
            That the backend cannot refresh ends the session at the server, as a rejection.
          not walked: refreshing: refresh.unsupported [isUnsupportedInsideLead] -> nearingExpiry
            That the backend cannot refresh ends the session at the server, as a rejection.
          not walked: refreshing: refresh.unsupported [isOfThisFlight] -> active
            That the backend cannot refresh ends the session at the server, as a rejection.
          not walked: refreshing: session.started [isStartedInTrouble] -> retrying
            What a page sends to its server spends nothing: whatever comes back, or not, it asks again.
          not walked: refreshing: session.renewed [isNewerUseless] -> expired
            Facts of a server are of a session that has a bearer, and may ask for the next.
          not walked: refreshing: session.renewed [isNewerUnusable] -> retrying
            A bearer that ends at once is none to the server: its page is told to come back.
          not walked: refreshing: bearer.accepted [isAnswer] -> stays
            A page behind its server has no bearer, and nobody accepts it.
          not walked: retrying: time.checked [isRereadDue] -> stays
            No event of the model leads there, with these options.
          not walked: retrying: bearer.accepted [isCleared] -> active
            A page behind its server has no bearer, and nobody accepts it.
          not walked: retrying: network.restored -> stays
            What a page sends to its server spends nothing: whatever comes back, or not, it asks again.
          not walked: retrying: session.started [isStartedInTrouble] -> retrying
            What a page sends to its server spends nothing: whatever comes back, or not, it asks again.
          not walked: retrying: session.renewed [isNewerUseless] -> expired
            Facts of a server are of a session that has a bearer, and may ask for the next.
          not walked: retrying: session.renewed [isNewerUnusable] -> retrying
            Facts of a server are of a session that has a bearer, and may ask for the next.
          not walked: retrying: bearer.rejected [isRejectedForGood] -> expired
            Facts of a server are of a session that has a bearer, and may ask for the next.
          not walked: retrying: bearer.accepted [isAnswer] -> stays
            A page behind its server has no bearer, and nobody accepts it.
          not walked: expired: session.started [isStartedInTrouble] -> retrying
            What a page sends to its server spends nothing: whatever comes back, or not, it asks again.
          not walked: expired: session.renewed [isNewerUseless] -> expired
            Facts of a server are of a session that has a bearer, and may ask for the next.
          not walked: expired: session.renewed [isNewerUnusable] -> retrying
            Facts of a server are of a session that has a bearer, and may ask for the next.
          not walked: expired: session.renewed [isNewer] -> active
            What the server has ended it renews no more.
        reasons      11 of 17
          not seen: refreshUnsupported
          not seen: refreshOutcomeUnknown
          not seen: notRefreshable
          not seen: keyLost, which no backend causes: the browser has lost the key of the tokens
          not seen: unusableLifetime
          not seen: internal, which no event causes: the chart itself failed"
      `)
    })
  })
})

describe('the chart with ports of its own', () => walkAll(chart))

describe('together', () => {
  /** The rows of the panel in Chromium: all but those that its own test pins as not walked. */
  const panel = (): ModelCoverage => {
    const pinned = read('../e2e/model.chromium.test.ts')
    const rows = modelTransitions().filter((row) => !pinned.includes(`not walked: ${row}\n`))
    return {
      states: {},
      reasons: {},
      unreachable: {},
      transitions: Object.fromEntries(rows.map((row) => [row, 1])),
    }
  }
  const rowsOf = ({ transitions }: ModelCoverage) => Object.keys(transitions).length

  test('the drivers have walked every row of the chart', () => {
    const suites = [overMock, overReference, behindServer, chart]
    const sum = sumCoverage(panel(), ...suites.map((suite) => suite.walked()))
    expect(Object.keys(sum.transitions).sort()).toEqual(modelTransitions().sort())
    expect(sum.unreachable).toEqual({})
    console.info(describeCoverage(sum))
  })

  test('only the chart itself is started on facts, or on a session whose last refresh is in doubt', () => {
    const sessions = [overMock, overReference, behindServer].map((suite) => suite.walked())
    const { transitions } = sumCoverage(panel(), ...sessions)
    expect(modelTransitions().filter((row) => !transitions[row])).toEqual([
      'loggedOut: (at once) [hasTrouble] -> retrying',
      'loggedOut: (at once) [hasFacts] -> active',
      'loggedOut: session.started [isStartedInTrouble] -> retrying',
      'active: session.started [isStartedInTrouble] -> retrying',
      'nearingExpiry: session.started [isStartedInTrouble] -> retrying',
      'refreshing: session.started [isStartedInTrouble] -> retrying',
      'retrying: session.started [isStartedInTrouble] -> retrying',
      'expired: session.started [isStartedInTrouble] -> retrying',
    ])
  })

  test('they walk as many rows as the page about testing tells', () => {
    const page = read('../../docs/testing.md')
    const told = [...page.matchAll(/^\| [^|]+ \| (\d+) \|/gm)].map(([, rows]) => Number(rows))
    const walked = [overMock, overReference, behindServer, chart].map((suite) => rowsOf(suite.walked()))
    expect(told).toEqual([...walked, rowsOf(panel())])
  })
})
