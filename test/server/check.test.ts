import { createServer, type RequestListener } from 'node:http'
import { ClientSecretBasic } from 'oauth4webapi'
import { expect, onTestFinished, test } from 'vitest'
import { type OauthLoginOptions, oauthLogin } from 'xstate-session/oauth-login'
import { redisServerStore } from 'xstate-session/redis'
import { createSessionServer, type ServerStore, type SessionServerOptions } from 'xstate-session/server'
import { startPageProvider } from '../../examples/embed/provider.ts'
import { freePort } from '../../examples/server/processes.ts'
import { type LibrechatServerOptions, librechatServer } from './librechatServer.ts'
import { JSON_TYPE, onPort } from './onPort.ts'
import { PANEL, SECRET, world } from './world.ts'

const BASE = { publicUrl: PANEL, secrets: [SECRET], observe: () => {} }
const LIBRECHAT: RequestListener = (incoming, outgoing) =>
  void outgoing
    .writeHead(200, JSON_TYPE)
    .end(incoming.url?.endsWith('openid/check') ? '{"message":"OpenID check successful"}' : '{}')

async function found(more: Partial<LibrechatServerOptions> = {}, answer: RequestListener = LIBRECHAT) {
  const { url } = await onPort(answer)
  return librechatServer({ ...BASE, baseUrl: url, rateLimit: false, ...more }).check({ timeoutMs: 2_000 })
}

const wrongs = (findings: Awaited<ReturnType<typeof found>>) =>
  findings.filter(({ state }) => state === 'wrong').map(({ check, message }) => `${check}: ${message}`)

test('a server that has what it needs finds nothing wrong, and says what only others know', async () => {
  const { backend } = await world()
  const findings = await librechatServer({ ...BASE, baseUrl: backend.url }).check()
  expect(findings.map(({ check, state }) => `${state} ${check}`)).toEqual([
    'ok secrets',
    'ok store',
    'unknown store',
    'ok backend',
    'ok clock',
    'ok provider',
    'unknown callback',
  ])
  expect(findings.at(-1)?.message).toContain('https://admin.example/auth/openid/callback')
  expect(JSON.stringify(findings)).not.toContain(SECRET)
})

test('sealed cookies need no store', async () => {
  expect(await found({ sealedCookies: true })).toContainEqual(
    expect.objectContaining({ check: 'store', state: 'ok', message: expect.stringContaining('browsers') }),
  )
})

const nowhere = async () => `http://127.0.0.1:${await freePort()}/`
const failing = (code: string): ServerStore => {
  const fail = async () => {
    throw Object.assign(new Error('password=s3cret'), { code })
  }
  return { read: fail, compareAndSet: fail, keysOf: fail }
}
const forgetful: ServerStore = {
  read: async () => null,
  compareAndSet: async () => 1,
  keysOf: async () => [],
}
const evicting = (answer: () => unknown) =>
  redisServerStore({
    client: {
      call: async (command: string) =>
        command === 'CONFIG' ? answer() : command === 'HMGET' ? ['check', '1'] : 1,
      duplicate: () => {
        throw new Error('nobody watches')
      },
    },
  })

test.each<[string, () => Promise<Partial<LibrechatServerOptions>>, RequestListener, readonly RegExp[]]>([
  [
    'a secret that was typed',
    async () => ({ secrets: ['changeme'.repeat(4)] }),
    LIBRECHAT,
    [/^secrets: .*number 1 has fewer.*openssl rand/],
  ],
  [
    'a backend that is not there',
    async () => ({ baseUrl: await nowhere() }),
    LIBRECHAT,
    [/^backend: .*does not answer \(ECONNREFUSED\)/, /^provider: .*no answer comes that can be read/],
  ],
  [
    'U21: a `baseUrl` of somebody else',
    async () => ({}),
    (_, o) => void o.writeHead(404, { 'content-type': 'text/html' }).end('none'),
    [/^provider: .*`baseUrl`.*comes 404.*without `\/api`/],
  ],
  [
    'a gateway in front of nobody',
    async () => ({}),
    (_, o) => void o.writeHead(502).end(),
    [/^backend: .*a gateway says 502/, /^provider: /],
  ],
  [
    'a backend whose clock is wrong',
    async () => ({}),
    (i, o) => {
      o.setHeader('date', new Date(Date.now() + 90_000).toUTCString())
      LIBRECHAT(i, o)
    },
    [/^clock: .*(89|90) s ahead of.*NTP/],
  ],
  [
    'a store that is away',
    async () => ({ store: failing('ETIMEDOUT') }),
    LIBRECHAT,
    [/^store: .*\(ETIMEDOUT\)/],
  ],
  ['a store that forgets', async () => ({ store: forgetful }), LIBRECHAT, [/^store: .*does not return what/]],
  [
    'a Redis that evicts',
    async () => ({ store: evicting(() => ['maxmemory-policy', 'allkeys-lru']) }),
    LIBRECHAT,
    [/^store: .*`maxmemory-policy` allkeys-lru.*Set noeviction/],
  ],
])('%s', async (_, options, answer, said) => {
  const findings = await found(await options(), answer)
  expect(wrongs(findings)).toEqual(said.map((form) => expect.stringMatching(form)))
  expect(JSON.stringify(findings)).not.toContain('s3cret')
})

test('a Redis that may not be asked is unknown', async () => {
  const findings = await found({
    store: evicting(() => {
      throw new Error('NOPERM')
    }),
  })
  expect(findings).toContainEqual(
    expect.objectContaining({ check: 'store', state: 'unknown', message: expect.stringContaining('CONFIG') }),
  )
})

test('a backend that never answers is given up after `timeoutMs`', async () => {
  const { url } = await onPort(() => {})
  const server = librechatServer({ ...BASE, baseUrl: url })
  expect(wrongs(await server.check({ timeoutMs: 20 }))).toEqual([
    expect.stringMatching(/^backend: .*\(no answer in time\)/),
    expect.stringMatching(/^provider: .*\(no answer in time\)/),
  ])
})

/** A server whose only login is at the provider `issuer`. */
const staff = (issuer: string, more: Partial<SessionServerOptions> = {}) =>
  createSessionServer({
    ...BASE,
    logins: { staff: oauthLogin({ server: issuer, clientId: 'panel' }) },
    api: { '/api/': { target: 'http://127.0.0.1:1/', methods: ['GET'] } },
    ...more,
  })

/** A provider that answers with `metadata` of its issuer. */
async function provider(metadata: (issuer: string) => object, status = 200): Promise<string> {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const server = createServer((_, outgoing) =>
    outgoing.writeHead(status, JSON_TYPE).end(JSON.stringify(metadata(issuer))),
  )
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  closers.push(() => server.close())
  return issuer
}
const closers: (() => void)[] = []

const ENDPOINTS = (issuer: string) => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
})

test.each<[string, (issuer: string) => object, number, readonly RegExp[]]>([
  ['as it should be', ENDPOINTS, 200, []],
  [
    'of another issuer',
    (issuer) => ({ ...ENDPOINTS(issuer), issuer: `${issuer}/realms/staff` }),
    200,
    [/^provider: .*says that its issuer is .*\/realms\/staff\. Give `server` as the provider says it/],
  ],
  [
    'without metadata',
    () => ({ error: 'not_found' }),
    404,
    [/^provider: .*the answer is 404.*the exact issuer/],
  ],
  [
    'without endpoints',
    (issuer) => ({ issuer }),
    200,
    [/^provider: .*name no authorization_endpoint and no token_endpoint/],
  ],
])('a provider %s', async (_, metadata, status, said) => {
  const findings = await staff(await provider(metadata, status)).check()
  for (const close of closers.splice(0)) close()
  expect(wrongs(findings)).toEqual(said.map((form) => expect.stringMatching(form)))
  expect(findings.at(-1)).toEqual({
    check: 'callback',
    state: 'unknown',
    message: expect.stringContaining('https://admin.example/session/callback/staff'),
  })
})

test.each<[string, Partial<OauthLoginOptions>, string, string]>([
  [
    'as it is registered',
    {},
    'ok',
    'takes a login of this client, with the callback https://admin.example/in',
  ],
  ['with another callback', { callbackPath: 'out' }, 'wrong', 'https://admin.example/out (invalid_'],
  ['with another secret', { clientAuth: ClientSecretBasic('x'.repeat(40)) }, 'wrong', '(invalid_client'],
  ['with another client', { clientId: 'nobody' }, 'wrong', '`clientId` and `clientAuth`'],
])('a client %s: the provider itself is asked', async (_, more, state, said) => {
  const real = await startPageProvider({
    clientSecret: SECRET,
    isPushed: true,
    redirectUri: 'https://admin.example/in',
    postLogoutRedirectUri: 'https://admin.example/',
  })
  onTestFinished(() => real.close())
  const login = oauthLogin({
    server: real.issuer,
    clientId: 'panel',
    clientAuth: ClientSecretBasic(SECRET),
    callbackPath: 'in',
    ...more,
  })
  const findings = await staff(real.issuer, { logins: { staff: login } }).check()
  const callbacks = findings.filter(({ check }) => check === 'callback')
  expect(callbacks).toEqual([{ check: 'callback', state, message: expect.stringContaining(said) }])
  expect(JSON.stringify(findings)).not.toContain(SECRET)
})
