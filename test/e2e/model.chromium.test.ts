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
      transitions  42 of 93
        not walked: loggedOut: (at once) [hasTrouble] -> retrying
          No event of the model leads there, with these options.
        not walked: loggedOut: (at once) [hasFacts] -> active
          No event of the model leads there, with these options.
        not walked: loggedOut: session.started [isStartedInTrouble] -> retrying
          What a page sends to its server spends nothing: whatever comes back, it asks again.
        not walked: loggedOut: session.ended -> loggedOut
          The panel has no button for it there.
        not walked: loggedOut: refresh.asked -> stays
          A page behind its server has no bearer to hand out, and its calls wait for none.
        not walked: active: time.checked [isUnanswered] -> expired
          No event of the model leads there, with these options.
        not walked: active: bearer.rejected [isDisputed] -> stays
          A page behind its server has no bearer, and nobody accepts it.
        not walked: active: session.started [isStartedInTrouble] -> retrying
          What a page sends to its server spends nothing: whatever comes back, it asks again.
        not walked: active: session.started -> active
          Who is logged in sees no login form.
        not walked: active: session.renewed [isNewerUnusable] -> retrying
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: active: refresh.rejected [isRejectedAlive] -> expired
          Takes a refresh of another tab that is refused while this one looks away.
        not walked: active: bearer.rejected [isRejectedForGood] -> expired
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: active: bearer.accepted [isAnswer] -> stays
          A page behind its server has no bearer, and nobody accepts it.
        not walked: nearingExpiry: time.checked [isUnanswered] -> expired
          No event of the model leads there, with these options.
        not walked: nearingExpiry: time.checked [isEndedAndEager] -> refreshing
          That the backend cannot refresh ends the session at the server, as a rejection.
        not walked: nearingExpiry: session.started [isStartedInTrouble] -> retrying
          What a page sends to its server spends nothing: whatever comes back, it asks again.
        not walked: nearingExpiry: session.started -> active
          Who is logged in sees no login form.
        not walked: nearingExpiry: session.renewed [isNewerUseless] -> expired
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: nearingExpiry: session.renewed [isNewerUnusable] -> retrying
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: nearingExpiry: refresh.rejected [isRejectedAlive] -> expired
          Takes a refresh of another tab that is refused while this one looks away.
        not walked: nearingExpiry: bearer.rejected [isRejectedForGood] -> expired
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: nearingExpiry: bearer.rejected [isRejected] -> retrying
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: nearingExpiry: refresh.asked -> stays
          A page behind its server has no bearer to hand out, and its calls wait for none.
        not walked: nearingExpiry: bearer.accepted [isAnswer] -> stays
          A page behind its server has no bearer, and nobody accepts it.
        not walked: nearingExpiry: user.changed -> stays
          Who has stepped away cannot step away again.
        not walked: refreshing: session.renewed [isSame] -> active
          The clocks of the page and of its server go together here.
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
        not walked: refreshing: session.started [isStartedInTrouble] -> retrying
          What a page sends to its server spends nothing: whatever comes back, it asks again.
        not walked: refreshing: session.started -> active
          Who is logged in sees no login form.
        not walked: refreshing: session.renewed [isNewerUseless] -> expired
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: refreshing: bearer.accepted [isAnswer] -> stays
          A page behind its server has no bearer, and nobody accepts it.
        not walked: retrying: time.checked [isRereadDue] -> stays
          No event of the model leads there, with these options.
        not walked: retrying: refresh.asked [isAskedAndDue] -> refreshing
          The panel has no button for it there.
        not walked: retrying: bearer.accepted [isCleared] -> active
          A page behind its server has no bearer, and nobody accepts it.
        not walked: retrying: session.started [isStartedInTrouble] -> retrying
          What a page sends to its server spends nothing: whatever comes back, it asks again.
        not walked: retrying: session.started -> active
          Who is logged in sees no login form.
        not walked: retrying: session.renewed [isNewerUseless] -> expired
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: retrying: session.renewed [isNewerUnusable] -> retrying
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: retrying: refresh.rejected [isRejectedAlive] -> expired
          Takes a refresh of another tab that is refused while this one looks away.
        not walked: retrying: bearer.rejected [isRejectedForGood] -> expired
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: retrying: bearer.accepted [isAnswer] -> stays
          A page behind its server has no bearer, and nobody accepts it.
        not walked: expired: session.started [isStartedInTrouble] -> retrying
          What a page sends to its server spends nothing: whatever comes back, it asks again.
        not walked: expired: session.ended -> loggedOut
          The panel has no button for it there.
        not walked: expired: session.renewed [isNewerUseless] -> expired
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: expired: session.renewed [isNewerUnusable] -> retrying
          Facts of a server are of a session that has a bearer, and may ask for the next.
        not walked: expired: session.renewed [isNewer] -> active
          What the server has ended it renews no more.
        not walked: expired: refresh.asked -> stays
          A page behind its server has no bearer to hand out, and its calls wait for none.
      reasons      8 of 17
        not seen: backChannel
        not seen: refreshRejected
        not seen: refreshUnsupported
        not seen: refreshOutcomeUnknown
        not seen: notRefreshable
        not seen: keyLost, which no backend causes: the browser has lost the key of the tokens
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
