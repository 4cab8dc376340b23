import { describe, expect, test } from 'vitest'
import { defaultUsers, type MockUser } from '../../src/msw/users.ts'
import { cookieOf, servedBackend } from './backend.ts'

const tom: MockUser = {
  id: '6500000000000000000000a2',
  email: 'tom@example.com',
  name: 'Tömas',
  role: 'ADMIN',
  provider: 'local',
  admin: true,
  password: 'secret',
  twoFactorCode: '123456',
}
const uma: MockUser = { ...tom, id: '6500000000000000000000a3', email: 'uma@example.com', admin: false }

const { backend, clock, call, asks, cookieRefresh } = servedBackend({ users: [...defaultUsers, tom, uma] })
const ada = { email: 'ada@example.com', password: 'password' }
const login = (body: object) => call('POST', '/api/admin/login/local', body)

describe('local login', () => {
  test('brings a bearer and the user without secrets; the refresh token comes as a cookie', async () => {
    const answer = await login(ada)
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.body)).toEqual(['token', 'user'])
    expect(answer.body.user).toMatchObject({ id: '6500000000000000000000a1', email: ada.email })
    expect(JSON.stringify(answer.body)).not.toContain('"password"')
    expect(await asks(answer.body.token)).toBe(200)
    const cookies = answer.headers.getSetCookie()
    expect(cookies).toHaveLength(2)
    for (const cookie of cookies) {
      expect(cookie).toContain(
        `; Path=/; Expires=${new Date(clock.wall() + 604_800_000).toUTCString()}; HttpOnly; SameSite=Strict`,
      )
    }
    expect(cookies[1]).toMatch(/^token_provider=librechat;/)
  })

  test('the bearer reads as a JWT', async () => {
    const { body } = await login(ada)
    const [, claims = ''] = body.token.split('.')
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toEqual({
      id: '6500000000000000000000a1',
      username: 'Ada',
      provider: 'local',
      email: ada.email,
      iat: Math.floor(clock.wall() / 1_000),
      exp: Math.floor(clock.wall() / 1_000) + 900,
    })
  })

  test.each([
    [404, 'Missing credentials', {}],
    [404, 'Email does not exist.', { email: 'no@example.com', password: 'x' }],
    [404, 'Email does not exist.', { email: 'olga@example.com', password: 'x' }],
    [404, 'Incorrect password.', { ...ada, password: 'wrong' }],
    [403, 'Forbidden', { email: uma.email, password: uma.password }],
  ])('%d %s', async (status, message, body) => {
    expect(await login(body)).toMatchObject({ status, body: { message } })
  })
})

describe('second factor', () => {
  const second = (body: object) => call('POST', '/api/auth/2fa/verify-temp', body)
  const tempToken = async () => (await login({ email: tom.email, password: tom.password })).body.tempToken

  test('the password brings a temporary token and no cookie; the code brings the session', async () => {
    const first = await login({ email: tom.email, password: tom.password })
    expect(first.body).toEqual({ twoFAPending: true, tempToken: expect.any(String) })
    expect(first.headers.getSetCookie()).toEqual([])
    expect(await asks(first.body.tempToken)).toBe(401)
    const answer = await second({ tempToken: first.body.tempToken, token: '123456' })
    expect(answer.status).toBe(200)
    expect(await asks(answer.body.token)).toBe(200)
    expect((await cookieRefresh(cookieOf(answer))).status).toBe(200)
  })

  test('a wrong code, no token, a forged one: 401, 400, 401', async () => {
    expect(await second({ tempToken: await tempToken(), token: '000000' })).toMatchObject({
      status: 401,
      body: { message: 'Invalid 2FA code or backup code' },
    })
    expect(await second({ token: '123456' })).toMatchObject({
      status: 400,
      body: { message: 'Missing temporary token' },
    })
    for (const forged of ['x', 'a.b.c', backend.issueLogin().token]) {
      expect(await second({ tempToken: forged, token: '123456' })).toMatchObject({
        status: 401,
        body: { message: 'Invalid or expired temporary token' },
      })
    }
  })

  test('the temporary token lives 5 minutes', async () => {
    const temp = await tempToken()
    clock.advance(300_000)
    expect((await second({ tempToken: temp, token: '123456' })).status).toBe(401)
  })

  test('a user whose second factor was removed: 400', async () => {
    const temp = await tempToken()
    const record = backend.users.find(({ id }) => id === tom.id)
    delete record?.twoFactorCode
    expect(await second({ tempToken: temp, token: '123456' })).toMatchObject({
      status: 400,
      body: { message: '2FA is not enabled for this user' },
    })
  })
})

describe('refresh by cookie', () => {
  const issued = () => backend.issueLogin({ provider: 'librechat' }).refreshToken ?? ''

  test('replaces the token, tells no expiry, and the old token is dead', async () => {
    const first = issued()
    clock.advance(1_000)
    const answer = await cookieRefresh(first)
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.body)).toEqual(['token', 'user'])
    expect(await asks(answer.body.token)).toBe(200)
    expect(cookieOf(answer)).not.toBe(first)
    expect(await cookieRefresh(first)).toMatchObject({
      status: 401,
      body: 'Refresh token expired or not found for this user',
    })
    expect(await cookieRefresh(first, '?retry=1')).toMatchObject({ status: 403, body: 'No session found' })
    expect((await cookieRefresh(cookieOf(answer))).status).toBe(200)
  })

  test('two refreshes within one second bring the identical token, and it lives on', async () => {
    const first = issued()
    const second = cookieOf(await cookieRefresh(first))
    clock.advance(999)
    const third = cookieOf(await cookieRefresh(second))
    expect([second, third]).toEqual([first, first])
    expect((await cookieRefresh(third)).status).toBe(200)
  })

  test('rotate: false sets the token that was sent', async () => {
    backend.settings.rotate = false
    const first = issued()
    clock.advance(5_000)
    expect(cookieOf(await cookieRefresh(first))).toBe(first)
  })

  test('no cookie: 200 and a sentence, as HTML', async () => {
    const answer = await cookieRefresh()
    expect(answer).toMatchObject({ status: 200, body: 'Refresh token not provided' })
    expect(answer.headers.get('content-type')).toContain('text/html')
  })

  test('a forged or expired token: 403 and a sentence', async () => {
    backend.settings.refreshLifeMs = 5_000
    const old = issued()
    clock.advance(5_000)
    for (const sent of ['x', 'a.b.c', `${issued()}0`, backend.issueLogin().token, old]) {
      expect(await cookieRefresh(sent)).toMatchObject({ status: 403, body: 'Invalid refresh token' })
    }
  })

  test('a deleted user: 302 to the login page', async () => {
    const sent = issued()
    backend.users.splice(0, 1)
    const { status, headers, body } = await cookieRefresh(sent)
    expect({ status, location: headers.get('location') }).toEqual({ status: 302, location: '/login' })
    expect(body).toBe('Found. Redirecting to /login')
  })
})

describe('logout', () => {
  const logout = (token: string, refreshToken?: string) =>
    call('POST', '/api/auth/logout', undefined, {
      authorization: `Bearer ${token}`,
      ...(refreshToken && { cookie: `refreshToken=${refreshToken}` }),
    })
  const twoLogins = () => {
    const first = backend.issueLogin({ provider: 'librechat' })
    clock.advance(1_000)
    return [first, backend.issueLogin({ provider: 'librechat' })] as const
  }

  test('with the cookie it ends that session and clears the cookies', async () => {
    const [first, second] = twoLogins()
    const answer = await logout(second.token, second.refreshToken)
    expect(answer).toMatchObject({ status: 200, body: { message: 'Logout successful' } })
    expect(answer.headers.getSetCookie()).toHaveLength(5)
    expect(cookieOf(answer)).toBe('')
    expect((await cookieRefresh(second.refreshToken)).status).toBe(401)
    expect((await cookieRefresh(first.refreshToken)).status).toBe(200)
  })

  test('without the cookie it ends any one session of the user', async () => {
    const [first, second] = twoLogins()
    await logout(second.token)
    expect((await cookieRefresh(first.refreshToken)).status).toBe(401)
    expect((await cookieRefresh(second.refreshToken)).status).toBe(200)
  })

  test('with an expired bearer: 401, and nothing ends', async () => {
    const [first] = twoLogins()
    backend.expireBearers()
    expect((await logout(first.token, first.refreshToken)).status).toBe(401)
    expect((await cookieRefresh(first.refreshToken)).status).toBe(200)
  })
})
