import { createServer } from 'node:http'
import { describe, expect, test } from 'vitest'
import { toNodeListener } from 'xstate-session/node'
import type { ServerNotice } from 'xstate-session/server'
import { browser } from './browser.ts'
import { librechatServer } from './librechatServer.ts'
import { JSON_TYPE, onPort } from './onPort.ts'
import { PANEL, SECRET, world } from './world.ts'

interface Said {
  readonly status: number
  readonly headers?: Record<string, string | readonly string[]>
  readonly body?: string
}

const said = (status: number, body: object | string, headers: Said['headers'] = JSON_TYPE): Said => ({
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const page = (status: number, html = '<html><h1>Oops</h1></html>') =>
  said(status, html, { 'content-type': 'text/html' })

/** A server before a backend that answers so, by path; `*` for any. */
async function serverOf(answers: Readonly<Record<string, Said>>) {
  const { url } = await onPort((incoming, outgoing) => {
    const { status, headers, body } = answers[incoming.url ?? ''] ?? answers['*'] ?? page(404)
    outgoing.writeHead(status, headers as never)
    outgoing.end(body)
  })
  const notices: ServerNotice[] = []
  const server = librechatServer({
    baseUrl: url,
    publicUrl: PANEL,
    secrets: [SECRET],
    observe: (notice) => notices.push(notice),
  })
  return { server, notices, page: browser((request) => server.handle(request), PANEL) }
}

const who = { email: 'ada@local.example', password: 'p' }
const LOGIN = '/api/admin/login/local'
const FACTOR = '/api/auth/2fa/verify-temp'
const PENDING = said(200, { twoFAPending: true, tempToken: 't' })

/** What is not LibreChat's, whatever its status says. */
const FOREIGN: readonly (readonly [string, Said, string])[] = [
  ['a 404 of nginx', page(404), '404 text/html'],
  ['a 404 without a body', { status: 404 }, '404 without a content type'],
  ['a 401 of an access proxy', page(401), '401 text/html'],
  [
    'a 400 of another framework',
    said(400, { statusCode: 400, message: 'Bad Request', error: 'x' }),
    '400 application/json',
  ],
  [
    'a 404 of Spring',
    said(404, { timestamp: 1, status: 404, error: 'Not Found', path: '/x' }),
    '404 application/json',
  ],
  ['a 404 of Kong', said(404, { message: 'no Route matched with those values' }), '404 application/json'],
  ['a 401 of Kong', said(401, { message: 'No API key found in request' }), '401 application/json'],
  [
    'a 401 of Kong for a key',
    said(401, { message: 'Invalid authentication credentials' }),
    '401 application/json',
  ],
  [
    'a 401 of a gateway that says how to log in there',
    said(401, { message: 'Go away' }, { ...JSON_TYPE, 'www-authenticate': 'Key realm="kong"' }),
    '401 application/json',
  ],
  ['a 404 of AWS', said(404, { message: 'Not Found' }), '404 application/json'],
  [
    'a 403 of AWS',
    said(403, { message: 'Forbidden' }, { ...JSON_TYPE, 'x-amzn-errortype': 'x' }),
    '403 application/json',
  ],
  ['a 403 of a firewall', page(403), '403 text/html'],
  [
    'a 404 of LibreChat for a base URL with /api',
    said(404, { message: 'Endpoint not found' }),
    '404 application/json',
  ],
  ['a 422 of FastAPI', said(422, { detail: [] }), '422 application/json'],
  ['a message of another type', said(404, { message: 5 }), '404 application/json'],
  ['an empty message', said(401, { message: '' }), '401 application/json'],
  ['a list', said(404, '["Incorrect password."]'), '404 application/json'],
  [
    'right words as a page',
    said(404, '{"message":"Incorrect password."}', { 'content-type': 'text/html' }),
    '404 text/html',
  ],
  [
    'a type that is none',
    said(404, { message: 'x' }, { 'content-type': 'a b c<script>' }),
    '404 an odd content type',
  ],
  [
    'two types',
    said(404, { message: 'x' }, { 'content-type': ['text/html', 'application/json'] }),
    '404 an odd content type',
  ],
  ['a page in place of a login', page(200), '200 text/html'],
  ['another API in place of a login', said(200, { status: 'ok' }), '200 application/json'],
  ['a token of nobody', said(200, { token: 'x' }), '200 application/json'],
  [
    'a token that no header can carry',
    said(200, { token: 'a b\r\nc', user: { id: 'u' } }),
    '200 application/json',
  ],
  [
    'a 403 with a code of somebody else’s',
    said(403, { code: 'RBAC', message: 'access denied' }),
    '403 application/json',
  ],
  ['a user without a token', said(200, { user: { id: 'u' } }), '200 application/json'],
  ['a redirect', { status: 302, headers: { location: 'https://idp.example/?token=secret' } }, '302 redirect'],
  ['a method that is not there', page(405), '405 text/html'],
]

describe.each(FOREIGN)('U21: %s', (_, answer, came) => {
  test('U21: is no wrong password', async () => {
    const { page: tab, notices } = await serverOf({ '*': answer })
    const got = await tab.post('/session/login', who)
    expect(got.status).toBe(502)
    expect(await got.json()).toEqual({
      error: 'backend_unrecognized',
      expected: expect.stringContaining('"baseUrl"'),
      came,
    })
    expect(notices).toEqual([
      { type: 'loginRefused', status: 502, code: 'backend_unrecognized', backendStatus: answer.status, came },
    ])
    expect(JSON.stringify(notices)).not.toContain('secret')
  })

  test('U21: is no wrong second factor', async () => {
    const { page: tab, notices } = await serverOf({ [LOGIN]: PENDING, '*': answer })
    expect((await tab.post('/session/login', who)).status).toBe(200)
    const got = await tab.post('/session/login/next', { code: '123456' })
    expect([got.status, (await got.json()).error]).toEqual([502, 'backend_unrecognized'])
    expect(notices.at(-1)).toMatchObject({ backendStatus: answer.status, came })
  })

  test('U21: is no sign that somebody is no admin, and none that somebody is', async () => {
    const grant = said(200, { token: 'x.y.z', user: { id: 'u' } })
    const { page: tab, notices } = await serverOf({ [LOGIN]: PENDING, [FACTOR]: grant, '*': answer })
    await tab.post('/session/login', who)
    const got = await tab.post('/session/login/next', { code: '123456' })
    const isUser = answer.body?.includes('"user"')
    expect([got.status, (await got.json()).error]).toEqual(
      isUser ? [200, undefined] : [502, 'backend_unrecognized'],
    )
    if (!isUser) expect(notices).toContainEqual(expect.objectContaining({ type: 'loginRefused', came }))
  })

  test('U21: is no code that came too late', async () => {
    const { page: tab, notices } = await serverOf({ '*': answer })
    await tab.post('/session/login/start', {})
    const got = await tab.get(`/auth/openid/callback?code=${'a'.repeat(64)}`, {
      headers: { 'sec-fetch-mode': 'navigate' },
    })
    expect(got.headers.get('location')).toBe('/login?error=backend_unrecognized')
    expect(notices.at(-1)).toEqual({
      type: 'loginRefused',
      status: 302,
      code: 'backend_unrecognized',
      backendStatus: answer.status,
      came,
    })
  })
})

test.each([
  [404, { message: 'Email does not exist.' }, 401, 'invalid_credentials'],
  [404, { message: 'Incorrect password.' }, 401, 'invalid_credentials'],
  [404, { message: 'password: String must contain at least 8 character(s)' }, 401, 'invalid_credentials'],
  [400, { message: 'Invalid credentials' }, 401, 'invalid_credentials'],
  [401, { message: 'No.' }, 401, 'invalid_credentials'],
  [422, { message: 'Email not verified.' }, 403, 'email_not_verified'],
  [403, { message: 'Forbidden' }, 403, 'forbidden'],
  [403, { error: 'Tenant context required in strict isolation mode' }, 403, 'forbidden'],
  [
    403,
    { code: 'FEDERATED', message: 'Sign in with your identity provider to continue.' },
    403,
    'use_identity_provider',
  ],
  [
    403,
    { message: 'Your account has been temporarily banned due to violations of our service.' },
    403,
    'banned',
  ],
  [429, { message: 'Too many login attempts, please try again after 5 minutes.' }, 429, 'rate_limited'],
  [500, { message: 'Something went wrong' }, 503, 'backend_unavailable'],
  [502, { message: 'x' }, 503, 'backend_unavailable'],
] as const)('U21: %s %j is LibreChat’s own word', async (backendStatus, body, status, code) => {
  const { page: tab, notices } = await serverOf({ '*': said(backendStatus, body) })
  const got = await tab.post('/session/login', who)
  expect([got.status, (await got.json()).error]).toEqual([status, code])
  expect(notices).toEqual([{ type: 'loginRefused', status, code, backendStatus }])
})

test.each([
  [403, { message: 'Your account has been temporarily banned due to violations of our service.' }, 'banned'],
  [403, { message: 'Cross-site request rejected' }, 'forbidden'],
  [403, { error: 'Tenant context required in strict isolation mode' }, 'forbidden'],
  [401, { error: 'x', error_code: 'INVALID_OR_EXPIRED_CODE' }, 'code_expired'],
] as const)(
  'U20: %s %j in place of a session for a code is a word of the backend, too',
  async (status, body, code) => {
    const { page: tab, notices } = await serverOf({ '*': said(status, body) })
    await tab.post('/session/login/start', {})
    const got = await tab.get(`/auth/openid/callback?code=${'a'.repeat(64)}`, {
      headers: { 'sec-fetch-mode': 'navigate' },
    })
    expect(got.headers.get('location')).toBe(`/login?error=${code}`)
    expect(notices.at(-1)).toEqual({ type: 'loginRefused', status: 302, code, backendStatus: status })
  },
)

test('U21: a code whose answer has an odd refresh token is no failure of this server', async () => {
  const { page: tab } = await serverOf({
    '*': said(200, { token: 'x.y.z', refreshToken: 5, user: { id: 'u' } }),
  })
  await tab.post('/session/login/start', {})
  const got = await tab.get(`/auth/openid/callback?code=${'a'.repeat(64)}`, {
    headers: { 'sec-fetch-mode': 'navigate' },
  })
  expect(got.headers.get('location')).toBe('/')
  expect((await tab.get('/session/')).status).toBe(200)
})

test('U21: an enrolment is told only where the backend asks for one', async () => {
  const enrol = said(200, { twoFASetupRequired: true, tempToken: 't', code: 'x' })
  const { page: tab } = await serverOf({ '*': enrol })
  const got = await tab.post('/session/login', who)
  expect([got.status, (await got.json()).error]).toEqual([403, 'two_factor_enrolment_required'])
})

test('U21: pages of a gateway cost no try of the second factor', async () => {
  const answers: Record<string, Said> = { [LOGIN]: PENDING, [FACTOR]: page(404) }
  const { page: tab } = await serverOf(answers)
  await tab.post('/session/login', who)
  for (let n = 0; n < 7; n++) expect((await tab.post('/session/login/next', { code: '1' })).status).toBe(502)
  answers[FACTOR] = said(401, { message: 'Invalid 2FA code or backup code' })
  const got = await tab.post('/session/login/next', { code: '1' })
  expect([got.status, (await got.json()).error]).toEqual([401, 'invalid_code'])
})

test('U21: an answer that is too long to be read is no wrong password', async () => {
  const { page: tab } = await serverOf({ '*': said(404, { message: 'x'.repeat(2_000_000) }) })
  const got = await tab.post('/session/login', who)
  expect([got.status, (await got.json()).error]).toEqual([503, 'backend_unavailable'])
})

describe('U21: a page that is refused is told what was expected, and what came', () => {
  const ORIGIN = PANEL
  test.each([
    [
      'another origin than publicUrl',
      { 'x-csrf': '1', origin: 'http://localhost:5173' },
      ORIGIN,
      'Origin: http://localhost:5173',
    ],
    ['no origin', { 'x-csrf': '1', origin: 'null' }, ORIGIN, 'Origin: null'],
    [
      'what is none',
      { 'x-csrf': '1', origin: 'https://evil.example/<script>' },
      ORIGIN,
      'Origin: something that is no origin',
    ],
    [
      'another site',
      { 'x-csrf': '1', 'sec-fetch-site': 'cross-site' },
      'same-origin',
      'Sec-Fetch-Site: cross-site',
    ],
    [
      'an odd site',
      { 'x-csrf': '1', 'sec-fetch-site': 'x"y' },
      'same-origin',
      'Sec-Fetch-Site: something else',
    ],
    ['no header', {}, 'x-csrf', 'no header x-csrf'],
    ['a header twice', { 'x-csrf': '1, 1' }, 'x-csrf', 'an x-csrf that is neither'],
  ])('U21: %s', async (_, headers, expected, came) => {
    const { serve } = await world()
    const { server } = serve()
    // On a real socket, as a page meets it.
    const listener = createServer(toNodeListener(server.handle, { origin: PANEL }))
    const { url } = await onPort((incoming, outgoing) => void listener.emit('request', incoming, outgoing))
    const got = await fetch(new URL('/session/login', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
      body: JSON.stringify(who),
    })
    expect(got.status).toBe(403)
    expect(await got.json()).toEqual({ error: 'csrf', expected: expect.stringContaining(expected), came })
  })
})
