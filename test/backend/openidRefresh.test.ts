import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { accounts } from '../../examples/backend/accounts.ts'
import { openidRefresh, present, send, statusAndBody, type TestBackend, testBackend } from './harness.ts'

async function loggedIn(backend: TestBackend) {
  const { refreshToken = '', user } = await backend.loginOpenid('openidAdmin')
  return { refresh_token: refreshToken, user_id: user.id }
}

const code = (error_code: string) => ({ error: expect.any(String), error_code })

test('a refresh answers with bearer, next refresh token, user and expiry', async () => {
  const backend = await testBackend({ sessionMs: 3000 })
  const request = await loggedIn(backend)
  const response = await openidRefresh(backend, request)
  expect(response.headers.getSetCookie()).toEqual([])
  const [status, body] = (await statusAndBody(response)) as [
    number,
    { token: string; refreshToken: string; expiresAt: number },
  ]
  expect(status).toBe(200)
  expect(body).toMatchObject({ expiresAt: backend.now() + 3000, user: { id: accounts.openidAdmin.id } })
  expect(body.refreshToken).not.toBe(request.refresh_token)
  // `exp` has whole seconds, so the announced expiry is later than the real one.
  expect(body.expiresAt - present(decodeJwt(body.token).exp) * 1000).toBe(250)
})

test('a reused token ends the whole family', async () => {
  const backend = await testBackend()
  const request = await loggedIn(backend)
  const { refreshToken } = await (await openidRefresh(backend, request)).json()
  expect(await statusAndBody(openidRefresh(backend, request))).toEqual([401, code('REFRESH_FAILED')])
  expect((await openidRefresh(backend, { ...request, refresh_token: refreshToken })).status).toBe(401)
  expect(backend.log.reuseDetections()).toBe(1)
  expect(backend.log.presentations.map(({ outcome }) => outcome)).toEqual([
    'ok-rotated',
    'rejected',
    'rejected',
  ])
})

test('without rotation the same token comes back, again and again', async () => {
  const backend = await testBackend({ provider: { rotate: false } })
  const request = await loggedIn(backend)
  for (let round = 0; round < 3; round += 1) {
    expect((await (await openidRefresh(backend, request)).json()).refreshToken).toBe(request.refresh_token)
  }
  expect(backend.log.presentations.map(({ outcome, spent }) => [outcome, spent])).toEqual(
    Array(3).fill(['ok-same', false]),
  )
})

test('inside the grace window a consumed token still works', async () => {
  const backend = await testBackend({ provider: { reuseGraceMs: 60_000 } })
  const request = await loggedIn(backend)
  expect((await openidRefresh(backend, request)).status).toBe(200)
  expect((await openidRefresh(backend, request)).status).toBe(200)
  backend.knobs.provider.reuseGraceMs = 0
  expect((await openidRefresh(backend, request)).status).toBe(401)
})

test('a slow store at the provider lets two uses at once both succeed', async () => {
  const backend = await testBackend({ provider: { storeDelayMs: 5 } })
  const request = await loggedIn(backend)
  const statuses = (
    await Promise.all([openidRefresh(backend, request), openidRefresh(backend, request)])
  ).map(({ status }) => status)
  expect(statuses).toEqual([200, 200])
})

test.each([[{}], [{ refresh_token: '' }], [{ refresh_token: 7 }], [null]])(
  'MISSING_REFRESH_TOKEN for %j',
  async (json) => {
    const backend = await testBackend()
    expect(await statusAndBody(openidRefresh(backend, json))).toEqual([400, code('MISSING_REFRESH_TOKEN')])
    expect(backend.log.presentations).toEqual([])
  },
)

test('refusals before the grant leave the token alone', async () => {
  const backend = await testBackend()
  const request = await loggedIn(backend)
  backend.knobs.reuseTokens = false
  expect(await statusAndBody(openidRefresh(backend, request))).toEqual([403, code('TOKEN_REUSE_DISABLED')])
  backend.knobs.reuseTokens = true
  backend.knobs.openidConfigured = false
  expect(await statusAndBody(openidRefresh(backend, request))).toEqual([503, code('OPENID_NOT_CONFIGURED')])
  backend.knobs.openidConfigured = true
  expect((await openidRefresh(backend, request)).status).toBe(200)
  expect(backend.log.presentations.map(({ outcome, spent }) => [outcome, spent])).toEqual([
    ['refused', false],
    ['refused', false],
    ['ok-rotated', true],
  ])
})

test('REFRESH_FAILED does not mean revoked: nothing reached the provider', async () => {
  const backend = await testBackend()
  const request = await loggedIn(backend)
  backend.operator.setProviderConnection('down')
  expect(await statusAndBody(openidRefresh(backend, request))).toEqual([401, code('REFRESH_FAILED')])
  backend.operator.setProviderConnection('up')
  expect((await openidRefresh(backend, request)).status).toBe(200)
  expect(backend.log.presentations[0]).toMatchObject({
    outcome: 'unknown-to-client',
    spent: false,
    errorCode: 'REFRESH_FAILED',
  })
})

test.each([
  ['lost', 401, 'REFRESH_FAILED', 'unknown-to-client'],
  ['withoutAccessToken', 502, 'IDP_INCOMPLETE', 'unknown-to-client'],
  ['withoutClaims', 502, 'CLAIMS_INCOMPLETE', 'unknown-to-client'],
  ['foreignIssuer', 401, 'ISSUER_MISMATCH', 'rejected'],
] as const)('connection "%s" spends the token', async (connection, status, errorCode, outcome) => {
  const backend = await testBackend()
  const request = await loggedIn(backend)
  backend.operator.setProviderConnection(connection)
  expect(await statusAndBody(openidRefresh(backend, request))).toEqual([status, code(errorCode)])
  expect(backend.log.presentations[0]).toMatchObject({ outcome, status, errorCode })
  backend.operator.setProviderConnection('up')
  expect((await openidRefresh(backend, request)).status).toBe(401)
})

test('where the provider names no refresh token, the one sent comes back', async () => {
  const backend = await testBackend({ provider: { rotate: false } })
  const request = await loggedIn(backend)
  backend.operator.setProviderConnection('withoutRefreshToken')
  const response = await openidRefresh(backend, request)
  expect([response.status, (await response.json()).refreshToken]).toEqual([200, request.refresh_token])
  expect(backend.log.presentations[0]).toMatchObject({ outcome: 'ok-same', spent: false })
})

test('FORBIDDEN comes after the grant', async () => {
  const backend = await testBackend()
  const forbidden = async () => {
    const request = await loggedIn(backend)
    return async () => {
      const answer = await statusAndBody(openidRefresh(backend, request))
      expect(backend.log.presentations.at(-1)).toMatchObject({ outcome: 'rejected', spent: true })
      return answer
    }
  }
  let refresh = await forbidden()
  backend.operator.revokeAdmin('openidAdmin')
  expect(await refresh()).toEqual([403, code('FORBIDDEN')])
  backend.operator.grantAdmin('openidAdmin')

  refresh = await forbidden()
  backend.knobs.capabilityLookupFails = true
  expect(await refresh()).toEqual([403, code('FORBIDDEN')])
  backend.knobs.capabilityLookupFails = false

  refresh = await forbidden()
  backend.knobs.allowedDomains = ['elsewhere.example']
  expect(await refresh()).toEqual([403, code('FORBIDDEN')])
  backend.knobs.allowedDomains = ['sso.example']
  expect((await openidRefresh(backend, await loggedIn(backend))).status).toBe(200)
})

test('a revoked grant, an expired token and a forged one all fail alike', async () => {
  const backend = await testBackend()
  const request = await loggedIn(backend)
  expect(backend.operator.revokeOpenidGrants('openidAdmin')).toBe(1)
  expect(await statusAndBody(openidRefresh(backend, request))).toEqual([401, code('REFRESH_FAILED')])
  backend.knobs.provider.refreshTtlSeconds = 1
  const short = await loggedIn(backend)
  // The provider keeps the real time, in whole seconds.
  await expect
    .poll(
      async () => (await openidRefresh(backend, { ...short, user_id: undefined })).status === 401 || 'alive',
    )
    .toBe(true)
  expect(await statusAndBody(openidRefresh(backend, { refresh_token: 'forged' }))).toEqual([
    401,
    code('REFRESH_FAILED'),
  ])
})

test('a body that is not JSON is an internal error', async () => {
  const backend = await testBackend()
  const response = await send(`${backend.url}/api/admin/oauth/refresh`, {
    method: 'POST',
    body: 'refresh_token=x',
  })
  expect(await statusAndBody(response)).toEqual([500, code('INTERNAL_ERROR')])
})

test('SSO bearers may have a life of their own', async () => {
  const backend = await testBackend({ sessionMs: 60_000, ssoSessionMs: 5000 })
  const login = await backend.loginOpenid('openidAdmin')
  expect(login.expiresAt).toBe(backend.now() + 5000)
  const answer = await (await openidRefresh(backend, { refresh_token: login.refreshToken })).json()
  expect(answer.expiresAt).toBe(backend.now() + 5000)
})

test('a session of Google is renewed at Google, whose refresh token stays', async () => {
  const backend = await testBackend({ reuseTokens: false })
  const { refreshToken, user } = await backend.loginOpenid('googleAdmin')
  const request = { refresh_token: refreshToken, user_id: user.id, provider: 'google' }
  const [status, body] = await statusAndBody(openidRefresh(backend, request))
  expect(status).toBe(200)
  expect(body).toMatchObject({ refreshToken, user: { id: accounts.googleAdmin.id, provider: 'google' } })
  const refused = async (change: object) => statusAndBody(openidRefresh(backend, { ...request, ...change }))
  expect(await refused({ provider: 'saml' })).toEqual([400, code('INVALID_PROVIDER')])
  expect(await refused({ user_id: accounts.openidAdmin.id })).toEqual([401, code('PROVIDER_MISMATCH')])
  expect(await refused({ provider: undefined })).toEqual([403, code('TOKEN_REUSE_DISABLED')])
  backend.knobs.googleConfigured = false
  expect(await refused({})).toEqual([503, code('GOOGLE_NOT_CONFIGURED')])
})
