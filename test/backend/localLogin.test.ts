import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { accounts } from '../../examples/backend/accounts.ts'
import { password, present, send, setCookieValue, statusAndBody, testBackend } from './harness.ts'

const { localAdmin, localUser, openidAdmin, tenantAdmin, twoFactorAdmin } = accounts

test('a login answers with bearer, user and two cookies that end with the session', async () => {
  const backend = await testBackend({ refreshMs: 60_000 })
  const response = await send(`${backend.url}/api/admin/login/local`, {
    json: { email: localAdmin.email, password },
  })
  const body = await response.json()
  expect(response.status).toBe(200)
  expect(Object.keys(body).sort()).toEqual(['token', 'user'])
  expect(body.user).toMatchObject({
    _id: localAdmin.id,
    id: localAdmin.id,
    email: localAdmin.email,
    role: 'ADMIN',
  })
  for (const secret of ['password', 'passwordHash', 'totpSecret', '__v'])
    expect(body.user).not.toHaveProperty(secret)
  const claims = decodeJwt(body.token)
  expect(Object.keys(claims).sort()).toEqual(['email', 'exp', 'iat', 'id', 'provider', 'username'])
  expect(present(claims.exp) - present(claims.iat)).toBe(900)
  const expires = new Date(backend.now() + 60_000).toUTCString()
  expect(response.headers.getSetCookie()).toEqual([
    expect.stringMatching(
      new RegExp(`^refreshToken=[^;]+; Path=/; Expires=${expires}; HttpOnly; SameSite=Strict$`),
    ),
    `token_provider=librechat; Path=/; Expires=${expires}; HttpOnly; SameSite=Strict`,
  ])
  const refreshClaims = decodeJwt(present(setCookieValue(response, 'refreshToken')))
  expect(Object.keys(refreshClaims).sort()).toEqual(['exp', 'iat', 'id', 'sessionId'])
  expect(refreshClaims.exp).toBe(Math.floor((backend.now() + 60_000) / 1000))
})

test.each([
  [
    'an unknown e-mail',
    { email: 'nobody@local.example', password },
    404,
    { message: 'Email does not exist.' },
  ],
  [
    'a wrong password',
    { email: localAdmin.email, password: 'wrong' },
    404,
    { message: 'Incorrect password.' },
  ],
  ['an OpenID account', { email: openidAdmin.email, password }, 404, { message: 'Incorrect password.' }],
  ['no password', { email: localAdmin.email }, 404, { message: 'Missing credentials' }],
  ['no admin', { email: localUser.email, password }, 403, { message: 'Forbidden' }],
])('login with %s', async (_, json, status, body) => {
  const backend = await testBackend()
  const response = await send(`${backend.url}/api/admin/login/local`, { json })
  expect(response.headers.getSetCookie()).toEqual([])
  expect(await statusAndBody(response)).toEqual([status, body])
})

test('login refusals that a knob or an operator brings about', async () => {
  const backend = await testBackend()
  const login = (email: string = localAdmin.email) =>
    statusAndBody(send(`${backend.url}/api/admin/login/local`, { json: { email, password } }))

  backend.knobs.banned = true
  expect(await login()).toEqual([
    403,
    { message: 'Your account has been temporarily banned due to violations of our service.' },
  ])
  backend.knobs.banned = false

  backend.operator.updateUser('localAdmin', { emailVerified: false })
  expect(await login()).toEqual([422, { message: 'Email not verified.' }])
  backend.operator.updateUser('localAdmin', { emailVerified: true })

  backend.knobs.strictTenant = true
  expect(await login()).toEqual([403, { error: 'Tenant context required in strict isolation mode' }])
  expect((await login(tenantAdmin.email))[0]).toBe(200)
  backend.knobs.strictTenant = false

  backend.knobs.requireTwoFactor = true
  expect(await login()).toEqual([
    200,
    { code: expect.any(String), twoFASetupRequired: true, tempToken: expect.any(String) },
  ])
  expect(await login(openidAdmin.email)).toEqual([
    403,
    { code: expect.any(String), message: 'Sign in with your identity provider to continue.' },
  ])
})

test('a body that is not JSON is an uncaught error', async () => {
  const backend = await testBackend()
  const response = await send(`${backend.url}/api/admin/login/local`, { method: 'POST', body: '{' })
  expect([response.status, await response.text()]).toEqual([500, 'An unknown error occurred.'])
})

async function pendingLogin(url: string): Promise<string> {
  const response = await send(`${url}/api/admin/login/local`, {
    json: { email: twoFactorAdmin.email, password },
  })
  const body = await response.json()
  expect(body).toEqual({ twoFAPending: true, tempToken: expect.any(String) })
  expect(response.headers.getSetCookie()).toEqual([])
  return body.tempToken
}

test('the second factor completes a login; a backup code does so once', async () => {
  const backend = await testBackend()
  const verify = (json: unknown) => send(`${backend.url}/api/auth/2fa/verify-temp`, { json })
  const tempToken = await pendingLogin(backend.url)

  const withCode = await verify({ tempToken, token: '123456' })
  expect(setCookieValue(withCode, 'refreshToken')).toBeTruthy()
  expect(setCookieValue(withCode, 'token_provider')).toBe('librechat')
  expect(await statusAndBody(withCode)).toEqual([
    200,
    { token: expect.any(String), user: expect.objectContaining({ id: twoFactorAdmin.id }) },
  ])

  expect((await verify({ tempToken, backupCode: 'backup-0001' })).status).toBe(200)
  expect((await verify({ tempToken, backupCode: 'backup-0001' })).status).toBe(401)
})

test('second factor refusals', async () => {
  const backend = await testBackend()
  const verify = (json: unknown) => statusAndBody(send(`${backend.url}/api/auth/2fa/verify-temp`, { json }))
  const tempToken = await pendingLogin(backend.url)
  const expired = [401, { message: 'Invalid or expired temporary token' }]

  expect(await verify({ token: '123456' })).toEqual([400, { message: 'Missing temporary token' }])
  expect(await verify({ tempToken, token: '000000' })).toEqual([
    401,
    { message: 'Invalid 2FA code or backup code' },
  ])
  expect(await verify({ tempToken: 'forged', token: '123456' })).toEqual(expired)
  backend.operator.updateUser('twoFactorAdmin', { twoFactorEnabledAt: undefined })
  expect(await verify({ tempToken, token: '123456' })).toEqual([
    400,
    { message: '2FA is not enabled for this user' },
  ])
  backend.advance(5 * 60_000)
  expect(await verify({ tempToken, token: '123456' })).toEqual(expired)
})

test('a temporary token is no bearer', async () => {
  const backend = await testBackend()
  const tempToken = await pendingLogin(backend.url)
  expect(
    (await send(`${backend.url}/api/admin/verify`, { headers: { Authorization: `Bearer ${tempToken}` } }))
      .status,
  ).toBe(401)
})
