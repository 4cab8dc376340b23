import { expect, test } from 'vitest'
import { accounts } from '../../examples/backend/accounts.ts'
import { bearer, cookieRefresh, password, send, statusAndBody, testBackend } from './harness.ts'

const { localAdmin } = accounts

test('logout with the cookie ends its own session and clears five cookies', async () => {
  const backend = await testBackend()
  const other = await backend.loginLocal(localAdmin.email, password)
  backend.advance(1000)
  const mine = await backend.loginLocal(localAdmin.email, password)
  const response = await send(`${backend.url}/api/auth/logout`, {
    method: 'POST',
    headers: { ...bearer(mine.token), Cookie: mine.cookie },
  })
  expect(response.headers.getSetCookie().map((line) => line.split(';')[0])).toEqual([
    'refreshToken=',
    'openid_access_token=',
    'openid_id_token=',
    'openid_user_id=',
    'token_provider=',
  ])
  expect(response.headers.getSetCookie().every((line) => line.includes('Expires=Thu, 01 Jan 1970'))).toBe(
    true,
  )
  expect(await statusAndBody(response)).toEqual([200, { message: 'Logout successful' }])
  expect((await cookieRefresh(backend, mine.cookie)).status).toBe(401)
  expect((await cookieRefresh(backend, other.cookie)).status).toBe(200)
})

test('logout without the cookie ends some session, here the wrong one', async () => {
  const backend = await testBackend()
  const other = await backend.loginLocal(localAdmin.email, password)
  const mine = await backend.loginLocal(localAdmin.email, password)
  expect(
    (await send(`${backend.url}/api/auth/logout`, { method: 'POST', headers: bearer(mine.token) })).status,
  ).toBe(200)
  expect((await cookieRefresh(backend, other.cookie)).status).toBe(401)
  expect((await cookieRefresh(backend, mine.cookie)).status).toBe(200)
})

test('logout without the cookie passes over sessions that have ended', async () => {
  const backend = await testBackend({ refreshMs: 5000 })
  await backend.loginLocal(localAdmin.email, password)
  backend.advance(5000)
  const mine = await backend.loginLocal(localAdmin.email, password)
  await send(`${backend.url}/api/auth/logout`, { method: 'POST', headers: bearer(mine.token) })
  expect((await cookieRefresh(backend, mine.cookie)).status).toBe(401)
})

test('an expired bearer revokes nothing', async () => {
  const backend = await testBackend({ sessionMs: 1000 })
  const login = await backend.loginLocal(localAdmin.email, password)
  backend.advance(2000)
  const response = await send(`${backend.url}/api/auth/logout`, {
    method: 'POST',
    headers: { ...bearer(login.token), Cookie: login.cookie },
  })
  expect(response.status).toBe(401)
  expect((await cookieRefresh(backend, login.cookie)).status).toBe(200)
})

test('the end-session URL is for OpenID users, when configured', async () => {
  const backend = await testBackend({ endSession: true })
  const logout = async (token: string) =>
    (await send(`${backend.url}/api/auth/logout`, { method: 'POST', headers: bearer(token) })).json()
  const { redirect } = await logout((await backend.loginOpenid('openidAdmin')).token)
  const url = new URL(redirect)
  expect(url.origin).toBe(backend.providerUrl)
  expect(url.searchParams.get('post_logout_redirect_uri')).toBe('http://localhost:3000/login')
  expect((await send(redirect)).status).toBe(200)
  expect(await logout((await backend.loginLocal(localAdmin.email, password)).token)).not.toHaveProperty(
    'redirect',
  )
})
