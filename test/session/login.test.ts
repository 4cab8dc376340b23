import { describe, expect, test } from 'vitest'
import { readUser } from '../../src/base/readUser.ts'
import { readLogin } from '../../src/session/login.ts'

const answer = { token: 'B1', user: { id: 'ada' } }
const read = (given: unknown, options: object = {}) =>
  readLogin(given as never, { provider: 'openid', ...options } as never, { openid: {} }, 5)

describe('a login answer', () => {
  test('is read', () => {
    const all = { ...answer, refreshToken: 'R1', expiresAt: 9, expiresIn: 60 }
    expect(read(all, { tenantId: ' blue ', sessionId: 's1' })).toEqual({
      owner: { provider: 'openid', user: { id: 'ada' }, startedAt: 5, tenantId: 'blue', sessionId: 's1' },
      tokens: { bearer: 'B1', refreshToken: 'R1' },
      bearer: 'B1',
      life: { expiresAt: 9, expiresIn: 60 },
    })
  })

  test.each<[string, unknown, string]>([
    ['a Response', new Response('{}'), 'response.json()'],
    ['nothing', undefined, 'token'],
    ['no token', { user: answer.user }, 'it has: user'],
    ['a token that no header can carry', { ...answer, token: 'a b' }, 'token'],
    ['an empty one', { ...answer, token: '' }, 'token'],
    ['no user', { token: 'B1' }, '"user"'],
    ['a user with an empty id', { ...answer, user: { id: '' } }, '"id"'],
    ['a refresh token that is an object', { ...answer, refreshToken: {} }, 'refreshToken'],
  ])('%s is refused, and the error says what is wrong', (_, given, hint) => {
    expect(() => read(given)).toThrow(expect.objectContaining({ code: 'invalid_answer' }))
    expect(() => read(given)).toThrow(hint)
  })
})

describe('a tenant', () => {
  test.each([[undefined], [null], [''], ['  ']])('%j is none', (tenantId) => {
    expect(read(answer, { tenantId }).owner).not.toHaveProperty('tenantId')
  })

  test.each([[7], [true], ['a b'], ['x'.repeat(129)], ['__SYSTEM__'], ['a\n']])(
    '%j is refused',
    (tenantId) => {
      const refused = () => read(answer, { tenantId })
      if (tenantId === 'a\n') expect(refused().owner.tenantId).toBe('a')
      else expect(refused).toThrow(expect.objectContaining({ code: 'misconfigured' }))
    },
  )
})

test('a user has the known texts, in an object of its own', () => {
  const raw = { _id: 'ada', email: 'a@x', name: 7, role: 'ADMIN', password: 'p' }
  expect(readUser(raw)).toStrictEqual({ id: 'ada', email: 'a@x', role: 'ADMIN' })
  expect([undefined, 'ada', { id: 7 }].map(readUser)).toEqual([undefined, undefined, undefined])
  expect(readUser({ id: 0, _id: 'ada' })).toBeUndefined()
  expect(readUser({ name: '', email: 'a@x', id: '', _id: 'ada' })).toStrictEqual({ id: 'ada', email: 'a@x' })
  // A profile is compared by its text.
  expect(Object.keys(readUser({ email: 'a@x', id: 'ada' }) ?? {})).toEqual(['id', 'email'])
})
