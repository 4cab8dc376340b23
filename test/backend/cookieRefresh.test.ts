import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { accounts } from '../../examples/backend/accounts.ts'
import {
  cookieRefresh,
  localCookie,
  password,
  present,
  setCookieValue,
  statusAndText,
  testBackend,
} from './harness.ts'

const html = 'text/html; charset=UTF-8'
const { localAdmin } = accounts

test('a refresh answers with bearer and user, and rotates the cookie', async () => {
  const backend = await testBackend({ refreshMs: 60_000 })
  const login = await backend.loginLocal(localAdmin.email, password)
  backend.advance(1000)
  const response = await cookieRefresh(backend, login.cookie)
  expect(response.status).toBe(200)
  expect(Object.keys(await response.json()).sort()).toEqual(['token', 'user'])
  const next = present(setCookieValue(response, 'refreshToken'))
  expect(next).not.toBe(login.refreshToken)
  expect(setCookieValue(response, 'token_provider')).toBe('librechat')
  // Absolute: rotation does not extend the session.
  expect(decodeJwt(next).exp).toBe(decodeJwt(login.refreshToken).exp)
  expect(decodeJwt(next).sessionId).toBe(decodeJwt(login.refreshToken).sessionId)

  expect(await statusAndText(cookieRefresh(backend, login.cookie))).toEqual([
    401,
    html,
    'Refresh token expired or not found for this user',
  ])
  expect(await statusAndText(cookieRefresh(backend, login.cookie, '?retry=1'))).toEqual([
    403,
    html,
    'No session found',
  ])
  expect((await cookieRefresh(backend, localCookie(next))).status).toBe(200)
})

test('within one second the token is byte for byte the same, and not spent', async () => {
  const backend = await testBackend()
  const login = await backend.loginLocal(localAdmin.email, password)
  const response = await cookieRefresh(backend, login.cookie)
  expect(setCookieValue(response, 'refreshToken')).toBe(login.refreshToken)
  expect((await response.json()).token).toBe(login.token)
  expect((await cookieRefresh(backend, login.cookie)).status).toBe(200)
  expect(backend.log.presentations.map(({ outcome }) => outcome)).toEqual(['ok-same', 'ok-same'])
  expect(backend.log.replays()).toEqual([])
})

test('of two refreshes at once both succeed, and one of them holds a dead token', async () => {
  const backend = await testBackend({ storeDelayMs: 150 })
  const login = await backend.loginLocal(localAdmin.email, password)
  backend.advance(1000)
  const first = cookieRefresh(backend, login.cookie)
  await expect.poll(() => backend.log.presentations[0]?.successorHash, { interval: 1 }).toBeDefined()
  // The second one signs in a later second, while the first is between lookup and write.
  backend.advance(1000)
  const answers = await Promise.all([first, cookieRefresh(backend, login.cookie)])
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  const [one, two] = answers.map((answer) => localCookie(present(setCookieValue(answer, 'refreshToken'))))
  expect((await cookieRefresh(backend, one)).status).toBe(401)
  expect((await cookieRefresh(backend, two)).status).toBe(200)
})

test('no cookie is a 200 with a text', async () => {
  const backend = await testBackend()
  const none = [200, html, 'Refresh token not provided']
  expect(await statusAndText(cookieRefresh(backend))).toEqual(none)
  expect(await statusAndText(cookieRefresh(backend, 'refreshToken='))).toEqual(none)
  expect(backend.log.presentations).toEqual([])
})

test('malformed, forged and expired tokens', async () => {
  const backend = await testBackend({ refreshMs: 5000 })
  const login = await backend.loginLocal(localAdmin.email, password)
  const invalid = [403, html, 'Invalid refresh token']
  expect(await statusAndText(cookieRefresh(backend, localCookie('x')))).toEqual(invalid)
  expect(
    await statusAndText(cookieRefresh(backend, localCookie(`${login.refreshToken.slice(0, -4)}AAAA`))),
  ).toEqual(invalid)
  backend.advance(5000)
  expect(await statusAndText(cookieRefresh(backend, login.cookie))).toEqual(invalid)
})

test('a deleted user is sent to /login, by 302', async () => {
  const backend = await testBackend()
  const login = await backend.loginLocal(localAdmin.email, password)
  backend.operator.deleteUser('localAdmin')
  const response = await cookieRefresh(backend, login.cookie)
  expect([response.status, response.headers.get('location')]).toEqual([302, '/login'])
  expect(await response.text()).toBe('Found. Redirecting to /login')
})

test('an ended session, an OpenID cookie, and an enrolment that is due', async () => {
  const backend = await testBackend()
  const login = await backend.loginLocal(localAdmin.email, password)
  const openid = await cookieRefresh(backend, `refreshToken=${login.refreshToken}; token_provider=openid`)
  expect([openid.status, await openid.json()]).toEqual([401, { code: 'OPENID_SESSION_MISSING' }])
  backend.knobs.requireTwoFactor = true
  const enrol = await cookieRefresh(backend, login.cookie)
  expect([enrol.status, await enrol.json()]).toEqual([
    200,
    { code: expect.any(String), twoFASetupRequired: true, tempToken: expect.any(String) },
  ])
  backend.knobs.requireTwoFactor = false
  expect(backend.operator.endLocalSessions('localAdmin')).toBe(1)
  expect((await cookieRefresh(backend, login.cookie)).status).toBe(401)
})

test('backup codes go out with a login, not with a refresh', async () => {
  const backend = await testBackend()
  const login = await backend.loginLocal(accounts.twoFactorAdmin.email, password)
  expect(login.user).toHaveProperty('backupCodes')
  expect((await (await cookieRefresh(backend, login.cookie)).json()).user).not.toHaveProperty('backupCodes')
})
