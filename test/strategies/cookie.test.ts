import { expect, test } from 'vitest'
import { cookieStrategy } from '../../src/strategies/cookie.ts'
import { attempt, fakeFetch, json } from './attempt.ts'

test('the server form sends the token as a cookie and reads the rotated one', async () => {
  const { fetch, sent } = fakeFetch(() =>
    json(
      { token: 'T2', user: { _id: 'u1', name: 'Ann' } },
      { headers: { 'set-cookie': 'refreshToken=R2; Path=/; HttpOnly' } },
    ),
  )
  expect(await cookieStrategy().refresh(attempt({ fetch }))).toEqual({
    kind: 'ok',
    bearer: 'T2',
    refreshToken: 'R2',
    user: { id: 'u1', name: 'Ann' },
    life: {},
  })
  expect(sent[0]?.url).toBe('https://chat.example/api/auth/refresh')
  expect(Object.fromEntries(sent[0]?.headers ?? [])).toEqual({
    accept: 'application/json',
    cookie: 'refreshToken=canary-refresh-token-R1',
    'x-refresh-attempt-id': 'attempt-1',
  })
})
