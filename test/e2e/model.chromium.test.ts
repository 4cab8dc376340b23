import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { describeCoverage, modelSuite } from 'xstate-session/testing'
import { movableClock } from '../server/world.ts'
import { panelFor } from './panel.ts'
import { panelDriver, panelModel } from './panelDriver.ts'

const clock = movableClock()
const app = panelFor({ sessionMs: panelModel.lifeMs, clock })

describe('the panel of the demo in Chromium', () => {
  const suite = modelSuite(panelDriver(app, clock), { ...panelModel, paths: 'tours' })
  test.each(suite.paths.map(({ run, steps, name }) => ({ run, name, count: steps.length - 1 })))(
    '$count steps: $name',
    ({ run }) => run(),
    120_000,
  )

  test('walks every row that it can reach, and these it cannot', () => {
    expect(suite.walked()).toEqual(suite.planned())
    expect(describeCoverage(suite.walked())).toMatchInlineSnapshot(`
      "states       6 of 6
      transitions  38 of 72
        not walked: loggedOut: (at once) [hasFacts] -> active
          No event of the model leads there, with these options.
        not walked: loggedOut: session.ended -> stays
          The panel has no button for it there.
        not walked: loggedOut: refresh.asked -> stays
          A page behind its server has no bearer to hand out, and its calls wait for none.
        not walked: active: time.checked [hasLivedTooLong] -> expired
          The page is told of no such limit: its server keeps it.
        not walked: active: time.checked [isEndedForGood] -> expired
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: active: bearer.rejected [isRejectedForGood] -> expired
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: active: session.started -> active
          Who is logged in sees no login form.
        not walked: active: refresh.asked -> stays
          A page behind its server has no bearer to hand out, and its calls wait for none.
        not walked: nearingExpiry: time.checked [hasLivedTooLong] -> expired
          The page is told of no such limit: its server keeps it.
        not walked: nearingExpiry: time.checked [isEndedForGood] -> expired
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: nearingExpiry: time.checked [isEndedAndEager] -> refreshing
          That the backend cannot refresh ends the session at the server, as a rejection.
        not walked: nearingExpiry: bearer.rejected [isRejectedForGood] -> expired
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: nearingExpiry: session.started -> active
          Who is logged in sees no login form.
        not walked: nearingExpiry: refresh.asked -> stays
          A page behind its server has no bearer to hand out, and its calls wait for none.
        not walked: nearingExpiry: user.changed -> stays
          Who has stepped away cannot step away again.
        not walked: refreshing: time.checked [hasLivedTooLong] -> expired
          The page is told of no such limit: its server keeps it.
        not walked: refreshing: session.renewed [isNewerUselessTooOften] -> expired
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: refreshing: refresh.unknown [isUnknownForGood] -> expired
          What a page sends to its server spends nothing: whatever comes back, it asks again.
        not walked: refreshing: refresh.unknown [isOfThisFlight] -> retrying
          What a page sends to its server spends nothing: whatever comes back, it asks again.
        not walked: refreshing: refresh.unsupported [isUnsupportedAndSpent] -> expired
          That the backend cannot refresh ends the session at the server, as a rejection.
        not walked: refreshing: refresh.unsupported [isUnsupportedInsideLead] -> nearingExpiry
          That the backend cannot refresh ends the session at the server, as a rejection.
        not walked: refreshing: refresh.unsupported [isOfThisFlight] -> active
          That the backend cannot refresh ends the session at the server, as a rejection.
        not walked: refreshing: session.started -> active
          Who is logged in sees no login form.
        not walked: retrying: time.checked [hasLivedTooLong] -> expired
          The page is told of no such limit: its server keeps it.
        not walked: retrying: time.checked [isHopeless] -> expired
          What a page sends to its server spends nothing: whatever comes back, it asks again.
        not walked: retrying: time.checked [isRereadDue] -> stays
          No event of the model leads there, with these options.
        not walked: retrying: refresh.asked [isAskedAndDue] -> refreshing
          No event of the model leads there, with these options.
        not walked: retrying: bearer.rejected [isRejectedForGood] -> expired
          What a page sends to its server spends nothing: whatever comes back, it asks again.
        not walked: retrying: session.renewed [isNewerUselessTooOften] -> expired
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: retrying: session.renewed [isNewerUseless] -> stays
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: retrying: session.started -> active
          Who is logged in sees no login form.
        not walked: expired: session.renewed [isNewerAfterDoubt] -> active
          What the server has ended it renews no more.
        not walked: expired: session.ended -> loggedOut
          The panel has no button for it there.
        not walked: expired: refresh.asked -> stays
          A page behind its server has no bearer to hand out, and its calls wait for none.
      reasons      9 of 16
        not seen: backChannel
        not seen: refreshUnsupported
        not seen: refreshOutcomeUnknown
        not seen: notRefreshable
        not seen: absoluteLifetime
        not seen: unusableLifetime
        not seen: internal, which no event causes: the chart itself failed"
    `)
  })

  test('as many as the page about testing tells', () => {
    const page = readFileSync(new URL('../../docs/testing.md', import.meta.url), 'utf8')
    const rows = Object.keys(suite.planned().transitions).length
    expect(page).toContain(`| the demo's admin panel in Chromium | ${rows} |`)
  })
})
