import { describe, expect, test } from 'vitest'
import type { Doubt, SessionContext } from '../../machines/session.context.ts'
import { accepted, confirmed, disputed, passed, reasonOfEnd, renewed } from '../../machines/session.facts.ts'
import { NEVER } from '../../machines/session.instants.ts'
import { begin, factsOf, instants, LOGIN, play, step } from './chart.ts'

const { end, mid } = instants
const fresh = begin({ facts: factsOf() }).context

test('where nobody is logged in, nothing is known, owed or wrong', () => {
  const nothing = {
    policy: 'eager',
    idleTimeoutMs: NEVER,
    absoluteLifetimeMs: NEVER,
    shared: false,
    pending: false,
    epoch: 0,
    version: 0,
    user: null,
    provider: '',
    kind: '',
    bearer: 'none',
    bearerVersion: 0,
    accepted: false,
    disputed: false,
    rejections: 0,
    refreshable: false,
    lastChance: false,
    endsAt: NEVER,
    leadAt: NEVER,
    refreshAt: NEVER,
    floorAt: 0,
    rejectFloorAt: 0,
    idle: false,
    idleEndsAt: NEVER,
    absoluteEndsAt: NEVER,
    useless: 0,
    attempts: 0,
    triedAt: 0,
    retryAt: 0,
    isHurried: false,
    heldUntil: 0,
    rereadAt: NEVER,
    doubt: null,
    misconfigured: false,
    reason: 'never',
  }
  expect(begin({ facts: null }).context).toEqual(nothing)
  const out = play({ facts: factsOf() }, { type: 'session.ended', reason: 'user', at: mid }).context
  expect(out).toEqual({
    ...nothing,
    epoch: 1,
    version: 1,
    reason: 'user',
    absoluteEndsAt: out.absoluteEndsAt,
  })
})

test.each([
  ['a first version may be refreshed at once: a login is no refresh', 1, mid],
  ['a renewal keeps its floor, also across a restart', 2, LOGIN + 5_000],
  ['a floor that never comes is none', 2, mid, NEVER],
])('%s', (_, version, floorAt, of = LOGIN + 5_000) => {
  const facts = factsOf({ version, floorAt: of })
  expect(begin({ facts, at: mid }).context.floorAt).toBe(floorAt)
  const login = step(begin({}), { type: 'session.started', facts, at: mid }).after
  expect(login.context.floorAt).toBe(floorAt)
})

describe('what time alone changes', () => {
  test.each<[string, Partial<SessionContext>, number, Partial<SessionContext>]>([
    ['a good bearer before its end: nothing', {}, end - 1, {}],
    ['a good bearer at its end', {}, end, { bearer: 'ended' }],
    ['a bearer that a 401 took stays rejected', { bearer: 'rejected' }, end, {}],
    ['where there is none there is none', { bearer: 'none' }, end, {}],
  ])('%s', (_, more, at, change) => {
    expect(passed({ ...fresh, ...more }, at)).toEqual(change)
  })

  test.each<[string, Doubt['resend'], number, number]>([
    ['a window up to its last instant: nothing', { withinMs: 60_000 }, 60_000, 1],
    ['a window that closed counts as used', { withinMs: 60_000 }, 60_001, 2],
    ['a doubt without a window: nothing', 'afterBearerEnds', 1_000_000_000, 1],
  ])('%s', (_, resend, afterMs, sends) => {
    const doubt: Doubt = { sends: 1, since: LOGIN, answers: 1, answeredSince: LOGIN, resend }
    const c: SessionContext = { ...fresh, bearer: 'ended', doubt }
    expect({ ...c, ...passed(c, LOGIN + afterMs) }).toEqual({ ...c, doubt: { ...doubt, sends } })
  })
})

test.each<[string, Partial<SessionContext>, SessionContext['reason']]>([
  ['nobody asked', {}, 'idle'],
  ['there is nothing to refresh with', { refreshable: false }, 'notRefreshable'],
  ['three renewals brought nothing', { useless: 3 }, 'unusableLifetime'],
  ['the user was away for too long', { idleEndsAt: end, refreshable: false }, 'idle'],
  ['it is too old', { absoluteEndsAt: end, idleEndsAt: end }, 'absoluteLifetime'],
  ['the backend knows no refresh', { refreshable: false, lastChance: true }, 'refreshUnsupported'],
])('why a bearer that ended is not replaced: %s', (_, more, reason) => {
  expect(reasonOfEnd({ ...fresh, ...more }, end)).toBe(reason)
})

test('a backend that does not refresh for good is not asked again; one that does not for now is, at the end', () => {
  const unsupported = (forGood: boolean) =>
    play(
      { facts: factsOf() },
      { type: 'refresh.asked', by: 'force', at: mid },
      { type: 'refresh.unsupported', epoch: 1, version: 1, forGood, at: mid },
    )
  expect(unsupported(true).context).toMatchObject({ refreshable: false, lastChance: true })
  expect(unsupported(false).context).toMatchObject({ refreshable: true, lastChance: true })
  const checked = { type: 'time.checked', at: end } as const
  expect(step(unsupported(true), checked).after).toMatchObject({
    value: 'expired',
    context: { reason: 'refreshUnsupported' },
  })
  expect(step(unsupported(false), checked).after.value).toBe('refreshing')
})

/** Instants after `mid`, at which a renewal comes. */
const late = mid + 60_000
describe.each([
  [0, mid, mid],
  [0, late, late],
  [1, mid, mid + 10_000],
  [1, late, late],
  [2, mid, mid + 20_000],
  [9, mid, mid + 300_000],
])(
  '%d renewals that did not help, a floor at %d: the 401 of the next bearer is believed from %d on',
  (rejections, floorAt, from) => {
    const facts = factsOf({ version: 2, floorAt })
    test('after a restart', () => {
      expect(begin({ facts: { ...facts, rejections }, at: mid }).context).toMatchObject({
        rejections,
        rejectFloorAt: from,
      })
    })
    test('after a renewal', () => {
      const event = { type: 'session.renewed', facts, at: mid } as const
      expect(renewed({ ...fresh, disputed: true, rejections }, event)).toMatchObject({
        rejections,
        rejectFloorAt: from,
      })
      expect(renewed({ ...fresh, rejections }, event)).toMatchObject({
        rejections: 0,
        rejectFloorAt: floorAt,
      })
    })
  },
)

test.each([
  [1, 0],
  [2, 1],
])(
  'a 401 for the bearer of version %d counts %d times: a login is no renewal',
  (bearerVersion, rejections) => {
    expect(disputed({ ...fresh, bearerVersion })).toEqual({ disputed: true, rejections })
    expect(disputed({ ...fresh, bearerVersion, disputed: true })).toEqual({})
  },
)

test('a bearer that serves is good again only if a 401 had taken it, and before its end', () => {
  for (const bearer of ['good', 'ended', 'none'] as const)
    expect(accepted({ ...fresh, bearer }, mid)).toEqual({ accepted: true })
  expect(accepted({ ...fresh, bearer: 'rejected' }, end - 1)).toEqual({ accepted: true, bearer: 'good' })
  expect(accepted({ ...fresh, bearer: 'rejected' }, end)).toEqual({ accepted: true })
})

test('a confirmed version keeps its number and gets the instants of the answer', () => {
  const facts = factsOf({ endsAt: end + 1, floorAt: late })
  expect(confirmed({ type: 'session.renewed', facts, at: mid })).toMatchObject({
    version: 1,
    bearer: 'good',
    accepted: false,
    endsAt: end + 1,
    floorAt: late,
    rejectFloorAt: late,
    attempts: 0,
    doubt: null,
  })
})

test('a renewal without a usable bearer waits for its floor, and longer from time to time', () => {
  const facts = factsOf({ version: 2, bearer: 'none', floorAt: mid + 5_000 })
  const after = (useless: number, floorAt: number) =>
    renewed({ ...fresh, useless }, { type: 'session.renewed', facts: { ...facts, floorAt }, at: mid })
  expect(after(0, mid + 1)).toMatchObject({ useless: 1, heldUntil: mid + 1, retryAt: mid + 5_000 })
  expect(after(1, mid + 1)).toMatchObject({ useless: 2, retryAt: mid + 10_000 })
  expect(after(0, late)).toMatchObject({ heldUntil: late, retryAt: late })
})

test('a session that is stored without trouble is in none', () => {
  const { context } = begin({ facts: factsOf({ version: 2 }), shared: true, at: mid })
  expect(context).toMatchObject({
    kind: 'custom',
    rereadAt: NEVER,
    retryAt: LOGIN + 5_000,
    doubt: null,
    attempts: 0,
  })
})
