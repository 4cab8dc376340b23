import { expect, onTestFinished, test, vi } from 'vitest'
import { accounts } from '../../examples/backend/accounts.ts'
import { tokenHash } from '../../examples/backend/presentations.ts'
import {
  cookieRefresh,
  localCookie,
  openidRefresh,
  password,
  present,
  send,
  setCookieValue,
  testBackend,
} from './harness.ts'

// Taken before the first backend starts.
const globals = [globalThis.Request, globalThis.Response, globalThis.fetch]

test('a backend in the same process leaves the globals alone', async () => {
  await testBackend()
  const now = [globalThis.Request, globalThis.Response, globalThis.fetch]
  expect(now.map((value, index) => value === globals[index])).toEqual([true, true, true])
})

test('every presentation is logged, of both kinds, by hash', async () => {
  const backend = await testBackend()
  const local = await backend.loginLocal(accounts.localAdmin.email, password)
  const openid = await backend.loginOpenid('openidAcme')
  backend.advance(1000)
  const headers = { 'X-Refresh-Attempt-Id': 'attempt-1' }
  const rotated = await send(`${backend.url}/api/auth/refresh`, {
    method: 'POST',
    headers: { ...headers, Cookie: local.cookie },
  })
  await openidRefresh(
    backend,
    { refresh_token: openid.refreshToken, user_id: openid.user.id },
    { 'X-Refresh-Attempt-Id': 'attempt-2', 'X-Tenant-Id': 'acme' },
  )
  expect(backend.log.presentations).toEqual([
    {
      sequence: 1,
      at: backend.now(),
      route: 'cookieRefresh',
      tokenKind: 'local',
      tokenHash: tokenHash(local.refreshToken),
      successorHash: tokenHash(present(setCookieValue(rotated, 'refreshToken'))),
      outcome: 'ok-rotated',
      spent: true,
      answered: true,
      status: 200,
      errorCode: undefined,
      userId: accounts.localAdmin.id,
      tenant: undefined,
      attemptId: 'attempt-1',
    },
    expect.objectContaining({
      sequence: 2,
      route: 'openidRefresh',
      tokenKind: 'openid',
      tokenHash: tokenHash(present(openid.refreshToken)),
      outcome: 'ok-rotated',
      userId: accounts.openidAcme.id,
      tenant: 'acme',
      attemptId: 'attempt-2',
    }),
  ])
})

test('presentations per token, and replays', async () => {
  const backend = await testBackend()
  const { cookie, refreshToken } = await backend.loginLocal(accounts.localAdmin.email, password)
  backend.faults.inject('cookieRefresh', { kind: 'respond', status: 503 })
  await cookieRefresh(backend, cookie)
  backend.advance(1000)
  const next = present(setCookieValue(await cookieRefresh(backend, cookie), 'refreshToken'))
  await cookieRefresh(backend, localCookie(next))
  expect([...backend.log.presentationsPerToken()].map(([hash, uses]) => [hash, uses.length])).toEqual([
    [tokenHash(refreshToken), 2],
    [tokenHash(next), 1],
  ])
  expect(backend.log.replays()).toEqual([])
  await cookieRefresh(backend, cookie)
  await cookieRefresh(backend, cookie)
  expect(backend.log.replays().map(({ sequence }) => sequence)).toEqual([4, 5])
  backend.log.reset()
  expect([backend.log.presentations, backend.log.requests, backend.log.replays()]).toEqual([[], [], []])
})

test('requests are recorded with what tests ask for', async () => {
  const backend = await testBackend()
  const { token, cookie } = await backend.loginLocal(accounts.localAdmin.email, password)
  backend.log.reset()
  await send(`${backend.url}/api/admin/users?page=1`, {
    headers: {
      Authorization: `Bearer ${token}`,
      Cookie: cookie,
      Origin: 'http://localhost:3000',
      'X-Tenant-Id': 'acme',
    },
  })
  expect(backend.log.requests).toEqual([
    {
      sequence: expect.any(Number),
      at: backend.now(),
      method: 'GET',
      path: '/api/admin/users',
      tenant: 'acme',
      authorized: true,
      bearerHash: tokenHash(token),
      origin: 'http://localhost:3000',
      attemptId: undefined,
      cookies: ['refreshToken', 'token_provider'],
      status: 200,
    },
  ])
})

test('no secret is in the log, on the console, or in an error', async () => {
  const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((method) =>
    vi.spyOn(console, method).mockReturnValue(),
  )
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore()
  })
  const backend = await testBackend()
  const local = await backend.loginLocal(accounts.localAdmin.email, password)
  const openid = await backend.loginOpenid('openidAdmin')
  await cookieRefresh(backend, local.cookie)
  const refreshed = await (await openidRefresh(backend, { refresh_token: openid.refreshToken })).json()
  backend.faults.inject('exchange', { kind: 'respond', at: 'after', status: 500 })
  const failure = await backend.loginOpenid('openidAdmin').catch(String)
  const wrong = await backend.loginLocal(accounts.localUser.email, password).catch(String)
  expect([failure, wrong]).toEqual([
    expect.stringContaining('answered 500'),
    expect.stringContaining('answered 403'),
  ])
  const log = JSON.stringify([backend.log, failure, wrong, spies.map((spy) => spy.mock.calls)])
  for (const secret of [
    local.token,
    local.refreshToken,
    openid.token,
    openid.refreshToken,
    refreshed.refreshToken,
    password,
  ]) {
    expect(log).not.toContain(secret)
  }
})
