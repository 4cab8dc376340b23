import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { backChannelLogout } from 'xstate-session/backchannel'
import { memoryServerStore, type ServerNotice } from 'xstate-session/server'
import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'
import { browser } from '../server/browser.ts'
import { type LibrechatServerOptions, librechatServer } from '../server/librechatServer.ts'

const PANEL = 'https://admin.example'
const ISSUER = 'https://idp.example'
const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} }

let backend: Backend
beforeAll(async () => {
  backend = await startBackend({ panelUrl: PANEL })
})
afterAll(() => backend.close())
beforeEach(() => {
  backend.knobs.clockOffsetMs = 0
  backend.knobs.sessionMs = 900_000
  backend.log.reset()
})

const { privateKey, publicKey } = await generateKeyPair('RS256')
const other = await generateKeyPair('RS256')
const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg: 'RS256', kid: 'k' }] }

function serve(more: Partial<LibrechatServerOptions> = {}) {
  const notices: ServerNotice[] = []
  const server = librechatServer({
    baseUrl: backend.url,
    publicUrl: PANEL,
    secrets: ['a secret that is long enough for a test of this'],
    backChannelLogout: backChannelLogout({ issuer: ISSUER, clientId: 'librechat', jwks }),
    observe: (notice) => notices.push(notice),
    ...more,
  })
  return { server, notices, page: browser((request) => server.handle(request), PANEL) }
}

const now = () => Math.floor(Date.now() / 1000)
const claims = (more: object = {}) => ({
  iss: ISSUER,
  aud: 'librechat',
  iat: now(),
  exp: now() + 60,
  jti: crypto.randomUUID(),
  sub: backend.accounts.openidAdmin.sub,
  events: EVENTS,
  ...more,
})
const signed = (payload: object, key = privateKey, header: object = {}) =>
  new SignJWT(payload as never).setProtectedHeader({ alg: 'RS256', kid: 'k', ...header }).sign(key)

const post = (body: string, init: RequestInit = {}) =>
  new Request(`${PANEL}/session/backchannel-logout`, {
    method: 'POST',
    body,
    ...init,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...(init.headers as object) },
  })
const form = (token: string) => post(new URLSearchParams({ logout_token: token }).toString())

test('X32: a valid token ends every session of its subject, and only those', async () => {
  const { server, page } = serve()
  const second = browser((request) => server.handle(request), PANEL)
  const local = browser((request) => server.handle(request), PANEL)
  await page.navigate('/session/login/start')
  await second.navigate('/session/login/start')
  await local.post('/session/login', backend.accounts.localAdmin)
  const answer = await server.handle(form(await signed(claims())))
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
  const after = await page.get('/session/')
  expect([after.status, await after.json()]).toEqual([401, { error: 'no_session', reason: 'backChannel' }])
  expect((await second.get('/session/')).status).toBe(401)
  expect((await local.get('/session/')).status).toBe(200)
})

const bad: Record<string, () => Promise<Request> | Request> = {
  'no signature': () => form(new UnsecuredJWT(claims() as never).encode()),
  'a foreign key': async () => form(await signed(claims(), other.privateKey)),
  'a MAC with the public key': async () =>
    form(
      await new SignJWT(claims() as never)
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode(JSON.stringify(jwks.keys[0]))),
    ),
  'another issuer': async () => form(await signed(claims({ iss: 'https://evil.example' }))),
  'another audience': async () => form(await signed(claims({ aud: 'other' }))),
  'a nonce': async () => form(await signed(claims({ nonce: 'n' }))),
  'no events': async () => form(await signed(claims({ events: undefined }))),
  'other events': async () => form(await signed(claims({ events: { x: {} } }))),
  'an event that is null': async () =>
    form(await signed(claims({ events: { [Object.keys(EVENTS)[0] as string]: null } }))),
  'events that are null': async () => form(await signed(claims({ events: null }))),
  'events that are text': async () =>
    form(await signed(claims({ events: { [Object.keys(EVENTS)[0] as string]: '' } }))),
  'U6 no end': async () => form(await signed(claims({ exp: undefined }))),
  'U6 a sid alone, by which no session is found': async () =>
    form(await signed(claims({ sub: undefined, sid: 's' }))),
  'U6 an empty sub': async () => form(await signed(claims({ sub: '' }))),
  'U6 a token of another type': async () => form(await signed(claims(), privateKey, { typ: 'at+jwt' })),
  'U6 an ID token that says so': async () =>
    form(await signed(claims(), privateKey, { typ: 'id_token+jwt' })),
  'U6 a token of a type that begins alike': async () =>
    form(await signed(claims(), privateKey, { typ: 'logout+jwt2' })),
  'a text of the same form': async () =>
    post(`logout_token=${await signed(claims())}`, { headers: { 'content-type': 'text/plain' } }),
  'neither sub nor sid': async () => form(await signed(claims({ sub: undefined }))),
  'an old iat': async () => form(await signed(claims({ iat: now() - 600 }))),
  'an iat of the future': async () => form(await signed(claims({ iat: now() + 600 }))),
  'no iat': async () => form(await signed(claims({ iat: undefined }))),
  'U6 a sid that is no text': async () => form(await signed(claims({ sid: 7 }))),
  'U6 an empty sid': async () => form(await signed(claims({ sid: '' }))),
  'a jti that is no text': async () => form(await signed(claims({ jti: 1 }))),
  'no jti': async () => form(await signed(claims({ jti: undefined }))),
  'an end that has passed': async () => form(await signed(claims({ exp: now() - 600 }))),
  'two tokens': async () =>
    post(`logout_token=${await signed(claims())}&logout_token=${await signed(claims())}`),
  'no token': () => post(''),
  garbage: () => form('a.b.c'),
  JSON: async () =>
    post(JSON.stringify({ logout_token: await signed(claims()) }), {
      headers: { 'content-type': 'application/json' },
    }),
  'a body of 10 MB': async () => post(`x=${'y'.repeat(10_000_000)}&logout_token=${await signed(claims())}`),
}

/** What the log is told of them; of all others, that the token itself is wrong. */
const reasons: Record<string, string> = {
  'a nonce': 'an ID token has a nonce, a logout token has none',
  'other events': 'not a logout event',
  'an event that is null': 'not a logout event',
  'events that are null': 'not a logout event',
  'events that are text': 'not a logout event',
  'U6 an empty sub': 'no sub or sid to find sessions by',
  'U6 a sid that is no text': 'no sub or sid to find sessions by',
  'U6 an empty sid': 'no sub or sid to find sessions by',
  'U6 a token of another type': 'another type of token',
  'U6 an ID token that says so': 'another type of token',
  'U6 a token of a type that begins alike': 'another type of token',
  'a text of the same form': 'not a form with one logout_token',
  'neither sub nor sid': 'no sub or sid to find sessions by',
  'an old iat': 'too old, or of the future',
  'an iat of the future': 'too old, or of the future',
  'a jti that is no text': 'used before',
  'two tokens': 'not a form with one logout_token',
  'no token': 'not a form with one logout_token',
  JSON: 'not a form with one logout_token',
}

test.each(Object.keys(bad).filter((name) => !/a sid alone|10 MB/.test(name)))(
  '%s: the log says why',
  async (name) => {
    const verify = backChannelLogout({ issuer: ISSUER, clientId: 'librechat', jwks })
    expect(await verify(await (bad[name] as () => Promise<Request>)())).toEqual({
      ok: false,
      reason: reasons[name] ?? 'signature, issuer, audience, age or end',
    })
  },
)

test.each([
  ['`issuer`', { issuer: '' }],
  ['`clientId`', { clientId: '' }],
  ['"maxAgeMs"', { maxAgeMs: 0 }],
  ['"maxAgeMs"', { maxAgeMs: Number.NaN }],
  ['`jwks`', { jwks: 'https://idp.example/keys' }],
  ['`jwks`', { jwks: undefined }],
])('it names the option that is wrong: %s of %j', (name, change) => {
  const options = { issuer: ISSUER, clientId: 'librechat', jwks, ...change } as never
  expect(() => backChannelLogout(options)).toThrow(name)
})

test('it says whose tokens it takes, and of a token what it names and when it was sent', async () => {
  const verify = backChannelLogout({ issuer: ISSUER, clientId: 'librechat', jwks })
  expect(verify.issuer).toBe(ISSUER)
  const iat = now()
  const judged = async (change: object) => verify(form(await signed(claims({ iat, ...change }))))
  const found = { ok: true, issuedAt: iat * 1_000, forget: expect.any(Function) }
  expect(await judged({ sub: 's' })).toStrictEqual({ ...found, sub: 's' })
  expect(await judged({ sub: undefined, sid: 'x' })).toStrictEqual({ ...found, sid: 'x' })
  const put = await signed(claims())
  expect(await verify(post(`logout_token=${put}`, { method: 'PUT' }))).toMatchObject({ ok: false })
})

test('it says that it got no options', () => {
  expect(() => backChannelLogout(undefined as never)).toThrow('backChannelLogout: the options are missing')
})

test.each(Object.keys(bad))('X32, U6: %s is refused, and nobody is logged out', async (name) => {
  const { server, page, notices } = serve()
  await page.navigate('/session/login/start')
  const answer = await server.handle(await (bad[name] as () => Promise<Request>)())
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([400, 'no-store'])
  expect(await answer.json()).toMatchObject({ error: 'invalid_request' })
  expect((await page.get('/session/')).status).toBe(200)
  expect(notices).toContainEqual({ type: 'turnedAway', code: 'backChannelLogout' })
})

test('X32: a token works once, and a GET never', async () => {
  const { server, page } = serve()
  const token = await signed(claims())
  expect((await server.handle(form(token))).status).toBe(200)
  await page.navigate('/session/login/start')
  expect((await server.handle(form(token))).status).toBe(400)
  const get = new Request(`${PANEL}/session/backchannel-logout?logout_token=${await signed(claims())}`)
  expect((await server.handle(get)).status).toBe(404)
  expect((await page.get('/session/')).status).toBe(200)
})

test('X32: a token whose logout the store did not take works once more', async () => {
  const store = memoryServerStore()
  let isDown = false
  const { server, page } = serve({
    store: {
      ...store,
      keysOf: (mac) => (isDown ? Promise.reject(new Error('the store is down')) : store.keysOf(mac)),
    },
  })
  await page.navigate('/session/login/start')
  const token = await signed(claims())
  isDown = true
  expect((await server.handle(form(token))).status).toBe(400)
  isDown = false
  expect((await server.handle(form(token))).status).toBe(200)
  expect((await page.get('/session/')).status).toBe(401)
  expect((await server.handle(form(token))).status).toBe(400)
})

test('C29: a refresh that is under way does not bring the session back', async () => {
  backend.knobs.sessionMs = 2_000
  const { server, page } = serve()
  await page.navigate('/session/login/start')
  backend.knobs.clockOffsetMs = 60_000
  const hanging = backend.faults.inject('openidRefresh', { kind: 'hang', at: 'after' })
  const asked = page.get('/api/admin/users')
  await expect.poll(() => hanging.hits).toBe(1)
  expect((await server.handle(form(await signed(claims())))).status).toBe(200)
  expect((await asked).status).toBe(401)
  hanging.clear()
  await server.drain()
  expect(backend.log.presentations.length).toBe(1)
})

test('without a verifier there is no such endpoint', async () => {
  const server = librechatServer({
    baseUrl: backend.url,
    publicUrl: PANEL,
    secrets: ['a secret that is long enough for a test of this'],
  })
  expect((await server.handle(form('x'))).status).toBe(404)
})

test.each([[undefined], ['logout+jwt'], ['application/logout+jwt'], ['JWT']])(
  'U6: a logout token of type %s is one',
  async (typ) => {
    const { server, page } = serve()
    await page.navigate('/session/login/start')
    const answer = await server.handle(
      form(await signed(claims({ sid: 's' }), privateKey, typ ? { typ } : {})),
    )
    expect(answer.status).toBe(200)
    expect((await page.get('/session/')).status).toBe(401)
  },
)

test('U6: a verifier of your own that names no subject ends nothing, and its provider is told', async () => {
  const { server, page, notices } = serve({
    backChannelLogout: async () => ({ ok: true, sid: 's', issuedAt: Date.now() }),
  })
  await page.navigate('/session/login/start')
  expect((await server.handle(form('x'))).status).toBe(400)
  expect((await page.get('/session/')).status).toBe(200)
  expect(notices).toContainEqual({ type: 'turnedAway', code: 'backChannelLogout' })
})

test('U6: sessions that only their browsers hold cannot be ended: the combination is refused', () => {
  expect(() => serve({ sealedCookies: true })).toThrow(
    'Option "sealedCookies" and a login with `backChannelLogout` exclude each other',
  )
})

test('U6: all sessions of a subject are over before the first grant is revoked', async () => {
  const { server } = serve({ openidBackendLogout: true, attemptTimeoutMs: 500 })
  const pages = Array.from({ length: 12 }, () => browser((request) => server.handle(request), PANEL))
  for (const page of pages) await page.navigate('/session/login/start')
  const hanging = backend.faults.inject('logout', { kind: 'hang' }, { times: Infinity })
  const answered = server.handle(form(await signed(claims())))
  await expect.poll(() => hanging.hits).toBeGreaterThan(0)
  for (const page of pages) expect((await page.get('/session/')).status).toBe(401)
  expect((await answered).status).toBe(200)
  hanging.clear()
})

test('Ory Hydra leaves the end out of its tokens: where that is said, their age alone bounds them', async () => {
  const verify = backChannelLogout({ issuer: ISSUER, clientId: 'librechat', jwks, requiresExp: false })
  const judged = async (change: object) => verify(form(await signed(claims({ exp: undefined, ...change }))))
  expect(await judged({})).toMatchObject({ ok: true })
  expect(await judged({ iat: now() - 600 })).toMatchObject({ ok: false })
  expect(await judged({ exp: now() - 600 })).toMatchObject({ ok: false })
})
