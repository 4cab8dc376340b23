import { describe, expect, test } from 'vitest'
import type { Doubt, SessionContext } from '../../machines/session.context.ts'
import { endOfDoubt, nextDeadline, nextSend } from '../../machines/session.deadlines.ts'
import { NEVER } from '../../machines/session.instants.ts'
import { begin, factsOf, instants, LOGIN, play } from './chart.ts'

const FLOOR = LOGIN + 5_000
const { due, lead, end, later } = instants
const fresh = begin({ facts: factsOf() }).context
const c = (more: Partial<SessionContext> = {}): SessionContext => ({ ...fresh, floorAt: FLOOR, ...more })
const doubt = (more: Partial<Doubt> = {}): Doubt => ({
  sends: 1,
  since: LOGIN,
  answers: 1,
  answeredSince: LOGIN,
  resend: 'afterBearerEnds',
  ...more,
})

describe('when the chart must look at the clock', () => {
  test.each(['loggedOut', 'expired'] as const)('%s: never', (state) => {
    expect(nextDeadline(state, c({ idleEndsAt: end }))).toBe(NEVER)
  })

  test.each<[string, Partial<SessionContext>, number]>([
    ['eager: at the timer', {}, due],
    ['eager, but the user is away: at the lead', { idle: true }, lead],
    ['onDemand: at the lead', { policy: 'onDemand' }, lead],
    ['prompt: at the lead', { policy: 'prompt' }, lead],
    ['nothing to refresh with: at the lead', { refreshable: false }, lead],
    ['a last chance is for the end: at the lead', { lastChance: true }, lead],
    ['in doubt: at the lead', { doubt: doubt() }, lead],
    ['in an open window: at the timer', { doubt: doubt({ resend: { withinMs: 1_000 } }) }, due],
    ['a lead after the end: at the end', { policy: 'onDemand', leadAt: end + 1 }, end],
    ['the idle limit comes first', { idleEndsAt: due - 1 }, due - 1],
    ['the absolute limit comes first', { absoluteEndsAt: due - 2, idleEndsAt: due - 1 }, due - 2],
  ])('active, %s', (_, more, at) => {
    expect(nextDeadline('active', c(more))).toBe(at)
  })

  test.each<[string, Partial<SessionContext>, number]>([
    ['the bearer is good: at its end', {}, end],
    ['the bearer is gone and may be renewed: at the floor', { bearer: 'ended' }, FLOOR],
    ['a 401 took it: at the floor', { bearer: 'rejected' }, FLOOR],
    ['gone, under onDemand: never', { bearer: 'ended', policy: 'onDemand' }, NEVER],
    ['gone, and the user is away: never', { bearer: 'ended', idle: true }, NEVER],
    ['gone, and nothing to refresh with: never', { bearer: 'ended', refreshable: false }, NEVER],
    ['the floor, but no later than a limit', { bearer: 'ended', idleEndsAt: FLOOR - 1 }, FLOOR - 1],
    ['the end, but no later than a limit', { absoluteEndsAt: end - 1 }, end - 1],
  ])('nearingExpiry, %s', (_, more, at) => {
    expect(nextDeadline('nearingExpiry', c(more))).toBe(at)
  })

  test.each<[string, Partial<SessionContext>, number]>([
    ['at the end of the bearer', {}, end],
    ['never where it is gone: the flight tells', { bearer: 'ended' }, NEVER],
    ['at a limit', { bearer: 'ended', idleEndsAt: end }, end],
  ])('refreshing, %s', (_, more, at) => {
    expect(nextDeadline('refreshing', c(more))).toBe(at)
  })

  test.each<[string, Partial<SessionContext>, number]>([
    ['at the next send', {}, later],
    ['at the next look into the store', { rereadAt: later - 1 }, later - 1],
    ['at the end of the bearer', { retryAt: end + 1 }, end],
    ['at the next send, where the bearer is gone', { retryAt: end + 1, bearer: 'ended' }, end + 1],
    ['at a limit', { idleEndsAt: later - 1 }, later - 1],
    [
      'never in a doubt that forbids it, without a bearer',
      { doubt: doubt({ resend: 'never' }), bearer: 'ended' },
      NEVER,
    ],
  ])('retrying, %s', (_, more, at) => {
    expect(nextDeadline('retrying', c({ retryAt: later, ...more }))).toBe(at)
  })
})

describe('the next send while retrying', () => {
  const open = { withinMs: 60_000 }
  const closesAt = LOGIN + 60_000

  test.each<[string, Partial<SessionContext>, number]>([
    ['no doubt: after the backoff', {}, later],
    ['never: not at all', { doubt: doubt({ resend: 'never' }) }, NEVER],
    ['while the bearer is good: at its end', { doubt: doubt() }, end],
    ['not before the backoff either', { doubt: doubt(), retryAt: end + 1 }, end + 1],
    ['the bearer is gone: after the backoff', { doubt: doubt({ sends: 3 }), bearer: 'ended' }, later],
    ['four answers: none', { doubt: doubt({ answers: 4 }), bearer: 'ended' }, NEVER],
    [
      'however often nobody answered: after the backoff',
      { doubt: doubt({ sends: 40, answers: 3 }), bearer: 'ended' },
      later,
    ],
    ['asked for: five seconds after the last', { triedAt: LOGIN, isHurried: true }, FLOOR],
    [
      'asked for: not before a Retry-After',
      { triedAt: LOGIN, isHurried: true, heldUntil: later - 1 },
      later - 1,
    ],
    ['inside a window', { doubt: doubt({ resend: open }), retryAt: closesAt }, closesAt],
    ['after a window: none', { doubt: doubt({ resend: open }), retryAt: closesAt + 1 }, NEVER],
    ['a window that was used: none', { doubt: doubt({ resend: open, sends: 2 }), bearer: 'rejected' }, NEVER],
  ])('%s', (_, more, at) => {
    expect(nextSend(c({ retryAt: later, ...more }))).toBe(at)
  })

  test.each<[string, Partial<SessionContext>, number]>([
    ['no doubt: never', {}, NEVER],
    ['three answers: never', { doubt: doubt({ answers: 3 }), bearer: 'ended' }, NEVER],
    [
      'sends that nobody answered: never',
      { doubt: doubt({ sends: 40, answers: 0 }), bearer: 'ended' },
      NEVER,
    ],
    [
      'four answers: 120 s after the first',
      { doubt: doubt({ answers: 4 }), bearer: 'ended' },
      LOGIN + 120_000,
    ],
    ['and not while the bearer is good', { doubt: doubt({ answers: 4 }) }, end],
    ['a window: behind it', { doubt: doubt({ resend: open }), bearer: 'ended' }, closesAt + 1],
    ['and not while the bearer is good', { doubt: doubt({ resend: open, sends: 2 }) }, end],
  ])('the end of a doubt, %s', (_, more, at) => {
    expect(endOfDoubt(c(more))).toBe(at)
    expect(nextDeadline('retrying', c({ retryAt: NEVER, ...more }))).toBe(
      Math.min(at, c(more).bearer === 'good' ? end : NEVER),
    )
  })

  test('U60: no timer runs while the user is away, nor where callers ask; somebody who waits is worth one', () => {
    for (const more of [{ idle: true }, { policy: 'onDemand' }] as const) {
      expect(nextDeadline('retrying', c({ retryAt: later, ...more }))).toBe(end)
      expect(nextDeadline('retrying', c({ retryAt: later, ...more }), true)).toBe(later)
    }
  })
})

test('a window that closed while nobody looked is over: the clock is not looked at again for it', () => {
  const unknown = { type: 'refresh.unknown', roll: 0, answered: false, epoch: 1, version: 1 } as const
  const { value, context } = play(
    { facts: factsOf() },
    { type: 'time.checked', at: due },
    { ...unknown, at: due, resend: { withinMs: 2_000 } },
    { type: 'time.checked', at: due + 2_001 },
  )
  expect(value).toBe('retrying')
  expect(nextDeadline(value, context)).toBe(end)
})
