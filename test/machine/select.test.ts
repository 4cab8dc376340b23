import { expect, test } from 'vitest'
import { NEVER } from '../../machines/session.instants.ts'
import {
  backoffOf,
  isDisputedAt,
  isMisconfigured,
  isRenewalRecent,
  isServedAt,
  mayBringBearer,
  mayRest,
  selectSession,
  servedUntil,
} from '../../machines/session.select.ts'
import { ada, begin, factsOf, instants, LOGIN, play, renewalAt, type Snapshot } from './chart.ts'
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

/** The same session, of which the chart knows something else. */
const knowing = (snapshot: Snapshot, more: Partial<Snapshot['context']>): Snapshot => ({
  ...snapshot,
  context: { ...snapshot.context, ...more },
})

test('a session whose actor was stopped is logged out, and tells no user', () => {
  const { active } = settings.eager as Record<string, Situation>
  const nobody = {
    state: 'loggedOut',
    isAuthenticated: false,
    isUsable: false,
    shouldOfferLogin: false,
    isPending: false,
    user: null,
    provider: '',
    reason: 'never',
  }
  const living = (active as Situation).snapshot
  expect(selectSession({ ...living, status: 'stopped' })).toEqual({ ...nobody, epoch: 1, version: 2 })
  expect(selectSession({ ...begin({}), status: 'stopped' })).toEqual({ ...nobody, epoch: 0, version: 0 })
})

test('a session that was over before its actor was stopped keeps its end', () => {
  const { expired, loggedOut } = settings.eager as Record<string, Situation>
  for (const { snapshot } of [expired, loggedOut] as Situation[])
    expect(selectSession({ ...snapshot, status: 'stopped' })).toEqual(selectSession(snapshot))
})

test('a session whose chart has failed is expired, whatever it was, and tells who was logged in', () => {
  const failed = { state: 'expired', reason: 'internal', isAuthenticated: false, isUsable: false }
  const { active, retrying, expired, loggedOut } = settings.eager as Record<string, Situation>
  for (const { snapshot } of [active, retrying, expired] as Situation[])
    expect(selectSession({ ...snapshot, status: 'error' })).toEqual({
      ...failed,
      shouldOfferLogin: false,
      isPending: false,
      user: ada,
      provider: 'openid',
      epoch: 1,
      version: 2,
    })
  const { snapshot } = loggedOut as Situation
  expect(selectSession({ ...snapshot, status: 'error' })).toMatchObject({ ...failed, user: null })
})

test('a session is served until the first of its lead and its limits', () => {
  const { snapshot } = settings.eager.active as Situation
  const { lead, mid } = instants
  expect(servedUntil(knowing(snapshot, { idleEndsAt: mid }))).toBe(mid)
  expect(servedUntil(knowing(snapshot, { absoluteEndsAt: mid }))).toBe(mid)
  expect(servedUntil(knowing(snapshot, { absoluteEndsAt: lead + 1, idleEndsAt: lead + 1 }))).toBe(lead)
})

test('a bearer that is not good has no end that is told', () => {
  const { snapshot } = settings.eager.retrying as Situation
  for (const bearer of ['rejected', 'ended', 'none'] as const) {
    const told = selectSession(knowing(snapshot, { bearer }))
    expect(told).toMatchObject({ isUsable: false, isAuthenticated: true, shouldOfferLogin: true })
    expect(Object.keys(told)).not.toContain('expiresAt')
  }
})

test('a new login is offered only while a refresh waits', () => {
  const { snapshot } = settings.eager.active as Situation
  expect(selectSession(knowing(snapshot, { bearer: 'rejected' })).shouldOfferLogin).toBe(false)
})

test('a bearer that a 401 took is sent again only where nothing can renew it now, and until its end', () => {
  const { retrying, active } = settings.eager as Record<string, Situation>
  const { early, end } = instants
  const disputed = knowing((retrying as Situation).snapshot, { bearer: 'rejected' })
  expect([isDisputedAt(disputed, early), isDisputedAt(disputed, end)]).toEqual([true, false])
  expect(isDisputedAt((retrying as Situation).snapshot, early)).toBe(false)
  expect(isDisputedAt(knowing((active as Situation).snapshot, { bearer: 'rejected' }), early)).toBe(false)
})

test('a 401 right after a renewal does not count until the floor', () => {
  const { snapshot } = settings.eager.active as Situation
  expect(isRenewalRecent(snapshot, LOGIN + 4_999)).toBe(true)
  expect(isRenewalRecent(snapshot, LOGIN + 5_000)).toBe(false)
})

test('a backend that does not accept the client is told as a mistake of the configuration', () => {
  const refused = {
    type: 'refresh.refused',
    at: due,
    roll: 1,
    ...flight,
    misconfigured: true,
  } as const
  const session = play(input, { type: 'time.checked', at: due }, refused)
  expect([isMisconfigured(session), isMisconfigured(begin(input))]).toEqual([true, false])
})

test('a caller who waits hears of the next attempt also where no timer makes it', () => {
  const { snapshot: sharing } = settings.onDemand.retrying as Situation
  const snapshot = knowing(sharing, { rereadAt: NEVER })
  const soon = selectSession(snapshot).retryAt as number
  expect(mayBringBearer(snapshot, soon + 1, true)).toBe(true)
  expect(mayBringBearer(snapshot, soon, true)).toBe(false)
  expect(mayBringBearer(snapshot, soon + 1)).toBe(false)
  expect(mayBringBearer(snapshot, soon + 1, false)).toBe(false)
})

test('a session with a good bearer may bring another one before its lead ends, and not after an end', () => {
  const { active, expired } = settings.eager as Record<string, Situation>
  expect(mayBringBearer((active as Situation).snapshot, due)).toBe(false)
  expect(mayBringBearer((active as Situation).snapshot, due + 1)).toBe(true)
  expect(mayBringBearer((expired as Situation).snapshot, NEVER)).toBe(false)
})

test.each([
  ['nothing of the kind', {}, true],
  ['renewals that bring no bearer', { useless: 1 }, false],
  ['a bearer that a 401 took, which a record tells', { bearer: 'rejected' }, true],
  ['no bearer', { bearer: 'none' }, false],
  ['a bearer that has ended', { bearer: 'ended' }, true],
  ['a missing route, and a bearer that has ended', { bearer: 'ended', lastChance: true }, true],
] as const)('what no record tells keeps a session awake that retries: %s', (_, more, isAtRest) => {
  const { snapshot } = settings.eager.retrying as Situation
  expect(mayRest(knowing(snapshot, more))).toBe(isAtRest)
})

test('in another state than retrying nothing of that keeps a session awake', () => {
  const { snapshot } = settings.eager.active as Situation
  expect(mayRest(knowing(snapshot, { useless: 1 }))).toBe(true)
  expect(mayRest(knowing(snapshot, { bearer: 'rejected' }))).toBe(true)
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
  expect(backoffOf(knowing((active as Situation).snapshot, { attempts: 1 }))).toBeUndefined()
  expect(backoffOf(knowing((retrying as Situation).snapshot, { attempts: 0 }))).toBeUndefined()
  const found = begin({ ...input, facts: { ...input.facts, ...(backoff && { backoff }) } })
  expect([found.value, backoffOf(found)]).toEqual(['retrying', backoff])
})

test('U62: so is a bearer that a 401 took, and its 401 is counted once', () => {
  const { snapshot } = settings.eager.retrying as Situation
  const refused = knowing(snapshot, { bearer: 'rejected', attempts: 0, version: 2, bearerVersion: 2 })
  const backoff = backoffOf(refused)
  expect(backoff).toMatchObject({ attempts: 0, rejected: true })
  const facts = { ...input.facts, version: 2, rejections: 1, ...(backoff && { backoff }) }
  const found = begin({ ...input, facts })
  expect([found.value, backoffOf(found)]).toEqual(['retrying', backoff])
  expect(found.context).toMatchObject({ bearer: 'rejected', disputed: true, rejections: 2 })
  expect(backoffOf(begin({ ...input, facts: { ...facts, backoff: undefined as never } }))).toBeUndefined()
})
