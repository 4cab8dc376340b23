import { expect, test } from 'vitest'
import { Misconfigured } from 'xstate-session'
import { oauthProvider } from 'xstate-session/oauth'
import { userOf } from '../../src/oauth/idToken.ts'

const claims = { iss: 'https://id.example', sub: 'ada', aud: 'panel', exp: 2, iat: 1 }

test.each([
  [true, { email_verified: true }],
  ['true', { email_verified: true }],
  [false, { email_verified: false }],
  ['false', { email_verified: false }],
  [1, {}],
  ['yes', {}],
  [null, {}],
  [undefined, {}],
])('L29: an e-mail address whose check is told as %j', (email_verified, said) => {
  const user = userOf({ ...claims, email: 'ada@example.com', email_verified } as never)
  expect(user).toStrictEqual({ id: 'ada', email: 'ada@example.com', ...said })
})

test('L29: who has the address of another user is another user, and who has none is one', () => {
  expect(userOf({ ...claims, email: 'ada@example.com' }).id).toBe('ada')
  expect(userOf({ ...claims, sub: 'other', email: 'ada@example.com' }).id).toBe('other')
  expect(userOf(claims)).toEqual({ id: 'ada' })
})

test('L36: a page that would log in at Google is told before a user has come back from there', () => {
  const google = {
    server: 'https://accounts.google.com',
    clientId: 'x.apps',
    redirectUri: 'https://a.example/callback',
  }
  expect(() => oauthProvider(google)).toThrow(Misconfigured)
  expect(() => oauthProvider(google)).toThrow(/Log in on a server/)
})
