import { describe, expect, test } from 'vitest'
import { random } from '../proof/world/random.ts'
import { figuresOf } from './figures.ts'
import type { History } from './history.ts'
import { judge } from './judge.ts'
import { plan } from './nemesis.ts'

const limits = { skewMs: 0, callMs: 1_000, attemptMs: 4_000 }
const LIFE = 60_000

/** A session that logged in at 0 and renewed at 50 s: whole, and without a fault. */
const sound: History = {
  issues: [
    { token: 'r1', bearer: 'b1', bearerEndsAt: LIFE, session: 's', at: 0, isRevocable: false },
    { token: 'r2', bearer: 'b2', bearerEndsAt: 2 * LIFE, session: 's', at: 50_010, isRevocable: false },
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
  revoked: [],
  startedAt: 0,
  stalls: [],
  notices: [],
  logins: 1,
  reuseDetections: 0,
}

const send = (at: number, fate: History['presentations'][number]['fate'], process = 0) => ({
  token: 'r1',
  session: 's',
  process,
  at,
  doneAt: at + 10,
  fate,
})
/** As many answers as the policy takes, the bearer gone. */
const answered = (
  token: string,
  fate: History['presentations'][number]['fate'] = 'ambiguous',
  from = 61_000,
) => [0, 1_000, 2_000, 3_000].map((after) => ({ ...send(from + after, fate), token }))
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
      [
        'before the answer to the first has come, the bearer gone',
        [send(61_000, 'lost'), send(61_005, 'lost', 1)],
        ['sentAgain'],
      ],
      [
        'more often than the policy permits',
        [61_000, 62_000, 63_000, 64_000, 65_000].map((at) => send(at, 'ambiguous')),
        ['sentAgain'],
      ],
      [
        'as often as a gateway speaks in place of the backend',
        [61_000, 62_000, 63_000, 64_000, 65_000, 66_000].map((at) => send(at, 'silent')),
        [],
      ],
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

    test('or its sender had given up when the answer came', () => {
      const of = (tookMs: number) =>
        kindsOf({
          presentations: [
            { ...send(50_000, 'delivered'), doneAt: 50_000 + tookMs },
            send(61_000, 'rejected', 1),
          ],
          arrivals: [],
        })
      expect([of(3_900), of(2_000)]).toEqual([[], ['sentAgain']])
    })

    test('whatever a replica lacked that took over: what was sent is written down at both', () => {
      const presentations = [send(50_000, 'delivered'), send(51_000, 'rejected', 1)]
      const doings = [{ what: 'storeFailover', at: 49_900, until: 50_400 }]
      expect(kindsOf({ presentations, arrivals: [], doings })).toEqual(['sentAgain'])
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
    const said = (process: number) => [{ process, session: 's', at: 50_015, text: 'warning persistFailed' }]
    expect(kindsOf({ stored: [], notices: said(0) })).toEqual([])
    expect(kindsOf({ stored: [], notices: said(1) })).toEqual(['unstored'])
  })

  test("a call with another session's bearer", () => {
    const arrivals = [{ at: 10, process: 0, session: 'other', bearer: 'b1', path: '/api' }]
    expect(kindsOf({ arrivals })).toEqual(['crossed'])
  })

  test('a session that is served after its logout', () => {
    const call = { session: 's', process: 1, at: 90_000, tookMs: 5, status: 200, isAfterLogout: true }
    expect(kindsOf({ calls: [call] })).toEqual(['resurrected'])
    expect(kindsOf({ calls: [{ ...call, status: 401 }] })).toEqual([])
    const doings = [{ what: 'storeFailover', at: 80_000, until: 80_500 }]
    expect(kindsOf({ calls: [call], doings, logouts: [{ session: 's', at: 80_400 }] })).toEqual([
      'resurrected',
    ])
  })

  test('a bearer that is used long after the logout of its session', () => {
    const logouts = [{ session: 's', at: 1_000 }]
    const used = (at: number) =>
      kindsOf({ logouts, arrivals: [{ at, process: 0, session: 's', bearer: 'b1', path: '/api' }] })
    expect([used(1_100), used(5_000)]).toEqual([[], ['resurrected']])
  })

  test('a caller that hangs, unless its process was stopped', () => {
    const calls = [{ session: 's', process: 1, at: 0, tookMs: 5_000, status: 200, isAfterLogout: false }]
    expect(kindsOf({ calls })).toEqual(['hung'])
    expect(kindsOf({ calls, doings: [{ what: 'stop', at: 10, until: 4_000, process: 1 }] })).toEqual([])
  })

  describe('a lost session needs a cause', () => {
    const loss = (reason: string, at = 70_000) => [{ session: 's', at, reason }]
    test.each([
      ['nothing happened', { losses: loss('') }, ['lost']],
      ['rejected out of the blue', { losses: loss('refreshRejected') }, ['lost']],
      ['an idle timeout that nobody waited for', { losses: loss('idle') }, ['lost']],
      [
        'an answer was lost, and the backend then refused the token',
        {
          losses: loss('refreshRejected'),
          presentations: [send(50_000, 'lost'), ...answered('r1')],
          arrivals: [],
        },
        [],
      ],
      [
        'an answer was lost, and the backend answered less often than the policy takes',
        {
          losses: loss('refreshRejected'),
          presentations: [send(50_000, 'lost'), ...answered('r1').slice(1)],
          arrivals: [],
        },
        ['lost'],
      ],
      [
        'a gateway spoke in place of the backend',
        {
          losses: loss('refreshRejected'),
          presentations: [send(50_000, 'lost'), ...answered('r1', 'silent')],
          arrivals: [],
        },
        ['lost'],
      ],
      [
        'its provider was out of order whenever it was asked',
        {
          losses: loss('refreshRejected'),
          presentations: answered('r1'),
          doings: [{ what: 'providerDown', at: 60_900, until: 65_000 }],
          arrivals: [],
        },
        [],
      ],
      [
        'an answer was lost, and nobody asked again',
        { losses: loss('refreshRejected'), presentations: [send(50_000, 'lost')], arrivals: [] },
        ['lost'],
      ],
      [
        'an older token was sent twice, since its sender was stopped, which ends its whole family',
        {
          losses: loss('refreshRejected', 130_000),
          presentations: [
            send(50_000, 'delivered'),
            send(61_000, 'ambiguous', 1),
            ...answered('r2', 'ambiguous', 121_000),
          ],
          doings: [{ what: 'pause', at: 50_005, until: 62_000, process: 0 }],
          arrivals: [],
        },
        [],
      ],
      [
        'a replica took over that lacked its login',
        { losses: loss(''), doings: [{ what: 'storeFailover', at: 5, until: 500 }] },
        [],
      ],
      [
        'a replica took over before its login',
        { losses: loss(''), doings: [{ what: 'storeFailover', at: -500, until: -5 }] },
        ['lost'],
      ],
      [
        'an answer was lost once, of an older token',
        {
          losses: loss('refreshRejected', 130_000),
          presentations: [
            send(50_000, 'lost'),
            send(61_000, 'delivered'),
            ...answered('r2', 'ambiguous', 121_000),
          ],
          arrivals: [],
        },
        ['lost'],
      ],
      [
        'the store was emptied',
        { losses: loss(''), doings: [{ what: 'storeEmpty', at: 60_000, until: 60_001 }] },
        [],
      ],
      [
        'the store was emptied afterwards',
        { losses: loss(''), doings: [{ what: 'storeEmpty', at: 80_000, until: 80_001 }] },
        ['lost'],
      ],
    ] as const)('%s', (_, change, kinds) => {
      expect(kindsOf(change)).toEqual(kinds)
    })
  })

  test('counts how often each token came, what a renewal cost, and who is alive after a logout', () => {
    const presentations = [
      send(50_000, 'refused'),
      send(50_005, 'delivered'),
      { ...send(90_000, 'lost'), token: 'r2' },
    ]
    const issues = sound.issues.map((issue) => ({ ...issue, isRevocable: true }))
    const history = {
      ...sound,
      issues,
      presentations,
      logouts: [{ session: 's', at: 51_000 }],
      calls: [...sound.calls, { ...sound.calls[0], at: 95_000 } as History['calls'][number]],
      stalls: [{ process: 0, at: 1_000, until: 1_700 }],
    }
    const of = (change: Partial<History>) => {
      const changed = { ...history, ...change }
      return figuresOf(changed, judge(changed, limits))
    }
    expect(of({})).toMatchObject({
      'refresh tokens presented once': 1,
      'refresh tokens presented 2 times': 1,
      'refreshes sent per renewal': 3,
      'local ones that the backend was not asked to end': 1,
      'longest that the machine starved a process, ms': 700,
    })
    expect(
      of({ revoked: ['r2'], doings: [{ what: 'stop', process: 0, at: 900, until: 1_700 }] }),
    ).toMatchObject({
      'local ones that the backend was not asked to end': 0,
      'longest that the machine starved a process, ms': 0,
    })
  })

  test('a plan is decided by its seed', () => {
    const of = (seed: number) => plan(random(seed), 600_000, 3)
    expect(of(7)).toEqual(of(7))
    expect(of(7)).not.toEqual(of(8))
    expect(new Set(of(7).map(({ what }) => what)).size).toBeGreaterThanOrEqual(12)
    expect(of(7).filter(({ what }) => what === 'storeEmpty')).toHaveLength(1)
    const alone = plan(random(7), 600_000, 3, ['pause', 'wireSlow'])
    expect(new Set(alone.map(({ what }) => what))).toEqual(new Set(['pause', 'wireSlow']))
  })
})
