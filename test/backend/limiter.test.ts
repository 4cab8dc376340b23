import { expect, test } from 'vitest'
import { cookieRefresh, openidRefresh, send, statusAndBody, testBackend } from './harness.ts'

test('one counter for login, exchange and refresh, and 400s count', async () => {
  const backend = await testBackend({ limiter: { enabled: true, max: 3, windowMs: 300_000 } })
  const calls = [
    () => send(`${backend.url}/api/admin/login/local`, { json: {} }),
    () => send(`${backend.url}/api/admin/oauth/exchange`, { json: {} }),
    () => openidRefresh(backend, {}),
  ] as const
  const resetAt = String(Math.ceil((backend.now() + 300_000) / 1000))
  for (const [index, call] of calls.entries()) {
    const response = await call()
    expect(response.headers.get('x-ratelimit-limit')).toBe('3')
    expect(response.headers.get('x-ratelimit-remaining')).toBe(String(2 - index))
    expect(response.headers.get('x-ratelimit-reset')).toBe(resetAt)
    expect(response.headers.has('retry-after')).toBe(false)
    expect(response.status).not.toBe(429)
  }

  backend.advance(60_000)
  const over = await openidRefresh(backend, { refresh_token: 'some-token' })
  expect(over.headers.get('retry-after')).toBe('240')
  expect(over.headers.get('x-ratelimit-remaining')).toBe('0')
  expect(await statusAndBody(over)).toEqual([
    429,
    { message: 'Too many login attempts, please try again after 5 minutes.' },
  ])
  expect(backend.log.presentations[0]).toMatchObject({ outcome: 'refused', spent: false, status: 429 })

  for (const call of calls) expect((await call()).status).toBe(429)
  backend.advance(240_000)
  expect((await calls[0]()).status).toBe(404)
})

test('the other routes are not limited, and the limiter can be switched', async () => {
  const backend = await testBackend({ limiter: { enabled: true, max: 0 } })
  const refresh = await cookieRefresh(backend)
  expect([refresh.status, refresh.headers.has('x-ratelimit-limit')]).toEqual([200, false])
  expect((await openidRefresh(backend, {})).status).toBe(429)
  backend.knobs.limiter.max = 2
  expect((await openidRefresh(backend, {})).status).toBe(400)
  expect((await openidRefresh(backend, {})).status).toBe(429)
  backend.operator.resetLimiter()
  expect((await openidRefresh(backend, {})).status).toBe(400)
  backend.knobs.limiter.enabled = false
  for (let call = 0; call < 5; call += 1) {
    const response = await openidRefresh(backend, {})
    expect([response.status, response.headers.has('x-ratelimit-limit')]).toEqual([400, false])
  }
})
