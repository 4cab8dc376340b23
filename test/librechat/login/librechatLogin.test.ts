import { describe, expect, test } from 'vitest'
import type { RevokeRequest } from 'xstate-session'
import { type LibrechatLoginOptions, librechatLogin } from 'xstate-session/librechat-login'
import { fakeClock } from '../../fakeClock.ts'
import { loginHost } from '../../server/loginHost.ts'

const BACKEND = 'https://chat.example/'
const user = { id: 'ada', openidId: 'sub of ada' }
const CODE = 'a1'.repeat(32)
const signal = new AbortController().signal

type Answer = (path: string, init: RequestInit) => Response | Promise<Response>

/** A login at a backend that answers like this. */
function running(answer: Answer, options: Partial<LibrechatLoginOptions> = {}) {
  const asked: { path: string; headers: Headers; body: unknown }[] = []
  const ends: string[][] = []
  const fetch = (async (input: RequestInfo | URL, init: RequestInit = {}) => {
    const path = new URL(String(input)).pathname
    const body = typeof init.body === 'string' ? JSON.parse(init.body) : undefined
    asked.push({ path, headers: new Headers(init.headers), body })
    return answer(path, init)
  }) as typeof globalThis.fetch
  const login = librechatLogin({ baseUrl: BACKEND, rateLimit: false, ...options })({
    ...loginHost('chat'),
    clock: fakeClock(),
    fetch,
    endSessionAt: (...end) => ends.push(end),
  })
  const request = new Request('https://admin.example/session/login', { method: 'POST' })
  return {
    login,
    asked,
    ends,
    fetch,
    password: () => login.submit?.({ request }, { email: 'ada@example.com', password: 'secret' }),
    factor: () => login.submit?.({ request }, { code: '123456' }, { next: 'twoFactor', keep: 'temporary' }),
    callback: (search: string, keep: string | undefined = 'verifier', path = '/auth/openid/callback') =>
      login.callback?.({ request: new Request(`https://admin.example${path}${search}`) }, keep),
  }
}

const json =
  (status: number, body: object, headers: Record<string, string> = {}): Answer =>
  () =>
    Response.json(body, { status, headers })
const says = (status: number, message: string, headers = {}) => json(status, { message }, headers)
const page =
  (status: number, type = 'text/html'): Answer =>
  () =>
    new Response('<html>', { status, headers: { 'content-type': type } })

const wrong = { status: 401, code: 'invalid_credentials' }
const forbidden = { status: 403, code: 'forbidden' }
const away = { status: 503, code: 'backend_unavailable' }
const foreign = { status: 502, code: 'backend_unrecognized' }

describe('a password that the backend answers with', () => {
  test.each<[string, Answer, object]>([
    ['400', says(400, 'Wrong'), wrong],
    ['401', says(401, 'Incorrect password.'), wrong],
    ['404', says(404, 'Email does not exist.'), wrong],
    ['422', says(422, 'Email not verified.'), { status: 403, code: 'email_not_verified' }],
    ['a ban', says(403, 'Your account is BANNED for a while'), { status: 403, code: 'banned' }],
    ['its guard of admins', says(403, 'Forbidden'), forbidden],
    ['its guard of origins', says(403, 'Cross-site request refused'), forbidden],
    ['strict tenancy', json(403, { error: 'Tenant context required for this' }), forbidden],
    [
      'its word that a provider is used',
      json(403, { code: 'X', message: 'Use your identity provider' }),
      { status: 403, code: 'use_identity_provider' },
    ],
    ['429', says(429, 'Too many'), { status: 429, code: 'rate_limited' }],
    ['429 of a gateway', page(429), { status: 429, code: 'rate_limited' }],
    ['500', page(500), away],
    ['503', says(503, 'Down'), away],
    ['nothing', () => Promise.reject(new TypeError('Failed to fetch')), away],
    ['418', says(418, 'I am a teapot'), foreign],
    ['a page', page(200), { ...foreign, came: '200 text/html', backendStatus: 200 }],
    ['401 of a page', page(401), { ...foreign, came: '401 text/html' }],
    ['nothing readable', page(404, ''), { ...foreign, came: '404 without a content type' }],
    ['an odd type', page(404, 'a b/c d'), { ...foreign, came: '404 an odd content type' }],
    ['half a type', page(404, 'text'), { ...foreign, came: '404 an odd content type' }],
    ['400 of a framework', says(400, 'Bad Request'), foreign],
    ['401 of a framework', says(401, ' Unauthorized. '), foreign],
    ['404 of a framework', says(404, 'Cannot POST /api/admin/login/local'), foreign],
    ['401 of a gateway (AWS)', says(401, 'Wrong', { 'x-amzn-errortype': 'X' }), foreign],
    ['401 of a gateway (Kong)', says(401, 'Wrong', { 'www-authenticate': 'Key' }), foreign],
    ['more than a message', json(401, { message: 'Wrong', code: 7 }), foreign],
    ['an empty message', says(401, ''), foreign],
    ['a message that is no text', json(401, { message: 7 }), foreign],
    ['another 403', says(403, 'No'), foreign],
    ['another 403 with an error', json(403, { error: 'No', message: 'No' }), foreign],
    ['another 403 with a code', json(403, { code: 'X', message: 'No' }), foreign],
    ['a code beside an error', json(403, { code: 'X', error: 'Y', message: 'identity provider' }), foreign],
    ['success without a token', json(200, { user }), foreign],
    ['success without a user', json(200, { token: 'B1' }), foreign],
  ])('%s is refused', async (_, answer, refused) => {
    expect(await running(answer).password()).toMatchObject({ refused })
  })

  test('a redirect is refused, and not followed', async () => {
    const { password, asked } = running(() => Response.redirect('https://elsewhere.example/', 302))
    expect(await password()).toMatchObject({ refused: { ...foreign, came: '302 redirect' } })
    expect(asked).toHaveLength(1)
  })

  test('a session is granted, with the refresh token of the cookie', async () => {
    const { password, asked } = running(
      json(200, { token: 'B1', user }, { 'set-cookie': 'refreshToken=R1; Path=/; HttpOnly' }),
      { resolveTenant: () => 'blue' },
    )
    expect(await password()).toMatchObject({
      done: { answer: { token: 'B1', refreshToken: 'R1', user }, strategy: 'librechat', tenantId: 'blue' },
    })
    expect(asked).toMatchObject([
      { path: '/api/admin/login/local', body: { email: 'ada@example.com', password: 'secret' } },
    ])
  })

  test('the second factor is the next step; one that must be set up is none', async () => {
    const next = running(json(200, { twoFAPending: true, tempToken: 'temporary' }))
    expect(await next.password()).toEqual({ next: 'twoFactor', keep: 'temporary' })
    const enrolment = { refused: { status: 403, code: 'two_factor_enrolment_required', backendStatus: 200 } }
    expect(await running(json(200, { twoFASetupRequired: true })).password()).toEqual(enrolment)
    for (const odd of [{ twoFAPending: true }, { twoFAPending: true, tempToken: '' }, { tempToken: 'x' }])
      expect(await running(json(200, odd)).password()).toMatchObject({ refused: foreign })
  })

  test('when to try again is told', async () => {
    const { password } = running(says(429, 'Too many', { 'retry-after': '60' }))
    expect(await password()).toMatchObject({ refused: { retryAfterMs: 60_000, backendStatus: 429 } })
  })
})

describe('a second factor', () => {
  const admin: Answer = (path) =>
    Response.json(path.endsWith('verify') ? { user } : { token: 'B1', refreshToken: null, user })

  test('of an admin is granted, and asked of the backend with its bearer', async () => {
    const { factor, asked } = running(admin)
    expect(await factor()).toMatchObject({ done: { answer: { token: 'B1' } } })
    expect(asked).toMatchObject([
      { path: '/api/auth/2fa/verify-temp', body: { tempToken: 'temporary', token: '123456' } },
      { path: '/api/admin/verify' },
    ])
    expect(asked[1]?.headers.get('authorization')).toBe('Bearer B1')
    expect(asked.map(({ headers }) => headers.has('origin'))).toEqual([false, false])
  })

  test.each<[string, Answer, object]>([
    ['no admin', says(403, 'Forbidden'), forbidden],
    ['another user', json(200, { user: { id: 'bob' } }), foreign],
    ['nobody', json(200, {}), foreign],
    ['422', says(422, 'Email'), foreign],
    ['nothing', () => Promise.reject(new TypeError('Failed to fetch')), away],
  ])('of a user that the backend calls %s is refused, with its grant', async (_, verified, refused) => {
    const { factor } = running((path, init) => (path.endsWith('verify') ? verified : admin)(path, init))
    expect(await factor()).toMatchObject({
      refused,
      granted: { answer: { token: 'B1' } },
      isJudged: true,
    })
  })

  test.each<[string, Answer, object]>([
    ['is wrong', says(401, 'Invalid'), { isJudged: true, isOver: false }],
    ['came too late', says(401, 'Token expired'), { isJudged: true, isOver: true }],
    ['says so with another status', says(400, 'Token expired'), { isJudged: true, isOver: false }],
    ['reached only a gateway', page(401), { isJudged: false, isOver: false }],
    ['reached nobody', () => Promise.reject(new TypeError('Failed')), { isJudged: false, isOver: false }],
    ['came too often', says(429, 'Too many'), { isJudged: false, isOver: false }],
  ])('that %s counts as a try or not', async (_, answer, step) => {
    expect(await running(answer).factor()).toMatchObject(step)
  })
})

test('an input of another step is none, and the right one is named', async () => {
  const { login } = running(json(200, {}))
  const request = new Request('https://admin.example/session/login')
  const pending = { next: 'twoFactor', keep: 'temporary' }
  expect(await login.submit?.({ request }, { email: 'ada@example.com' })).toBeUndefined()
  expect(await login.submit?.({ request }, { email: '', password: 'x' })).toBeUndefined()
  expect(await login.submit?.({ request }, { email: 'a', password: 'b' }, pending)).toBeUndefined()
  expect(login.expected?.()).toContain('"email"')
  expect(login.expected?.('twoFactor')).toContain('"backupCode"')
})

describe('a callback with', () => {
  test.each([
    ['an error of the backend', '?error=pkce_store_failed', 'pkce_store_failed'],
    ['an error of anybody', '?error=<script>', 'auth_failed'],
    ['an empty error', '?error=', 'auth_failed'],
    ['no code', '', 'invalid_code'],
    ['half a code', `?code=${CODE.slice(1)}`, 'invalid_code'],
    ['more than a code', `?code=a${CODE}`, 'invalid_code'],
    ['a code and more', `?code=${CODE}a`, 'invalid_code'],
  ])('%s is refused', async (_, search, code) => {
    const { callback, asked } = running(json(200, {}))
    expect(await callback(search)).toEqual({ refused: { status: 401, code } })
    expect(asked).toEqual([])
  })

  test('no attempt of this browser is refused', async () => {
    const { login } = running(json(200, {}))
    const request = new Request(`https://admin.example/auth/openid/callback?code=${CODE}`)
    expect(await login.callback?.({ request }, undefined)).toEqual({
      refused: { status: 401, code: 'login_not_started' },
    })
  })

  test.each<[string, Answer, object]>([
    ['401', json(401, { error_code: 'X' }), { status: 401, code: 'code_expired' }],
    ['400', json(400, { error_code: 'X' }), { status: 401, code: 'invalid_code' }],
    ['404', json(404, { error_code: 'X' }), foreign],
    ['401 without its word', says(401, 'No'), foreign],
    ['403', says(403, 'Forbidden'), forbidden],
    ['429', says(429, 'Too many'), { status: 429, code: 'rate_limited' }],
    ['500', page(500), away],
    ['a page', page(401), foreign],
    ['a gateway', json(401, { error_code: 'X' }, { 'x-amzn-errortype': 'X' }), foreign],
  ])('a code that the backend answers with %s is refused', async (_, answer, refused) => {
    expect(await running(answer).callback(`?code=${CODE}`)).toMatchObject({ refused })
  })

  test('a good code is granted: by OpenID with its subject, by Google without', async () => {
    const { callback, asked } = running(json(200, { token: 'B1', refreshToken: 'R1', user }), {
      google: true,
    })
    expect(await callback(`?code=${CODE}`)).toMatchObject({
      done: { strategy: 'openid', sub: 'sub of ada', answer: { token: 'B1', refreshToken: 'R1' } },
    })
    expect(asked).toMatchObject([
      { path: '/api/admin/oauth/exchange', body: { code: CODE, code_verifier: 'verifier' } },
    ])
    expect(asked[0]?.headers.get('origin')).toBe('https://admin.example')
    const google = await callback(`?code=${CODE}`, 'verifier', '/auth/google/callback')
    expect(google).toMatchObject({ done: { strategy: 'google' } })
    expect(google).not.toHaveProperty('done.sub')
  })

  test.each<[string, object, string | undefined]>([
    ['its own issuer', { iss: 'https://op.example/', sid: 'one' }, 'one'],
    ['another issuer', { iss: 'https://other.example/', sid: 'one' }, undefined],
    ['no name', { iss: 'https://op.example/' }, undefined],
    ['an empty name', { iss: 'https://op.example/', sid: '' }, undefined],
    ['a name that is no text', { iss: 'https://op.example/', sid: 7 }, undefined],
  ])('a bearer that names a session of %s', async (_, claims, sid) => {
    const token = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`
    const backChannelLogout = Object.assign(async () => ({ ok: false }) as never, {
      issuer: 'https://op.example/',
    })
    const { callback, login } = running(json(200, { token, refreshToken: 7, user }), { backChannelLogout })
    const step = (await callback(`?code=${CODE}`)) as { readonly done: { readonly sid?: string } }
    expect(step.done.sid).toBe(sid)
    expect(step).toMatchObject({ done: { answer: { refreshToken: null } } })
    expect(login).toMatchObject({ issuer: 'https://op.example/', backChannel: backChannelLogout })
  })

  test('a bearer that is no JWT, or that no issuer is known for, names no session', async () => {
    const { callback } = running(json(200, { token: 'B1', user }))
    expect(await callback(`?code=${CODE}`)).not.toHaveProperty('done.sid')
  })
})

describe('a session of LibreChat is', () => {
  test.each<[string, Answer, string]>([
    ['its own user', json(200, { user: { id: 'ada' } }), 'ok'],
    ['a user without an id', json(200, { user: {} }), 'ok'],
    ['another user', json(200, { user: { id: 'bob' } }), 'foreign'],
    ['U89: another user in the form of the database', json(200, { user: { _id: 'bob' } }), 'foreign'],
    ['U89: null', json(200, { user: null }), 'unavailable'],
    ['U90: its own user, through a proxy that changed the answer', json(203, { user: { id: 'ada' } }), 'ok'],
    ['a page', page(200), 'unavailable'],
    ['a text', json(200, { user: 'ada' }), 'unavailable'],
    ['no admin', says(403, 'Forbidden'), 'revoked'],
    ['another 403', says(403, 'Your account is banned'), 'refused'],
    ['403 with a code', json(403, { message: 'Forbidden', code: 'X' }), 'refused'],
    ['403 with an error', json(403, { message: 'Forbidden', error: 'X' }), 'refused'],
    ['403 of a gateway', says(403, 'Forbidden', { 'x-amzn-errortype': 'X' }), 'refused'],
    ['401', page(401), 'refused'],
    ['500', says(500, 'Forbidden'), 'unavailable'],
    ['404', says(404, 'Forbidden'), 'unavailable'],
  ])('verified: %s', async (_, answer, verdict) => {
    const { login } = running(answer)
    const paths: string[] = []
    const fetch = async (path: RequestInfo | URL) => {
      paths.push(String(path))
      return answer('', {})
    }
    expect(await login.verify?.(fetch as typeof globalThis.fetch, user, signal)).toBe(verdict)
    expect(paths).toEqual(['api/admin/verify'])
  })
})

test.each<[string, Answer, string]>([
  ['with OpenID', json(200, { message: 'OpenID check successful' }), 'ok'],
  ['without OpenID', json(404, { error_code: 'OPENID_NOT_CONFIGURED' }), 'ok'],
  ['something else', json(200, { message: 'Hello' }), 'wrong'],
  ['nothing of it', json(404, {}), 'wrong'],
  ['the right word with another status', json(400, { error_code: 'OPENID_NOT_CONFIGURED' }), 'wrong'],
  ['nobody', () => Promise.reject(new TypeError('Failed')), 'wrong'],
])('the check of a backend finds %s', async (_, answer, state) => {
  expect(await running(answer).login.check?.()).toMatchObject([{ check: 'provider', state }])
})

describe('the logout of a session at LibreChat', () => {
  const ask = { baseUrl: BACKEND, refreshToken: 'R1', userId: 'ada', attemptId: 'a', sessionId: 's' }
  const renewed = { token: 'B2', user }

  function leaving(
    answers: readonly Answer[],
    more: object = {},
    options: Partial<LibrechatLoginOptions> = {},
  ) {
    const left = [...answers]
    const { login, fetch, asked, ends } = running((...call) => (left.shift() ?? page(500))(...call), options)
    const end = {
      ...ask,
      bearer: 'B1',
      cause: 'logout',
      signal: new AbortController().signal,
      fetch,
      ...more,
    }
    return {
      asked,
      ends,
      paths: () => asked.map(({ path, headers }) => `${path} ${headers.get('authorization') ?? ''}`.trim()),
      revoke: () => login.strategies.librechat?.revoke?.(end as unknown as RevokeRequest),
    }
  }

  test('is one call with the bearer and the cookie', async () => {
    const { revoke, paths, asked } = leaving([json(200, {})])
    expect(await revoke()).toBe(true)
    expect(paths()).toEqual(['/api/auth/logout Bearer B1'])
    expect(asked[0]?.headers.get('cookie')).toBe('refreshToken=R1')
  })

  test('with an ended bearer gets another one first', async () => {
    const { revoke, paths } = leaving([
      page(401),
      json(200, renewed, { 'set-cookie': 'refreshToken=R2; Path=/' }),
      json(200, {}),
    ])
    expect(await revoke()).toBe(true)
    expect(paths()).toEqual(['/api/auth/logout Bearer B1', '/api/auth/refresh', '/api/auth/logout Bearer B2'])
  })

  test('without a bearer gets one first; the token is spent once, whatever is tried again', async () => {
    const { revoke, paths, asked } = leaving(
      [json(200, renewed, { 'set-cookie': 'refreshToken=R2; Path=/' }), page(503), json(200, {})],
      { bearer: undefined },
    )
    expect(await revoke()).toBe(false)
    expect(await revoke()).toBe(true)
    expect(paths()).toEqual(['/api/auth/refresh', '/api/auth/logout Bearer B2', '/api/auth/logout Bearer B2'])
    expect(asked.at(-1)?.headers.get('cookie')).toBe('refreshToken=R2')
  })

  test('sends no token that may be spent', async () => {
    const { revoke, paths } = leaving([page(401)], { isDoubtful: true })
    expect(await revoke()).toBe(false)
    expect(paths()).toEqual(['/api/auth/logout Bearer B1'])
  })

  test('is not done where the backend only refuses to renew', async () => {
    const { revoke, paths } = leaving([page(401), page(503), json(200, {})])
    expect(await revoke()).toBe(false)
    expect(paths()).toHaveLength(2)
  })

  test.each([
    ['of an origin that is listed', {}, ['https://op.example'], [['s', 'https://op.example/logout?x=1']]],
    ['of another origin', {}, ['https://other.example'], []],
    ['of a session without a name', { sessionId: undefined }, ['https://op.example'], []],
    ['of a session that another one replaced', { cause: 'replaced' }, ['https://op.example'], []],
  ])('tells the provider’s own logout %s', async (_, more, endSessionOrigins, ends) => {
    const world = leaving([json(200, { redirect: 'https://op.example/logout?x=1' })], more, {
      endSessionOrigins,
    })
    expect(await world.revoke()).toBe(true)
    expect(world.ends).toEqual(ends)
  })

  test('tells no address that is none', async () => {
    const world = leaving([json(200, { redirect: 7 })], {}, { endSessionOrigins: ['https://op.example'] })
    expect(await world.revoke()).toBe(true)
    expect(world.ends).toEqual([])
  })
})
