import { describe, expect, test } from 'vitest'
import type { Check, Evidence, Seen } from '../../examples/demo/evidence.ts'
import { checkWhole, type Whole } from '../../examples/demo/overall.ts'
import { coalescing } from '../../examples/demo/scenes/coalescing.ts'
import { login } from '../../examples/demo/scenes/login.ts'
import { logout } from '../../examples/demo/scenes/logout.ts'
import { outage } from '../../examples/demo/scenes/outage.ts'
import { recovered } from '../../examples/demo/scenes/recovered.ts'
import { restart } from '../../examples/demo/scenes/restart.ts'
import { revoked } from '../../examples/demo/scenes/revoked.ts'
import { rotation } from '../../examples/demo/scenes/rotation.ts'
import { scenes } from '../../examples/demo/scenes.ts'
import { calls, evidence, facts, presentation, request, results, sent, step } from './story.ts'

const at = { epoch: 1, version: 1 }
const alike = (of: Evidence): Seen => ({ ada: of, olga: of })
const failed = (checks: readonly Check[]): string[] => checks.flatMap(({ what, ok }) => (ok ? [] : [what]))

const renewed = {
  after: facts({ version: 2 }),
  notices: [sent('1')],
  presentations: [presentation('r1', 'ok-rotated')],
}
const shared = evidence({ ...renewed, answers: results(50, '200'), requests: calls(50, 200) })
const twiceRenewed = evidence({
  after: facts({ version: 3 }),
  answers: results(9, '200'),
  presentations: [
    presentation('r1', 'ok-rotated', { successorHash: 'r2' }),
    presentation('r2', 'ok-rotated', { successorHash: 'r3' }),
  ],
})
const turnedAway = evidence({
  answers: results(20, '200'),
  notices: [{ type: 'refreshDeferred', outcome: 'refused', cause: 'limited', ...at }],
  presentations: [
    presentation('r1', 'refused'),
    presentation('r1', 'ok-rotated'),
    presentation('r2', 'ok-rotated'),
  ],
})
const inDoubt = evidence({
  answers: results(20, '200'),
  steps: [step('refreshing', 5_000), step('retrying', 5_000), step('refreshing'), step('active', 11_000)],
  notices: [{ type: 'refreshDeferred', outcome: 'unknown', cause: 'refreshFailed', ...at }],
  presentations: [presentation('s1', 'unknown-to-client'), presentation('s1', 'ok-rotated', { at: 5_001 })],
})
const restarted = evidence({
  answers: [...results(9, '502'), 'refresh_unavailable', '200'],
  notices: [sent('1'), { type: 'refreshDeferred', outcome: 'unknown', cause: 'status', ...at }, sent('2')],
  presentations: [presentation('r1', 'ok-rotated')],
})
const ended = evidence({
  after: facts({ state: 'expired', reason: 'accessRevoked', isAuthenticated: false }),
  notices: [{ type: 'expired', reason: 'accessRevoked', ...at }],
  answers: ['403', ...results(4, 'session_expired')],
  requests: calls(1, 403),
  presentations: [presentation('s2', 'rejected')],
})
const loggedOut = evidence({
  after: facts({ state: 'loggedOut', reason: 'user', isAuthenticated: false }),
  notices: [{ type: 'loggedOut', reason: 'user', ...at }],
  answers: results(3, 'logged_out'),
  requests: [request('/api/auth/logout', 200, { cookies: ['refreshToken'] })],
})

/** What each scene should show. */
const good = new Map<(typeof scenes)[number], Seen>([
  [login, alike(evidence({ answers: ['200'] }))],
  [
    recovered,
    alike(
      evidence({ ...renewed, answers: results(10, '200'), requests: [...calls(10, 401), ...calls(10, 200)] }),
    ),
  ],
  [coalescing, alike(shared)],
  [rotation, alike(twiceRenewed)],
  [outage, { ada: turnedAway, olga: inDoubt }],
  [restart, alike(restarted)],
  [revoked, { ada: evidence({ answers: results(3, '200') }), olga: ended }],
  [logout, { ada: loggedOut, olga: ended }],
])

/** Everything went wrong: a token spent three times, calls failed, and the session ended for another reason. */
const chaos = evidence({
  after: facts({ state: 'expired', reason: 'internal', isAuthenticated: false, version: 4 }),
  notices: [sent('1'), sent('2'), { type: 'expired', reason: 'internal', ...at }],
  answers: ['500', '200', 'session_expired'],
  requests: [...calls(2, 500), request('/api/admin/users', 200, { bearerHash: 'b2' })],
  presentations: results(3, 'r1').map((token) => presentation(token, 'ok-same')),
})

test('every scene has its good evidence here', () => {
  expect([...good.keys()]).toEqual(scenes)
})

describe.each([...good])('$name', (scene, seen) => {
  test('is as expected when it shows what it should', () => {
    expect(failed(scene.check(seen))).toEqual([])
  })

  test('has no check that cannot fail', () => {
    const wrongs = [alike(evidence()), alike(chaos)].map((wrong) => failed(scene.check(wrong)))
    const all = scene.check(seen).map(({ what }) => what)
    expect(all.filter((what) => !wrongs.flat().includes(what))).toEqual([])
  })
})

describe('one thing wrong is enough', () => {
  test('one of fifty callers was turned away', () => {
    const olga = { ...shared, answers: [...results(49, '200'), 'refresh_unavailable'] }
    expect(failed(coalescing.check({ ada: shared, olga }))).toEqual(['callers got'])
  })

  test('a second refresh token reached the backend', () => {
    const ada = { ...shared, presentations: [...shared.presentations, presentation('r1', 'rejected')] }
    expect(failed(coalescing.check({ ada, olga: shared }))).toEqual(['refresh tokens presented'])
  })

  test('a waiting call went out with the old bearer', () => {
    const olga = {
      ...shared,
      requests: [...calls(49, 200), request('/api/admin/users', 200, { bearerHash: 'b0' })],
    }
    expect(failed(coalescing.check({ ada: shared, olga }))).toEqual(['bearers the waiting calls used'])
  })

  test('a rotated token was not the one presented next', () => {
    const presentations = twiceRenewed.presentations.map((one) => ({ ...one, successorHash: 'lost' }))
    expect(failed(rotation.check({ ada: twiceRenewed, olga: { ...twiceRenewed, presentations } }))).toEqual([
      'chain of refresh tokens',
    ])
  })

  test('a token in doubt was sent again while the bearer still served', () => {
    const presentations = inDoubt.presentations.map((one) => ({ ...one, at: 3_000 }))
    expect(failed(outage.check({ ada: turnedAway, olga: { ...inDoubt, presentations } }))).toEqual([
      'token in doubt sent again',
    ])
  })

  test('a call left for the backend after logout', () => {
    const ada = { ...loggedOut, requests: [...loggedOut.requests, ...calls(1, 401)] }
    expect(failed(logout.check({ ada, olga: ended }))).toEqual(['calls that reached the backend'])
  })
})

describe('the whole tour', () => {
  const presentations = [
    ...[...turnedAway.presentations, ...inDoubt.presentations].map((one, index) => ({
      ...one,
      attemptId: `${index}`,
    })),
  ]
  const whole: Whole = {
    presentations,
    turnedAway: [{ attemptId: 'away' }],
    notices: [...presentations.map((_, index) => sent(`${index}`)), sent('away')],
    tookMs: 30_000,
  }
  const again = (...outcomes: Parameters<typeof presentation>[1][]) => {
    const more = outcomes.map((outcome, index) =>
      presentation('again', outcome, { attemptId: `more ${index}` }),
    )
    const notices = [...whole.notices, ...more.map(({ attemptId }) => sent(attemptId ?? ''))]
    return failed(checkWhole({ ...whole, notices, presentations: [...presentations, ...more] }))
  }

  test('is as expected with one resend after refused and one after unknown', () => {
    expect(failed(checkWhole(whole))).toEqual([])
  })

  test('allows a token that was not rotated', () => {
    expect(again('ok-same', 'ok-rotated')).toEqual([])
  })

  test('finds a token that was presented after it was spent, rejected, or once too often', () => {
    const found = ['presented again after']
    expect(again('ok-rotated', 'rejected')).toEqual(found)
    expect(again('rejected', 'rejected')).toEqual(found)
    expect(again('ok-rotated', 'unknown-to-client', 'ok-rotated')).toEqual(found)
    expect(again('refused', 'ok-rotated')).toEqual(found)
    expect(again('unknown-to-client', 'ok-rotated')).toEqual(found)
  })

  test('finds that nothing was sent, that the log lacks a refresh, and that it took too long', () => {
    expect(
      failed(checkWhole({ notices: [], presentations: [], turnedAway: [], tookMs: 60_001 })),
    ).toHaveLength(3)
    expect(failed(checkWhole({ ...whole, notices: whole.notices.slice(1) }))).toEqual([
      'refreshes sent and arrived',
    ])
  })
})
