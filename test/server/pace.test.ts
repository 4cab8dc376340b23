import { expect, test } from 'vitest'
import { createPace } from '../../src/server/pace.ts'
import { fakeClock } from '../fakeClock.ts'
import { world } from './world.ts'

const MINUTE = 60_000
const USERS = '/api/admin/users'
const LIMIT = { max: 7, windowMs: 5 * MINUTE, reservedForLogins: 2 }

test('refreshes leave to logins what is theirs, and wait for as long as the window says', () => {
  const clock = fakeClock()
  const pace = createPace(LIMIT, clock)
  expect(Array.from({ length: 5 }, pace.refresh)).toEqual([0, 0, 0, 0, 0])
  clock.advance(MINUTE)
  expect(pace.refresh()).toBe(4 * MINUTE)
  clock.advance(4 * MINUTE)
  expect(pace.refresh()).toBe(0)
})

test('logins always pass and count; a flood of them is forgotten with its window', () => {
  const clock = fakeClock()
  const pace = createPace(LIMIT, clock)
  for (let n = 0; n < 7; n++) pace.login()
  clock.advance(4 * MINUTE)
  for (let n = 0; n < 1_000; n++) pace.login()
  expect(pace.refresh()).toBe(MINUTE)
  clock.advance(MINUTE)
  expect(pace.refresh()).toBe(0)
})

test.each([
  ['holds refreshes: the backend counts both for this server', undefined, 503, 0],
  ['is none of theirs where the backend counts it for its visitor', () => '198.51.100.7', 200, 1],
] as const)('what strangers try at the login %s', async (_, forwardClientIp, status, sent) => {
  const { serve, pass, sends } = await world()
  const { page, open } = serve({ patienceMs: sent ? 8_000 : 50, ...(forwardClientIp && { forwardClientIp }) })
  await page.navigate('/session/openid/start')
  pass(20 * MINUTE)
  const stranger = open()
  for (let n = 0; n < 5; n++) await stranger.post('/session/login', { email: 'x@example.com', password: 'x' })
  expect((await page.get(USERS)).status).toBe(status)
  expect(sends()).toBe(sent)
})
