import { expect, test } from 'vitest'
import { isOwnPath } from 'xstate-session/browser'

const ORIGIN = 'https://admin.example'

test.each(['/', '/users', '/settings?tab=2#theme', '/a/../b', '/users?next=//elsewhere.example'])(
  'I21: %s is a way back',
  (place) => {
    expect(isOwnPath(place, ORIGIN)).toBe(true)
  },
)

test.each([
  undefined,
  7,
  '',
  'users',
  'https://admin.example/users',
  'https://elsewhere.example/',
  '//elsewhere.example/',
  '///elsewhere.example/',
  '/\\elsewhere.example/',
  '/\t/elsewhere.example/',
  '/.//elsewhere.example/',
  '/./\\elsewhere.example/',
  '/a/..//elsewhere.example/',
  'javascript:alert(1)',
])('I21: %j is no way back', (place) => {
  expect(isOwnPath(place, ORIGIN)).toBe(false)
})
