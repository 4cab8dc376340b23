import { expect, test } from 'vitest'
import { NEVER } from '../../machines/session.instants.ts'
import type { Backoff } from '../../machines/session.types.ts'
import { agesOf, sendsOf } from '../../src/session/sendAges.ts'
import { backoffAt, readBackoff } from '../../src/session/storedBackoff.ts'

const backoff: Backoff = { attempts: 2, misconfigured: false, triedAt: 100, retryAt: 160, heldUntil: 130 }

test.each([
  ['moves by the difference of the clocks', 150, 1_150, { triedAt: 1_100, retryAt: 1_160, heldUntil: 1_130 }],
  [
    'is of the past, also by a clock that was set back',
    50,
    1_050,
    { triedAt: 1_050, retryAt: 1_110, heldUntil: 1_080 },
  ],
])('a backoff %s', (_, from, to, instants) => {
  expect(backoffAt(backoff, from, to)).toEqual({ ...backoff, ...instants })
  expect(backoffAt({ ...backoff, rejected: true }, from, to)).toMatchObject({ rejected: true })
})

test.each([
  [{}, backoff],
  [{ attempts: 0 }, { ...backoff, attempts: 0 }],
  [{ misconfigured: true }, { ...backoff, misconfigured: true }],
  [{ misconfigured: 'yes' }, backoff],
  [{ attempts: -1 }, undefined],
  [{ attempts: 0.5 }, undefined],
  [{ attempts: '2' }, undefined],
  [{ triedAt: undefined }, undefined],
  [{ retryAt: Infinity }, undefined],
  [{ heldUntil: '130' }, undefined],
])('a stored backoff with %j is read as %j', (change, read) => {
  expect(readBackoff({ ...backoff, ...change })).toEqual(read)
})

test('a stored backoff may be missing', () => {
  expect([readBackoff(undefined), readBackoff(null), readBackoff('x')]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})

test.each([
  [
    { sends: 1, since: 100, answers: 0, answeredSince: NEVER },
    { sends: 1, sinceMs: 50, answers: 0 },
  ],
  [
    { sends: 2, since: 100, answers: 1, answeredSince: 140 },
    { sends: 2, sinceMs: 50, answers: 1, answeredSinceMs: 10 },
  ],
])('sends %j have these ages: %j', (sends, ages) => {
  expect(agesOf(sends, 150)).toStrictEqual(ages)
  expect(sendsOf(ages, 150)).toEqual(sends)
})

test('no send is of the future', () => {
  const future = { sends: 1, since: 200, answers: 1, answeredSince: 190 }
  expect(agesOf(future, 150)).toMatchObject({ sinceMs: 0, answeredSinceMs: 0 })
})
