import { expect, test } from 'vitest'
import { accounts } from '../../examples/backend/accounts.ts'
import type { Fault } from '../../examples/backend/faults.ts'
import {
  bearer,
  cookieRefresh,
  openidRefresh,
  password,
  send,
  setCookieValue,
  type TestBackend,
  testBackend,
} from './harness.ts'

async function loggedIn(backend: TestBackend) {
  const { refreshToken = '', user } = await backend.loginOpenid('openidAdmin')
  return { refresh_token: refreshToken, user_id: user.id }
}

const causeCode = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof Error && 'code' in error.cause ? error.cause.code : error

test('a fixed answer comes in place of the real one, as often as asked, and only on its route', async () => {
  const backend = await testBackend()
  const request = await loggedIn(backend)
  const html: Fault = {
    kind: 'respond',
    status: 503,
    headers: { 'Content-Type': 'text/html', 'Retry-After': '7' },
    body: '<h1>down</h1>',
  }
  const fault = backend.faults.inject('openidRefresh', html, { times: 2 })
  for (let call = 0; call < 2; call += 1) {
    const response = await openidRefresh(backend, request)
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([
      503,
      '7',
      '<h1>down</h1>',
    ])
  }
  expect((await send(`${backend.url}/api/admin/oauth/openid/check`)).status).toBe(200)
  expect((await openidRefresh(backend, request)).status).toBe(200)
  expect(fault.hits).toBe(2)
  expect(backend.log.presentations.map(({ outcome, spent, status }) => [outcome, spent, status])).toEqual([
    ['refused', false, 503],
    ['refused', false, 503],
    ['ok-rotated', true, 200],
  ])
})

test('a fixed answer after processing hides a spent token', async () => {
  const backend = await testBackend()
  const request = await loggedIn(backend)
  backend.faults.inject('openidRefresh', { kind: 'respond', at: 'after', status: 500 })
  const response = await openidRefresh(backend, request)
  expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
    500,
    null,
    '',
  ])
  expect(backend.log.presentations[0]).toMatchObject({
    outcome: 'unknown-to-client',
    spent: true,
    answered: true,
  })
  expect((await openidRefresh(backend, request)).status).toBe(401)
})

test('until cleared, on any route, for chosen requests', async () => {
  const backend = await testBackend()
  const check = async (headers?: Record<string, string>) =>
    (await send(`${backend.url}/api/admin/oauth/openid/check`, headers && { headers })).status
  backend.faults.inject(
    'any',
    { kind: 'respond', status: 302, headers: { Location: '/login' } },
    { times: Infinity },
  )
  expect([await check(), await check(), (await cookieRefresh(backend)).status]).toEqual([302, 302, 302])
  backend.faults.clear('openidCheck')
  expect(await check()).toBe(302)
  backend.faults.clear()
  const chosen = backend.faults.inject(
    'any',
    { kind: 'respond', status: 418 },
    { when: (request) => request.headers.has('x-tea') },
  )
  expect([await check(), await check({ 'X-Tea': '1' }), await check({ 'X-Tea': '1' })]).toEqual([
    200, 418, 200,
  ])
  expect(chosen.hits).toBe(1)
})

test.each(['before', 'after'] as const)('a reset %s processing', async (at) => {
  const backend = await testBackend()
  const request = await loggedIn(backend)
  backend.faults.inject('openidRefresh', { kind: 'reset', at })
  const code = await openidRefresh(backend, request).then(() => 'answered', causeCode)
  expect(code).toBe('ECONNRESET')
  const consumed = at === 'after'
  expect(backend.log.presentations[0]).toMatchObject({
    outcome: consumed ? 'unknown-to-client' : 'refused',
    spent: consumed,
    answered: false,
    status: undefined,
  })
  expect((await openidRefresh(backend, request)).status).toBe(consumed ? 401 : 200)
})

test.each(['before', 'after'] as const)('a hang %s processing lasts until it is cleared', async (at) => {
  const backend = await testBackend()
  const request = await loggedIn(backend)
  const fault = backend.faults.inject('openidRefresh', { kind: 'hang', at })
  let answered = false
  const response = openidRefresh(backend, request).finally(() => {
    answered = true
  })
  await expect
    .poll(() => [fault.hits, backend.log.presentations[0]?.spent], { interval: 5 })
    .toEqual([1, at === 'after'])
  expect(answered).toBe(false)
  fault.clear()
  expect((await response).status).toBe(200)
  expect(backend.log.presentations[0]).toMatchObject({ outcome: 'ok-rotated', spent: true })
})

test('a backend with hanging requests closes', async () => {
  const backend = await testBackend()
  const fault = backend.faults.inject('any', { kind: 'hang', at: 'before' })
  const hanging = cookieRefresh(backend).catch((error: unknown) => error)
  await expect.poll(() => fault.hits, { interval: 5 }).toBe(1)
  await backend.close()
  await hanging
})

test('a delay takes real time', async () => {
  const backend = await testBackend()
  backend.faults.inject('openidCheck', { kind: 'delay', ms: 60 })
  const startedAt = performance.now()
  expect((await send(`${backend.url}/api/admin/oauth/openid/check`)).status).toBe(200)
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(55)
})

test('a truncated body', async () => {
  const backend = await testBackend()
  const request = await loggedIn(backend)
  backend.faults.inject('openidRefresh', { kind: 'truncate' })
  const response = await openidRefresh(backend, request)
  expect(response.status).toBe(200)
  await expect(response.text()).rejects.toThrow('terminated')
  expect(backend.log.presentations[0]).toMatchObject({
    outcome: 'unknown-to-client',
    spent: true,
    answered: false,
  })
})

test('a body in small pieces is still whole', async () => {
  const backend = await testBackend()
  const login = await backend.loginLocal(accounts.localAdmin.email, password)
  backend.faults.inject('cookieRefresh', { kind: 'drip', bytes: 200, everyMs: 1 })
  const response = await cookieRefresh(backend, login.cookie)
  expect(setCookieValue(response, 'refreshToken')).toBeTruthy()
  expect(await response.json()).toHaveProperty('token')
  expect(backend.log.presentations[0]).toMatchObject({ outcome: 'ok-same', status: 200 })
})

test('dropped cookies, a missing token, doubled cookies', async () => {
  const backend = await testBackend()
  const login = await backend.loginLocal(accounts.localAdmin.email, password)
  backend.faults.inject('cookieRefresh', { kind: 'dropSetCookie' })
  const bare = await cookieRefresh(backend, login.cookie)
  expect([bare.status, bare.headers.getSetCookie()]).toEqual([200, []])
  expect(backend.log.presentations[0]).toMatchObject({ outcome: 'unknown-to-client' })

  backend.faults.inject('cookieRefresh', {
    kind: 'edit',
    async edit(answer) {
      const { token: _, ...rest } = await answer.json()
      const headers = new Headers(answer.headers)
      headers.delete('content-length')
      headers.append('set-cookie', 'refreshToken=other')
      return new Response(JSON.stringify(rest), { status: answer.status, headers })
    },
  })
  const edited = await cookieRefresh(backend, login.cookie)
  expect(edited.headers.getSetCookie().map((line) => line.split('=')[0])).toEqual([
    'refreshToken',
    'token_provider',
    'refreshToken',
  ])
  expect(Object.keys(await edited.json())).toEqual(['user'])
})

test('faults that are active together all apply', async () => {
  const backend = await testBackend()
  const login = await backend.loginLocal(accounts.localAdmin.email, password)
  const delay = backend.faults.inject('data', { kind: 'delay', ms: 1 })
  const respond = backend.faults.inject('data', { kind: 'respond', status: 401 })
  const response = await send(`${backend.url}/api/admin/users`, { headers: bearer(login.token) })
  expect([response.status, delay.hits, respond.hits]).toEqual([401, 1, 1])
})

test('bytes and streams may be sent without a content type, and an own Date stays', async () => {
  const backend = await testBackend()
  const date = 'Thu, 01 Jan 1970 00:00:00 GMT'
  backend.faults.inject('openidCheck', {
    kind: 'respond',
    status: 200,
    headers: { Date: date },
    body: () => new Blob(['x'.repeat(100)]).stream(),
  })
  const response = await send(`${backend.url}/api/admin/oauth/openid/check`)
  expect([
    response.headers.get('content-type'),
    response.headers.get('date'),
    (await response.text()).length,
  ]).toEqual([null, date, 100])
})
