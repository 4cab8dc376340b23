import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Doubt, SessionContext } from '../../machines/session.context.ts'
import {
  afterRefused,
  afterUnknown,
  clampDelay,
  deadlinesOf,
  endOfDoubt,
  isHopeless,
  isUnusable,
  maySend,
  nextAsk,
  nextSend,
  rereadAfter,
} from '../../machines/session.deadlines.ts'
import type { EventOf } from '../../machines/session.events.ts'
import { NEVER } from '../../machines/session.instants.ts'
import type { ResendPolicy } from '../../machines/session.types.ts'
import { begin, factsOf, instants, LOGIN, play } from './chart.ts'

const MAX = 2 ** 31 - 1
const fresh = begin({ facts: factsOf(), shared: true }).context
const any = fc.double()

describe('clampDelay', () => {
  test.each([
    ['nothing', 0, 0],
    ['a negative delay', -1, 0],
    ['no number', NaN, 0],
    ['for ever', Infinity, MAX],
    ['40 days', 40 * 86_400_000, MAX],
    ['the longest', MAX, MAX],
    ['one more', MAX + 1, MAX],
    ['the past for ever', -Infinity, 0],
    ['a fraction', 0.5, 0.5],
  ])('of %s (T5, T6)', (_, ms, delay) => {
    expect(clampDelay(ms)).toBe(delay)
  })

  test('whatever was computed, a timer takes it (T6, I28)', () => {
    fc.assert(
      fc.property(any, (ms) => {
        const delay = clampDelay(ms)
        expect(delay >= 0 && delay <= MAX).toBe(true)
      }),
    )
  })
})

describe('deadlinesOf', () => {
  test.each([
    [1, 500, 5_000],
    [5, 2_500, 2_500],
    [20, 10_000, 5_000],
    [29, 14_500, 5_000],
    [30, 15_000, 5_000],
    [31, 15_500, 5_000],
    [60, 30_000, 5_000],
    [600, 570_000, 5_000],
  ])(
    'a life of %i s: the lead begins after %i ms, the floor ends after %i ms (T10)',
    (seconds, lead, floor) => {
      const { endsAt, leadAt, refreshAt, floorAt } = deadlinesOf(LOGIN, seconds * 1_000, 30_000, 0)
      expect({ endsAt, leadAt, floorAt }).toEqual({
        endsAt: LOGIN + seconds * 1_000,
        leadAt: LOGIN + lead,
        floorAt: LOGIN + floor,
      })
      expect(refreshAt).toBe(Math.max(leadAt, floorAt))
    },
  )

  test('the timer is early by up to a fifth of the life, three minutes at most (T15)', () => {
    const early = (lifeMs: number) => {
      const { leadAt, refreshAt } = deadlinesOf(0, lifeMs, 30_000, 0.999_999)
      return leadAt - refreshAt
    }
    expect(early(100_000)).toBe(19_999)
    expect(early(3_600_000)).toBe(179_999)
  })

  test('an unknown life has no end, no lead and no timer, and still a floor', () => {
    expect(deadlinesOf(LOGIN, Infinity, 30_000, 0.5)).toEqual({
      endsAt: NEVER,
      leadAt: NEVER,
      refreshAt: NEVER,
      floorAt: LOGIN + 5_000,
    })
  })

  test('whatever the life, no deadline is no number, and they come in order (T6)', () => {
    const roll = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    const lives = fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -10_000, max: 100_000 }))
    fc.assert(
      fc.property(lives, roll, (lifeMs, r) => {
        const { endsAt, leadAt, refreshAt, floorAt } = deadlinesOf(LOGIN, lifeMs, 30_000, r)
        for (const instant of [endsAt, leadAt, refreshAt, floorAt])
          expect(instant).toBeGreaterThanOrEqual(LOGIN)
        expect(leadAt).toBeLessThanOrEqual(endsAt)
        expect(refreshAt).toBeGreaterThanOrEqual(floorAt)
        expect(floorAt).toBeLessThanOrEqual(LOGIN + 5_000)
        expect(floorAt).toBeGreaterThan(LOGIN)
        if (lifeMs > 1_000) expect(refreshAt).toBeLessThanOrEqual(leadAt)
      }),
    )
  })
})

test.each([
  ['one second', 1_000, true],
  ['more', 1_001, false],
])('a renewal that lives %s: is it of no use? (T11)', (_, lifeMs, is) => {
  const facts = factsOf({ version: 2, ...deadlinesOf(LOGIN, lifeMs, 30_000, 0) })
  expect(isUnusable(fresh, facts)).toBe(is)
})

test('U38: whether a renewal is of use does not depend on when somebody hears of it', () => {
  const facts = factsOf({ version: 2, ...deadlinesOf(LOGIN, 600_000, 30_000, 0) })
  const late = play(
    { facts: factsOf({ endsAt: LOGIN + 1 }) },
    { type: 'session.renewed', facts, at: instants.long },
  )
  expect(late).toMatchObject({ value: 'active', context: { useless: 0, endsAt: facts.endsAt } })
})

const rolls = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const refused = (more: Partial<EventOf<'refresh.refused'>> = {}): EventOf<'refresh.refused'> => ({
  type: 'refresh.refused',
  epoch: 1,
  version: 1,
  roll: 0,
  at: LOGIN,
  ...more,
})
const unknown = (more: Partial<EventOf<'refresh.unknown'>> = {}): EventOf<'refresh.unknown'> => ({
  type: 'refresh.unknown',
  epoch: 1,
  version: 1,
  roll: 0,
  at: LOGIN,
  resend: 'afterBearerEnds',
  answered: true,
  ...more,
})

describe('the backoff', () => {
  const waitAfter = (attempts: number, roll: number) =>
    (afterRefused({ ...fresh, attempts }, refused({ roll })).retryAt ?? NaN) - LOGIN

  test('doubles its ceiling from one second to a minute', () => {
    const ceilings = [0, 1, 2, 3, 4, 5, 6, 7, 100, 5_000].map((attempts) => waitAfter(attempts, 1))
    expect(ceilings).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000])
  })

  test('is never under a quarter of a second, never over a minute (I12)', () => {
    fc.assert(
      fc.property(fc.nat(10_000), rolls, (attempts, roll) => {
        expect(waitAfter(attempts, roll)).toBeGreaterThanOrEqual(250)
        expect(waitAfter(attempts, roll)).toBeLessThanOrEqual(60_000)
      }),
    )
  })

  test('a Retry-After in the future outlasts it, one in the past changes nothing', () => {
    const later = afterRefused(fresh, refused({ notBefore: LOGIN + 90_000 }))
    expect(later).toMatchObject({ retryAt: LOGIN + 90_000, heldUntil: LOGIN + 90_000 })
    expect(afterRefused(fresh, refused({ notBefore: 5 })).retryAt).toBe(LOGIN + 250)
  })

  test('a mistake in the configuration is tried once a minute, and told until another answer comes', () => {
    const mistaken = { ...fresh, ...afterRefused(fresh, refused({ misconfigured: true })) }
    expect(mistaken).toMatchObject({ retryAt: LOGIN + 60_000, misconfigured: true })
    expect(afterRefused(mistaken, refused())).toMatchObject({ misconfigured: false })
    expect(afterUnknown(mistaken, unknown())).toMatchObject({ misconfigured: false })
  })

  test('every answer that is none counts as an attempt', () => {
    const twice = { ...fresh, attempts: 2 }
    expect(afterRefused(twice, refused())).toMatchObject({ attempts: 3 })
    expect(afterUnknown(twice, unknown())).toMatchObject({ attempts: 3 })
  })
})

const doubtOf = (more: Partial<Doubt>): Doubt => ({
  sends: 1,
  since: LOGIN,
  answers: 1,
  answeredSince: LOGIN,
  resend: 'afterBearerEnds',
  ...more,
})

describe('doubt', () => {
  const gone: SessionContext = { ...fresh, bearer: 'ended', endsAt: LOGIN }

  test('the sends after the bearer ended spread over two minutes at least, whatever the dice', () => {
    fc.assert(
      fc.property(fc.array(rolls, { minLength: 3, maxLength: 3 }), (dice) => {
        let c = gone
        let at = LOGIN
        for (const roll of dice) {
          c = { ...c, ...afterUnknown(c, unknown({ at, roll })) }
          expect(isHopeless(c, at)).toBe(false)
          at = c.retryAt
        }
        expect(c.doubt?.sends).toBe(3)
        expect(at - LOGIN).toBeGreaterThanOrEqual(120_000)
        expect(maySend(c, at)).toBe(true)
        const last = { ...c, ...afterUnknown(c, unknown({ at })) }
        expect(maySend(last, Infinity)).toBe(false)
        expect(isHopeless(last, at)).toBe(true)
      }),
    )
  })

  test.each<[string, ResendPolicy, boolean, boolean]>([
    ['afterBearerEnds', 'afterBearerEnds', false, true],
    ['never', 'never', false, false],
    ['within a window that is open', { withinMs: 600_000 }, true, true],
    ['within a window that has closed', { withinMs: 10 }, false, false],
  ])(
    '%s: may the token be sent again while the bearer is good, and after?',
    (_, resend, whileGood, after) => {
      const c = { ...fresh, ...afterUnknown(fresh, unknown({ resend })) }
      expect(maySend(c, instants.mid)).toBe(whileGood)
      expect(maySend(c, instants.end)).toBe(after)
    },
  )

  test.each([0, 1])(
    'U60: the waits grow from 10 s to 300 s, each stretched by a quarter at most (roll %d)',
    (roll) => {
      const waits: number[] = []
      let c = gone
      for (let sends = 0; sends < 8; sends += 1) {
        c = { ...c, ...afterUnknown(c, unknown({ roll, answered: false })) }
        waits.push(c.retryAt - LOGIN)
      }
      const table = [10_000, 30_000, 80_000, 120_000, 240_000, 300_000, 300_000, 300_000]
      expect(waits).toEqual(table.map((wait) => wait * (1 + roll / 4)))
    },
  )

  test('U60: what nobody answered ends no session, however often and long', () => {
    fc.assert(
      fc.property(fc.array(rolls, { minLength: 5, maxLength: 60 }), (dice) => {
        let c = gone
        let at = LOGIN
        for (const roll of dice) {
          c = { ...c, ...afterUnknown(c, unknown({ at, roll, answered: false })) }
          at = c.retryAt
          expect(isHopeless(c, at)).toBe(false)
          expect(maySend(c, at)).toBe(true)
        }
        expect(c.doubt).toMatchObject({ sends: dice.length, answers: 0, since: LOGIN })
      }),
    )
  })

  test('U60: who spoke is counted apart: three that nobody answered, and then one answer, leave three to go', () => {
    let c = gone
    for (const answered of [false, false, false, true])
      c = { ...c, ...afterUnknown(c, unknown({ at: c.retryAt || LOGIN, answered })) }
    expect(c.doubt).toMatchObject({ sends: 4, answers: 1 })
    expect(isHopeless(c, NEVER - 1)).toBe(false)
    expect(maySend(c, c.retryAt)).toBe(true)
  })

  test('U36: what a coordinator knows raises a doubt, and counts no send beside it', () => {
    const once = { ...gone, ...afterUnknown(gone, unknown({ answered: false })) }
    const row = {
      sends: 3,
      since: LOGIN - 60_000,
      answers: 2,
      answeredSince: LOGIN - 50_000,
      retryAt: LOGIN + 7,
    }
    expect(afterUnknown(once, unknown({ row }))).toMatchObject({
      doubt: { sends: 3, since: LOGIN - 60_000, answers: 2, answeredSince: LOGIN - 50_000 },
      retryAt: LOGIN + 7,
    })
    const less = { ...row, sends: 0, since: NEVER, answers: 0, answeredSince: NEVER, retryAt: NEVER }
    expect(afterUnknown(once, unknown({ row: less }))).toMatchObject({
      doubt: { ...once.doubt },
      retryAt: LOGIN + 10_000,
    })
  })

  test.each([
    ['half a second', { withinMs: 60_000 }, 0, 500],
    ['up to a second, as the dice fall', { withinMs: 60_000 }, 1, 1_000],
    ['half the window at most', { withinMs: 600 }, 1, 300],
  ])(
    'within a window the one more send waits %s, with a good bearer and without',
    (_, resend, roll, wait) => {
      for (const c of [fresh, gone])
        expect(afterUnknown(c, unknown({ resend, roll }))).toMatchObject({ retryAt: LOGIN + wait })
    },
  )

  test('within a window the token is sent once more, not twice', () => {
    const sent = (sends: number): SessionContext => ({
      ...gone,
      doubt: doubtOf({ sends, resend: { withinMs: 60_000 } }),
    })
    expect([1, 2, 3].map((sends) => maySend(sent(sends), LOGIN))).toEqual([true, false, false])
  })

  test('after the last answer the session is given up, but not before two minutes of doubt are over', () => {
    const spent = { ...gone, doubt: doubtOf({ sends: 4, answers: 4 }) }
    expect(isHopeless(spent, LOGIN + 119_999)).toBe(false)
    expect(isHopeless(spent, LOGIN + 120_000)).toBe(true)
  })

  test('a window is open up to its last instant', () => {
    const doubt = doubtOf({ resend: { withinMs: 60_000 } })
    const [last, after] = [LOGIN + 60_000, LOGIN + 60_001]
    expect([maySend({ ...gone, doubt }, last), isHopeless({ ...gone, doubt }, last)]).toEqual([true, false])
    expect([maySend({ ...gone, doubt }, after), isHopeless({ ...gone, doubt }, after)]).toEqual([false, true])
  })

  test('what a provider forbids once stays forbidden', () => {
    const never = { ...fresh, ...afterUnknown(fresh, unknown({ resend: 'never' })) }
    const milder = { ...never, ...afterUnknown(never, unknown({ resend: { withinMs: 600_000 } })) }
    expect(milder.doubt?.resend).toBe('never')
  })

  test('the store is read again after one second, then less often, half a minute at most; alone never', () => {
    const waits = [0, 1, 4, 5, 100].map((attempts) => rereadAfter({ ...fresh, attempts }, 0))
    expect(waits).toEqual([1_000, 2_000, 16_000, 30_000, 30_000])
    expect(rereadAfter({ ...fresh, shared: false }, 0)).toBe(NEVER)
  })
})

describe('the next instant', () => {
  const { mid, lead, end } = instants
  const state = { ...fresh, floorAt: mid }

  test.each([
    ['active', 'force', {}, mid],
    ['nearingExpiry', 'force', {}, mid],
    ['nearingExpiry', 'user', {}, mid],
    ['active', 'caller', {}, lead],
    ['nearingExpiry', 'caller', { floorAt: end }, end],
    ['active', 'caller', { policy: 'prompt' }, NEVER],
    ['active', 'user', { policy: 'prompt' }, mid],
    ['active', 'force', { refreshable: false }, NEVER],
    ['refreshing', 'force', {}, NEVER],
    ['expired', 'force', {}, NEVER],
    ['retrying', 'force', { triedAt: mid, retryAt: mid + 7 }, mid + 7],
  ] as const)('of a refresh in %s for %s, with %j', (value, by, change, at) => {
    expect(nextAsk(value, { ...state, ...change } as SessionContext, by)).toBe(at)
  })

  const doubt: Doubt = { sends: 1, since: mid, answers: 1, answeredSince: mid, resend: 'never' }
  test.each([
    ['no doubt', {}, NEVER],
    [
      'a window, and no bearer',
      { bearer: 'ended', doubt: { ...doubt, resend: { withinMs: 60_000 } } },
      mid + 60_001,
    ],
    ['a window, and a bearer that lives longer', { doubt: { ...doubt, resend: { withinMs: 60_000 } } }, end],
    [
      'a window that outlives the bearer',
      { doubt: { ...doubt, resend: { withinMs: 900_000 } } },
      mid + 900_001,
    ],
  ])('at which time alone ends a session in doubt: %s', (_, change, at) => {
    expect(endOfDoubt({ ...state, ...change } as SessionContext)).toBe(at)
  })

  test('of a send that a good bearer forbids is its end; of one that nothing permits, none', () => {
    const waiting = { ...state, triedAt: mid, retryAt: mid + 7 }
    expect(nextSend(waiting)).toBe(mid + 7)
    expect(nextSend({ ...waiting, doubt: { ...doubt, resend: 'afterBearerEnds' } })).toBe(end)
    expect(nextSend({ ...waiting, refreshable: false })).toBe(NEVER)
  })
})
