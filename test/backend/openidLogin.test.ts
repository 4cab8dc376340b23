import { createHash } from 'node:crypto'
import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { accounts } from '../../examples/backend/accounts.ts'
import { bearer, locationOf, present, send, statusAndBody, type TestBackend, testBackend } from './harness.ts'

const verifier = 'v'.repeat(64)
const challenge = createHash('sha256').update(verifier).digest('hex')
const panelOrigin = 'http://localhost:3000'

/** Walks to the callback by hand and answers with its response. */
async function callback(
  backend: TestBackend,
  options: { query?: string; sub?: string; edit?: (url: URL, cookies: Map<string, string>) => void } = {},
): Promise<Response> {
  const cookies = new Map<string, string>()
  let url = new URL(`${backend.url}/api/admin/oauth/openid?${options.query ?? `code_challenge=${challenge}`}`)
  for (;;) {
    if (url.searchParams.has('client_id')) url.searchParams.set('login_hint', options.sub ?? 'olga')
    const atCallback = url.pathname.endsWith('/callback')
    if (atCallback) options.edit?.(url, cookies)
    const response = await send(url.href, {
      headers: { Cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
    })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=')
      cookies.set(name, value)
    }
    if (atCallback) return response
    url = new URL(locationOf(response), url)
  }
}

async function code(backend: TestBackend, query?: string): Promise<string> {
  const response = await callback(backend, query === undefined ? {} : { query })
  expect(response.status).toBe(302)
  const location = new URL(locationOf(response))
  expect(location.origin + location.pathname).toBe(`${panelOrigin}/auth/openid/callback`)
  expect(location.search).toMatch(/^\?code=[0-9a-f]{64}$/)
  return present(location.searchParams.get('code'))
}

const exchange = (
  backend: TestBackend,
  json: unknown,
  headers: Record<string, string> = { Origin: panelOrigin },
) => statusAndBody(send(`${backend.url}/api/admin/oauth/exchange`, { json, headers }))

const burnt = [401, expect.objectContaining({ error_code: 'INVALID_OR_EXPIRED_CODE' })]

test('check tells whether OpenID is there', async () => {
  const backend = await testBackend()
  const check = () => statusAndBody(send(`${backend.url}/api/admin/oauth/openid/check`))
  expect(await check()).toEqual([200, { message: 'OpenID check successful' }])
  backend.knobs.openidConfigured = false
  expect(await check()).toEqual([
    404,
    { error: 'OpenID configuration not found', error_code: 'OPENID_NOT_CONFIGURED' },
  ])
})

test("start redirects to the provider, without the panel's challenge", async () => {
  const backend = await testBackend()
  const response = await send(`${backend.url}/api/admin/oauth/openid?code_challenge=${challenge}`)
  expect(response.status).toBe(302)
  const location = new URL(locationOf(response))
  expect(location.origin).toBe(backend.providerUrl)
  expect(location.searchParams.get('state')).toMatch(/^[0-9a-f]{64}$/)
  expect(location.searchParams.get('code_challenge')).not.toBe(challenge)
})

test('the exchange answers with bearer, refresh token, user and the expiry fixed at the callback', async () => {
  const backend = await testBackend({ sessionMs: 60_000 })
  const mintedAt = backend.now()
  const one = await code(backend)
  backend.advance(10_000)
  const [status, body] = await exchange(backend, { code: one, code_verifier: verifier })
  expect(status).toBe(200)
  expect(body).toEqual({
    token: expect.any(String),
    refreshToken: expect.any(String),
    expiresAt: mintedAt + 60_000,
    user: {
      _id: accounts.openidAdmin.id,
      id: accounts.openidAdmin.id,
      email: accounts.openidAdmin.email,
      name: accounts.openidAdmin.name,
      username: 'olga',
      role: 'ADMIN',
      provider: 'openid',
      openidId: 'olga',
    },
  })
  expect(decodeJwt((body as { token: string }).token).iat).toBe(Math.floor(mintedAt / 1000))
})

test('what the exchange leaves out', async () => {
  const backend = await testBackend({ reuseTokens: false, exchangeExpiresAt: false })
  expect(Object.keys(await backend.loginOpenid('openidAdmin')).sort()).toEqual(['token', 'user'])
})

test.each([
  ['no code', {}, 400, 'MISSING_CODE'],
  ['a malformed code', { code: 'A'.repeat(64) }, 400, 'INVALID_CODE_FORMAT'],
  ['a code that is no string', { code: 7 }, 400, 'INVALID_CODE_FORMAT'],
  ['an empty verifier', { code: 'a'.repeat(64), code_verifier: '' }, 400, 'INVALID_VERIFIER'],
  ['a verifier too long', { code: 'a'.repeat(64), code_verifier: 'v'.repeat(513) }, 400, 'INVALID_VERIFIER'],
  ['an unknown code', { code: 'a'.repeat(64), code_verifier: verifier }, 401, 'INVALID_OR_EXPIRED_CODE'],
])('exchange with %s', async (_, json, status, errorCode) => {
  const backend = await testBackend()
  expect(await exchange(backend, json)).toEqual([
    status,
    { error: expect.any(String), error_code: errorCode },
  ])
})

test('exchange of a body that is not JSON', async () => {
  const backend = await testBackend()
  const response = await send(`${backend.url}/api/admin/oauth/exchange`, { method: 'POST', body: 'code=1' })
  expect(await statusAndBody(response)).toEqual([
    500,
    expect.objectContaining({ error_code: 'INTERNAL_ERROR' }),
  ])
})

test('a code serves once, for 30 seconds', async () => {
  const backend = await testBackend()
  const one = await code(backend)
  expect((await exchange(backend, { code: one, code_verifier: verifier }))[0]).toBe(200)
  expect(await exchange(backend, { code: one, code_verifier: verifier })).toEqual(burnt)
  const two = await code(backend)
  backend.advance(30_000)
  expect(await exchange(backend, { code: two, code_verifier: verifier })).toEqual(burnt)
})

test('a wrong origin or verifier burns the code; the Referer serves where there is no Origin', async () => {
  const backend = await testBackend()
  const good = { Origin: panelOrigin }
  for (const [headers, code_verifier] of [
    [{ Origin: 'https://evil.example' }, verifier],
    [{}, verifier],
    [good, 'wrong'],
    [good, undefined],
  ] as const) {
    const one = await code(backend)
    expect(await exchange(backend, { code: one, code_verifier }, headers)).toEqual(burnt)
    expect(await exchange(backend, { code: one, code_verifier: verifier })).toEqual(burnt)
  }
  const one = await code(backend)
  expect(
    (
      await exchange(
        backend,
        { code: one, code_verifier: verifier },
        { Referer: `${panelOrigin}/auth/openid/callback` },
      )
    )[0],
  ).toBe(200)
})

test.each(['', 'code_challenge=abc', `code_challenge=${challenge.toUpperCase()}`])(
  'challenge "%s" is dropped without a word',
  async (query) => {
    const backend = await testBackend()
    expect((await exchange(backend, { code: await code(backend, query) }))[0]).toBe(200)
  },
)

test('callback failures', async () => {
  const backend = await testBackend()
  const failed = async (response: Response) => [
    response.status,
    new URL(locationOf(response)).searchParams.get('error'),
  ]

  expect(await statusAndBody(callback(backend, { sub: 'udo' }))).toEqual([403, { message: 'Forbidden' }])
  const withoutState = await callback(backend, {
    edit: (url) => url.searchParams.set('state', 'f'.repeat(64)),
  })
  expect(await failed(withoutState)).toEqual([302, 'auth_failed'])
  expect(await failed(await callback(backend, { edit: (url) => url.searchParams.set('code', 'x') }))).toEqual(
    [302, 'auth_failed'],
  )
  const inAnotherBrowser = await callback(backend, { edit: (_, cookies) => cookies.clear() })
  expect(await failed(inAnotherBrowser)).toEqual([302, 'auth_failed'])
  backend.operator.setProviderConnection('down')
  expect(await failed(await callback(backend))).toEqual([302, 'auth_failed'])
  backend.operator.setProviderConnection('up')
  expect(await failed(await callback(backend, { edit: () => backend.advance(5 * 60_000) }))).toEqual([
    302,
    'auth_failed',
  ])
  backend.operator.deleteUser('openidAdmin')
  expect(await failed(await callback(backend))).toEqual([302, 'auth_failed'])
  await expect(backend.loginOpenid('openidUser')).rejects.toThrow('answered 403')
  await expect(backend.loginOpenid('localAdmin')).rejects.toThrow('an account without single sign-on')
})

test('of two records of one subject the newest is taken', async () => {
  const backend = await testBackend()
  expect((await backend.loginOpenid('openidAcme')).user.id).toBe(accounts.openidAcme.id)
  expect((await backend.loginOpenid('openidGlobex')).user.id).toBe(accounts.openidGlobex.id)
  expect((await backend.loginOpenid('openidAcme')).user.id).toBe(accounts.openidAcme.id)
})

test('a login stamps the user record', async () => {
  const backend = await testBackend()
  backend.advance(60_000)
  const json = { code: await code(backend), code_verifier: verifier }
  const login = await send(`${backend.url}/api/admin/oauth/exchange`, {
    json,
    headers: { Origin: panelOrigin },
  })
  const { token } = await login.json()
  const { user } = await (await send(`${backend.url}/api/admin/verify`, { headers: bearer(token) })).json()
  expect(user.updatedAt).toBe(new Date(backend.now()).toISOString())
})

test('without a hint the provider lets a person choose', async () => {
  const backend = await testBackend()
  const start = await send(`${backend.url}/api/admin/oauth/openid`)
  const authorize = await send(locationOf(start))
  const cookies = authorize.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const page = await send(new URL(locationOf(authorize), backend.providerUrl).href, {
    headers: { Cookie: cookies },
  })
  expect(page.status).toBe(200)
  expect(await page.text()).toContain('href="?account=olga"')
})
