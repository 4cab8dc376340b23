import { expect, test } from 'vitest'
import { NEVER } from '../../machines/session.instants.ts'
import {
  backoffOf,
  isServedAt,
  mayBringBearer,
  mayRest,
  selectSession,
  servedUntil,
} from '../../machines/session.select.ts'
import { ada, begin, factsOf, instants, play, renewalAt } from './chart.ts'
import { type Situation, settings } from './situations.ts'

const { due, end, mid } = instants
const flight = { epoch: 1, version: 1 }
const input = { facts: factsOf() }

test('before anybody knows whether there is a session', () => {
  expect(selectSession(begin({}))).toEqual({
    state: 'loggedOut',
    isAuthenticated: false,
    isUsable: false,
    shouldOfferLogin: false,
    isPending: true,
    user: null,
    provider: '',
    reason: 'never',
    epoch: 0,
    version: 0,
  })
})

test('a session: who, by whom, until when, which version', () => {
  const session = play(
    { ...input, idleTimeoutMs: 1_000 },
    { type: 'session.renewed', at: mid, facts: renewalAt(mid, 2) },
  )
  expect(selectSession(session)).toEqual({
    state: 'active',
    isAuthenticated: true,
    isUsable: true,
    shouldOfferLogin: false,
    isPending: false,
    user: ada,
    provider: 'openid',
    reason: null,
    expiresAt: mid + 600_000,
    idleEndsAt: 1_000_000 + 1_000,
    epoch: 1,
    version: 2,
  })
})

test('an end that nobody knows is not told, nor an idle limit that is none', () => {
  const told = selectSession(begin({ facts: factsOf({ endsAt: NEVER }) }))
  expect(Object.keys(told)).not.toContain('expiresAt')
  expect(Object.keys(told)).not.toContain('idleEndsAt')
  expect(told.isUsable).toBe(true)
})

test('while retrying: when the next attempt is; a bearer that a 401 took is not usable, and has no end', () => {
  const refused = [
    { type: 'time.checked', at: due },
    { type: 'refresh.refused', at: due, roll: 1, ...flight },
  ] as const
  const told = selectSession(play(input, ...refused))
  expect(told).toMatchObject({
    state: 'retrying',
    isUsable: true,
    shouldOfferLogin: false,
    retryAt: due + 1_000,
    expiresAt: end,
  })
  const without = selectSession(play(input, ...refused, { type: 'bearer.rejected', at: due, ...flight }))
  expect(without).toMatchObject({
    state: 'retrying',
    isAuthenticated: true,
    isUsable: false,
    shouldOfferLogin: true,
    retryAt: due + 1_000,
  })
  expect(Object.keys(without)).not.toContain('expiresAt')
})

test('no next attempt is told where there is none, nor in another state', () => {
  const unknown = {
    type: 'refresh.unknown',
    at: due,
    roll: 0,
    resend: 'never',
    answered: false,
    ...flight,
  } as const
  const held = selectSession(play(input, { type: 'time.checked', at: due }, unknown))
  expect(held.state).toBe('retrying')
  expect(Object.keys(held)).not.toContain('retryAt')
  expect(Object.keys(selectSession(begin(input)))).not.toContain('retryAt')
})

test('a session that is over: why, and no limit', () => {
  const over = selectSession(
    play({ ...input, idleTimeoutMs: 1_000 }, { type: 'session.ended', at: mid, reason: 'user' }),
  )
  expect(over).toEqual({
    state: 'loggedOut',
    isAuthenticated: false,
    isUsable: false,
    shouldOfferLogin: false,
    isPending: false,
    user: null,
    provider: '',
    reason: 'user',
    epoch: 1,
    version: 1,
  })
})

test.each([
  ['loggedOut', false, -Infinity, false, true],
  ['active', true, instants.lead, true, true],
  ['nearingExpiry', true, instants.lead, false, true],
  ['refreshing', true, instants.lead, true, false],
  ['retrying', true, -Infinity, true, true],
  ['expired', false, -Infinity, false, true],
] as const)('what %s means to callers', (state, isServed, until, mayBring, isAtRest) => {
  const { snapshot } = settings.eager[state] as Situation
  const { early, end } = instants
  expect(isServedAt(snapshot, early)).toBe(isServed)
  expect(isServedAt(snapshot, end)).toBe(false)
  expect(servedUntil(snapshot)).toBe(until)
  expect(mayBringBearer(snapshot, early + 10_000)).toBe(mayBring)
  expect(mayRest(snapshot)).toBe(isAtRest)
})

test('a session that is still unknown may bring a bearer, and does not rest', () => {
  expect([mayBringBearer(begin({}), 0), mayRest(begin({}))]).toEqual([true, false])
})

test('what no record tells keeps a session awake: a missing route, while its bearer is good', () => {
  const { active, refreshing } = settings['one last chance']
  expect([mayRest(active.snapshot), mayRest(refreshing.snapshot)]).toEqual([false, false])
})

test('a backoff is told to the record, and a session that is found with one goes on there', () => {
  const { retrying, active } = settings.eager as Record<string, Situation>
  const backoff = backoffOf((retrying as Situation).snapshot)
  expect(backoff).toMatchObject({
    attempts: 1,
    misconfigured: false,
    retryAt: retrying?.snapshot.context.retryAt,
  })
  expect(backoffOf((active as Situation).snapshot)).toBeUndefined()
  const found = begin({ ...input, facts: { ...input.facts, ...(backoff && { backoff }) } })
  expect([found.value, backoffOf(found)]).toEqual(['retrying', backoff])
})
