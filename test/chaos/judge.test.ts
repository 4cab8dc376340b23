import { describe, expect, test } from 'vitest'
import type { History } from './history.ts'
import { judge } from './judge.ts'
import { plan } from './nemesis.ts'
import { random } from './random.ts'

const limits = { skewMs: 0, callMs: 1_000 }
const LIFE = 60_000

/** A session that logged in at 0 and renewed at 50 s: whole, and without a fault. */
const sound: History = {
  issues: [
    { token: 'r1', bearer: 'b1', bearerEndsAt: LIFE, session: 's', at: 0 },
    { token: 'r2', bearer: 'b2', bearerEndsAt: 2 * LIFE, session: 's', at: 50_010 },
  ],
  presentations: [{ token: 'r1', session: 's', process: 0, at: 50_000, doneAt: 50_010, fate: 'delivered' }],
  stored: [{ session: 's', revision: 3, at: 50_012 }],
  arrivals: [
    { at: 10, process: 0, session: 's', bearer: 'b1', path: '/api' },
    { at: 50_020, process: 0, session: 's', bearer: 'b2', path: '/api' },
  ],
  calls: [{ session: 's', process: 0, at: 10, tookMs: 20, status: 200, isAfterLogout: false }],
  logouts: [],
  losses: [],
  doings: [],
}

const send = (at: number, fate: History['presentations'][number]['fate'], process = 0) => ({
  token: 'r1',
  session: 's',
  process,
  at,
  doneAt: at + 10,
  fate,
})
const kindsOf = (change: Partial<History>) =>
  judge({ ...sound, ...change }, limits).violations.map(({ kind }) => kind)

describe('the judge of a chaos run', () => {
  test('has nothing against a sound history', () => {
    expect(judge(sound, limits)).toMatchObject({ violations: [], losses: {} })
  })

  describe('a token is sent once', () => {
    test.each([
      ['after it was spent', [send(50_000, 'delivered'), send(50_100, 'rejected', 1)], ['sentAgain']],
      [
        'after it was spent, the bearer gone',
        [send(50_000, 'delivered'), send(61_000, 'rejected', 1)],
        ['sentAgain'],
      ],
      ['in doubt, while the bearer is good', [send(50_000, 'lost'), send(51_000, 'lost')], ['sentAgain']],
      ['in doubt, the bearer gone', [send(50_000, 'lost'), send(61_000, 'delivered')], []],
      ['after a no that may mean an outage', [send(50_000, 'ambiguous'), send(61_000, 'delivered')], []],
      [
        'after a no that may mean an outage, while the bearer is good',
        [send(50_000, 'ambiguous'), send(51_000, 'delivered')],
        ['sentAgain'],
      ],
      ['after a definitive no', [send(50_000, 'rejected'), send(61_000, 'rejected')], ['sentAgain']],
      ['after it was not processed', [send(50_000, 'refused'), send(51_000, 'delivered')], []],
    ] as const)('%s', (_, presentations, kinds) => {
      expect(
        kindsOf({ presentations, stored: [{ session: 's', revision: 3, at: 70_000 }], arrivals: [] }),
      ).toEqual(kinds)
    })

    test('unless its sender died before it could write the next one down', () => {
      const presentations = [send(50_000, 'delivered'), send(61_000, 'rejected', 1)]
      const killed = [{ what: 'kill', at: 50_005, until: 51_000, process: 0 }]
      expect(kindsOf({ presentations, arrivals: [], doings: killed })).toEqual([])
      const another = [{ what: 'kill', at: 50_005, until: 51_000, process: 1 }]
      expect(kindsOf({ presentations, arrivals: [], doings: another })).toEqual(['sentAgain'])
    })
  })

  test('a bearer that is used before it is stored', () => {
    expect(kindsOf({ stored: [] })).toEqual(['unstored'])
    // What was there before is read again: that is no proof.
    const old = [
      { session: 's', revision: 2, at: 49_990 },
      { session: 's', revision: 2, at: 50_012 },
    ]
    expect(kindsOf({ stored: old })).toEqual(['unstored'])
  })

  test("a call with another session's bearer", () => {
    const arrivals = [{ at: 10, process: 0, session: 'other', bearer: 'b1', path: '/api' }]
    expect(kindsOf({ arrivals })).toEqual(['crossed'])
  })

  test('a session that is served after its logout', () => {
    const call = { session: 's', process: 1, at: 90_000, tookMs: 5, status: 200, isAfterLogout: true }
    expect(kindsOf({ calls: [call] })).toEqual(['resurrected'])
    expect(kindsOf({ calls: [{ ...call, status: 401 }] })).toEqual([])
  })

  test('a caller that hangs, unless its process was stopped', () => {
    const calls = [{ session: 's', process: 1, at: 0, tookMs: 5_000, status: 200, isAfterLogout: false }]
    expect(kindsOf({ calls })).toEqual(['hung'])
    expect(kindsOf({ calls, doings: [{ what: 'stop', at: 10, until: 4_000, process: 1 }] })).toEqual([])
  })

  describe('a lost session needs a cause', () => {
    const loss = (reason: string) => [{ session: 's', at: 70_000, reason }]
    test.each([
      ['nothing happened', { losses: loss('') }, ['lost']],
      ['rejected out of the blue', { losses: loss('refreshRejected') }, ['lost']],
      ['an idle timeout that nobody waited for', { losses: loss('idle') }, ['lost']],
      [
        'an answer was lost',
        { losses: loss('refreshRejected'), presentations: [send(50_000, 'lost')], arrivals: [] },
        [],
      ],
      [
        'Redis was emptied',
        { losses: loss(''), doings: [{ what: 'redisEmpty', at: 60_000, until: 60_001 }] },
        [],
      ],
      [
        'Redis was emptied afterwards',
        { losses: loss(''), doings: [{ what: 'redisEmpty', at: 80_000, until: 80_001 }] },
        ['lost'],
      ],
    ] as const)('%s', (_, change, kinds) => {
      expect(kindsOf(change)).toEqual(kinds)
    })
  })

  test('a plan is decided by its seed', () => {
    const of = (seed: number) => plan(random(seed), 600_000, 3)
    expect(of(7)).toEqual(of(7))
    expect(of(7)).not.toEqual(of(8))
    expect(new Set(of(7).map(({ what }) => what)).size).toBeGreaterThanOrEqual(12)
    expect(of(7).filter(({ what }) => what === 'redisEmpty')).toHaveLength(1)
  })
})
