import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { defaultUsers, type MockUser } from '../../src/msw/users.ts'
import { servedBackend } from './backend.ts'

const dora: MockUser = {
  id: '6500000000000000000000c1',
  email: 'dora@blue.example',
  name: 'Dora',
  role: 'ADMIN',
  provider: 'openid',
  admin: true,
  tenantId: 'blue',
  openidId: 'dora',
}
const doraGreen = { ...dora, id: '6500000000000000000000c2', email: 'dora@green.example', tenantId: 'green' }
const olga = '6500000000000000000000b1'

const { backend, clock, call, asks, openidRefresh } = servedBackend({
  users: [...defaultUsers, dora, doraGreen],
})
const refreshTokenOf = (userId: string) => backend.issueLogin({ userId }).refreshToken

describe('OpenID refresh', () => {
  test('brings a bearer, the next token, the user and an expiry in milliseconds', async () => {
    const login = backend.issueLogin()
    clock.advance(1_000)
    const { status, body, headers } = await openidRefresh(login.refreshToken, login.user.id)
    expect(status).toBe(200)
    expect(body).toEqual({
      token: expect.any(String),
      refreshToken: expect.any(String),
      user: {
        _id: olga,
        id: olga,
        email: 'olga@example.com',
        name: 'Olga',
        username: 'Olga',
        role: 'ADMIN',
        provider: 'openid',
        openidId: 'olga',
      },
      expiresAt: clock.wall() + 900_000,
    })
    expect(body.refreshToken).not.toBe(login.refreshToken)
    expect(body.token).not.toBe(login.token)
    expect(await asks(body.token)).toBe(200)
    expect(Date.parse(headers.get('date') ?? '')).toBe(clock.wall())
  })

  test('a spent token ends every token of its login, and only of its login', async () => {
    const { refreshToken } = backend.issueLogin()
    const other = backend.issueLogin()
    const { body } = await openidRefresh(refreshToken)
    for (const sent of [refreshToken, body.refreshToken]) {
      expect(await openidRefresh(sent)).toMatchObject({
        status: 401,
        body: { error: expect.any(String), error_code: 'REFRESH_FAILED' },
      })
    }
    expect((await openidRefresh(other.refreshToken)).status).toBe(200)
  })

  test('rotate: false hands back the token that was sent', async () => {
    backend.settings.rotate = false
    const { refreshToken } = backend.issueLogin()
    for (const _ of [1, 2]) {
      expect(await openidRefresh(refreshToken)).toMatchObject({ status: 200, body: { refreshToken } })
    }
  })

  test.each([undefined, '', 7, null])('%o is no refresh token: 400', async (sent) => {
    expect(await openidRefresh(sent)).toMatchObject({
      status: 400,
      body: { error_code: 'MISSING_REFRESH_TOKEN' },
    })
  })

  test('an unknown token: 401 REFRESH_FAILED', async () => {
    expect(await openidRefresh('made up')).toMatchObject({
      status: 401,
      body: { error_code: 'REFRESH_FAILED' },
    })
  })

  test('reuseTokens: false refuses, spends nothing, and logins bring no refresh token', async () => {
    const { refreshToken } = backend.issueLogin()
    backend.settings.reuseTokens = false
    expect(await openidRefresh(refreshToken)).toMatchObject({
      status: 403,
      body: { error_code: 'TOKEN_REUSE_DISABLED' },
    })
    expect(backend.issueLogin()).not.toHaveProperty('refreshToken')
    backend.settings.reuseTokens = true
    expect((await openidRefresh(refreshToken)).status).toBe(200)
  })

  test('openid: false: 503, nothing is spent, and the check says no', async () => {
    const { refreshToken } = backend.issueLogin()
    backend.settings.openid = false
    expect(await openidRefresh(refreshToken)).toMatchObject({
      status: 503,
      body: { error_code: 'OPENID_NOT_CONFIGURED' },
    })
    expect(await call('GET', '/api/admin/oauth/openid/check')).toMatchObject({
      status: 404,
      body: { error_code: 'OPENID_NOT_CONFIGURED' },
    })
    backend.settings.openid = true
    expect((await openidRefresh(refreshToken)).status).toBe(200)
    expect(await call('GET', '/api/admin/oauth/openid/check')).toMatchObject({ status: 200 })
  })

  test('refreshLifeMs counts from the login, and rotation does not prolong it', async () => {
    backend.settings.refreshLifeMs = 10_000
    const { refreshToken } = backend.issueLogin()
    clock.advance(9_999)
    const { body } = await openidRefresh(refreshToken)
    clock.advance(1)
    expect((await openidRefresh(body.refreshToken)).status).toBe(401)
  })

  test('bearerLifeMs is the life of the bearer and of expiresAt', async () => {
    backend.settings.bearerLifeMs = 2_000
    const login = backend.issueLogin()
    expect(login.expiresAt).toBe(clock.wall() + 2_000)
    const { body } = await openidRefresh(login.refreshToken)
    expect(body.expiresAt).toBe(clock.wall() + 2_000)
    for (const token of [login.token, body.token]) expect(await asks(token)).toBe(200)
    clock.advance(2_000)
    for (const token of [login.token, body.token]) expect(await asks(token)).toBe(401)
  })

  test('who lost the admin role is refused after the token was spent', async () => {
    const { refreshToken } = backend.issueLogin()
    const record = backend.users.find(({ id }) => id === olga)
    if (record) record.admin = false
    expect(await openidRefresh(refreshToken)).toMatchObject({
      status: 403,
      body: { error_code: 'FORBIDDEN' },
    })
    if (record) record.admin = true
    expect((await openidRefresh(refreshToken)).status).toBe(401)
  })
})

describe('tenants', () => {
  const tenant = (id: string) => ({ 'x-tenant-id': id })

  test.each([
    ['the user id decides between two tenants', dora.id, {}, dora.id],
    ['also with the right tenant', dora.id, tenant('blue'), dora.id],
    ['without a user id the tenant decides', undefined, tenant('blue'), dora.id],
    ['without either the newest record is taken', undefined, {}, doraGreen.id],
    ['an unknown user id is passed over', 'nobody', tenant('blue'), dora.id],
    ['a malformed tenant is passed over', dora.id, tenant('a b'), dora.id],
    ['the system tenant is passed over', dora.id, tenant('__SYSTEM__'), dora.id],
    ['a blank tenant is passed over', dora.id, tenant(' '), dora.id],
  ])('%s', async (_, userId, headers, found) => {
    const { status, body } = await openidRefresh(refreshTokenOf(dora.id), userId, headers)
    expect({ status, id: body.user?.id }).toEqual({ status: 200, id: found })
  })

  test.each([
    ['TENANT_MISMATCH', dora.id, tenant('green')],
    ['USER_ID_MISMATCH', olga, {}],
    ['USER_NOT_FOUND', undefined, tenant('red')],
  ])('%s after the token was spent', async (code, userId, headers) => {
    const sent = refreshTokenOf(dora.id)
    expect(await openidRefresh(sent, userId, headers)).toMatchObject({
      status: 401,
      body: { error_code: code },
    })
    expect((await openidRefresh(sent, dora.id)).body).toMatchObject({ error_code: 'REFRESH_FAILED' })
  })
})

describe('exchange', () => {
  const exchange = (body: object, headers?: Record<string, string>) =>
    call('POST', '/api/admin/oauth/exchange', body, headers)
  const challenge = createHash('sha256').update('verifier').digest('hex')

  test('a code is good once, and brings what issueLogin brings', async () => {
    const code = backend.issueCode()
    const { status, body } = await exchange({ code })
    expect(status).toBe(200)
    expect(Object.keys(body).sort()).toEqual(Object.keys(backend.issueLogin()).sort())
    expect(await asks(body.token)).toBe(200)
    expect((await openidRefresh(body.refreshToken)).status).toBe(200)
    expect(await exchange({ code })).toMatchObject({
      status: 401,
      body: { error_code: 'INVALID_OR_EXPIRED_CODE' },
    })
  })

  test('and for 30 s', async () => {
    const [first, second] = [backend.issueCode(), backend.issueCode()]
    clock.advance(29_999)
    expect((await exchange({ code: first })).status).toBe(200)
    clock.advance(1)
    expect((await exchange({ code: second })).status).toBe(401)
  })

  test.each([
    [{}, 'MISSING_CODE'],
    [{ code: 'short' }, 'INVALID_CODE_FORMAT'],
    [{ code: 'A'.repeat(64) }, 'INVALID_CODE_FORMAT'],
    [{ code: 'a'.repeat(64), code_verifier: '' }, 'INVALID_VERIFIER'],
    [{ code: 'a'.repeat(64), code_verifier: 7 }, 'INVALID_VERIFIER'],
    [{ code: 'a'.repeat(64), code_verifier: 'v'.repeat(513) }, 'INVALID_VERIFIER'],
  ])('%o: 400 %s', async (body, code) => {
    expect(await exchange(body)).toMatchObject({ status: 400, body: { error_code: code } })
  })

  test('a challenge asks for its verifier, and a wrong one burns the code', async () => {
    const code = backend.issueCode({ challenge })
    expect((await exchange({ code, code_verifier: 'verifier' })).status).toBe(200)
    for (const wrong of [{ code_verifier: 'other' }, {}]) {
      const burnt = backend.issueCode({ challenge })
      expect((await exchange({ code: burnt, ...wrong })).status).toBe(401)
      expect((await exchange({ code: burnt, code_verifier: 'verifier' })).status).toBe(401)
    }
  })

  test('a code is bound to the origin it was issued for', async () => {
    const bound = () => ({ code: backend.issueCode({ origin: 'https://admin.example' }) })
    expect((await exchange(bound(), { origin: 'https://admin.example' })).status).toBe(200)
    expect((await exchange(bound(), { origin: 'https://evil.example' })).status).toBe(401)
    expect((await exchange(bound())).status).toBe(401)
  })
})

describe('Google', () => {
  const refresh = (refresh_token: unknown, user_id?: unknown, provider: unknown = 'google') =>
    call('POST', '/api/admin/oauth/refresh', { refresh_token, user_id, provider })

  test('a login brings a refresh token that stays, with or without the reuse of OpenID tokens', async () => {
    backend.settings.reuseTokens = false
    const { refreshToken, user } = backend.issueLogin({ provider: 'google' })
    for (let round = 0; round < 2; round++) {
      const { status, body } = await refresh(refreshToken, user.id)
      expect([status, body.refreshToken, body.user.provider]).toEqual([200, refreshToken, 'google'])
    }
  })

  test('the token of one provider is of no use at the other, and no user is found by it', async () => {
    const google = backend.issueLogin({ provider: 'google' })
    const openid = backend.issueLogin()
    expect((await refresh(google.refreshToken, google.user.id, 'openid')).body.error_code).toBe(
      'REFRESH_FAILED',
    )
    expect((await refresh(openid.refreshToken, openid.user.id)).body.error_code).toBe('REFRESH_FAILED')
    expect((await refresh(google.refreshToken, olga)).body.error_code).toBe('PROVIDER_MISMATCH')
    expect((await refresh(google.refreshToken, google.user.id)).status).toBe(200)
  })

  test('a provider that is none, and Google that is not set up', async () => {
    const { refreshToken, user } = backend.issueLogin({ provider: 'google' })
    expect(await refresh(refreshToken, user.id, 'github')).toMatchObject({
      status: 400,
      body: { error_code: 'INVALID_PROVIDER' },
    })
    backend.settings.google = false
    expect(await refresh(refreshToken, user.id)).toMatchObject({
      status: 503,
      body: { error_code: 'GOOGLE_NOT_CONFIGURED' },
    })
  })
})
