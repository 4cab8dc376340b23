import { expect, test } from 'vitest'
import { librechatServer } from './librechatServer.ts'
import { PANEL, SECRET } from './world.ts'

const right = { baseUrl: 'http://127.0.0.1:1', publicUrl: PANEL, secrets: [SECRET] }
/** What `process.env.NAME` is where nobody has set it. */
const unset = undefined as unknown as string

test.each([
  ['publicUrl', { publicUrl: unset }],
  ['baseUrl', { baseUrl: unset }],
  ['secrets[0]', { secrets: [unset] }],
])('an environment variable that is not set is told as that: %s', (name, wrong) => {
  const make = () => librechatServer({ ...right, ...wrong })
  expect(make).toThrow(name)
  expect(make).toThrow('is undefined')
  expect(make).toThrow('set the environment variable that it comes from')
})
