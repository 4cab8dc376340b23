import { expect, test } from 'vitest'
import { serverCookie } from '../../src/server/serverCookie.ts'

test.each([
  [
    '__Host-session=v1.a=b; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=60',
    {
      name: '__Host-session',
      value: 'v1.a=b',
      options: { path: '/', httpOnly: true, sameSite: 'lax', secure: true, maxAge: 60 },
    },
  ],
  [
    'session=; Path=/panel; Domain=example.com; HttpOnly; SameSite=Lax; Max-Age=0',
    {
      name: 'session',
      value: '',
      options: {
        path: '/panel',
        httpOnly: true,
        sameSite: 'lax',
        secure: false,
        maxAge: 0,
        domain: 'example.com',
      },
    },
  ],
  [
    'session=x; Max-Age=1',
    {
      name: 'session',
      value: 'x',
      options: { path: '/', httpOnly: true, sameSite: 'lax', secure: false, maxAge: 1 },
    },
  ],
])('a line that sets a cookie, in parts: %s', (header, cookie) => {
  expect(serverCookie(header)).toEqual({ ...cookie, header })
})
