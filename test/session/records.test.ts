import { describe, expect, test } from 'vitest'
import { asStored, fromRecord, toRecord, toTombstone } from '../../src/session/records.ts'
import { ada } from './fixture.ts'

const NOW = Date.UTC(2026, 0, 1)
const owner = { provider: 'openid', user: ada, tenantId: 'blue', sessionId: 's1', startedAt: NOW - 5_000 }
const record = toRecord({ epoch: 3, version: 7 }, owner, { bearer: 'B7', refreshToken: 'R7' }, 60_000, NOW)
const {
  bearer: _,
  refreshToken: __,
  tenantId: ___,
  sessionId: ____,
  endsAt: _____,
  lifeMs: ______,
  ...least
} = record

describe('what a store answers', () => {
  test.each([
    ['a session', record],
    ['one with nothing that may be absent', least],
  ])('%s is one', (_, stored) => {
    expect(asStored(JSON.parse(JSON.stringify(stored)))).toStrictEqual(stored)
  })

  test('an end is one, with its reason', () => {
    const end = toTombstone({ epoch: 3, version: 7 }, 'user')
    expect(end).toEqual({ v: 1, epoch: 3, version: 8, ended: true, reason: 'user' })
    expect(asStored(end)).toEqual(end)
    expect(toTombstone({ epoch: 3, version: 7 })).toStrictEqual({ v: 1, epoch: 3, version: 8, ended: true })
  })

  test('its user as it was kept, for the session to read, and no `ended` that is none', () => {
    const odd = { ...record, ended: false, user: { ...ada, roles: ['x'], name: 7 } }
    expect(asStored(odd)).toStrictEqual({ ...record, user: odd.user })
  })

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'record'],
    ['another format', { v: 2 }],
    ['no epoch', { epoch: undefined }],
    ['an epoch that is a text', { epoch: '3' }],
    ['a version that is none', { version: 1.5 }],
    ['a version that is NaN', { version: NaN }],
    ['no provider', { provider: undefined }],
    ['no user', { user: undefined }],
    ['a user without an id', { user: { name: 'Ada' } }],
    ['a tenant that is a number', { tenantId: 7 }],
    ['a session id that is a number', { sessionId: 7 }],
    ['a refresh token that is an object', { refreshToken: {} }],
    ['an end that is a text', { endsAt: 'soon' }],
    ['a life that is NaN', { lifeMs: NaN }],
    ['no beginning', { startedAt: undefined }],
    ['a bearer that no header can carry', { bearer: 'a\nb' }],
  ])('%s is none', (_, broken) => {
    const isPart = typeof broken === 'object' && broken !== null
    expect(asStored(isPart ? { ...record, ...broken } : broken)).toBeNull()
  })
})

test('of an unknown life nothing is stored', () => {
  const stored = toRecord({ epoch: 1, version: 1 }, owner, { bearer: 'B' }, Infinity, NOW)
  expect(Object.keys(stored)).not.toContain('endsAt')
  expect(Object.keys(stored)).not.toContain('lifeMs')
})

describe('how long its bearer lived when it came, and how long ago that was', () => {
  test.each<[string, { readonly endsAt?: number; readonly lifeMs?: number }, number, number]>([
    ['at once', { endsAt: NOW + 60_000, lifeMs: 60_000 }, 60_000, 0],
    ['later', { endsAt: NOW + 20_000, lifeMs: 60_000 }, 60_000, 40_000],
    ['by a clock that was set back', { endsAt: NOW + 90_000, lifeMs: 60_000 }, 60_000, 0],
    ['of which only the end is known', { endsAt: NOW + 20_000 }, 20_000, 0],
    ['of which nothing is known', {}, Infinity, 0],
  ])('%s', (_, life, lifeMs, ageMs) => {
    const found = fromRecord({ ...least, bearer: 'B7', ...life }, NOW)
    expect([found.lifeMs, found.ageMs]).toEqual([lifeMs, ageMs])
    expect(found).toMatchObject({ at: { epoch: 3, version: 7 }, tokens: { bearer: 'B7' } })
  })
})
