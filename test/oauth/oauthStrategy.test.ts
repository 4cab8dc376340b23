import { allowInsecureRequests, ClientSecretBasic } from 'oauth4webapi'
import { describe, expect, test } from 'vitest'
import { Misconfigured } from '../../src/base/errors.ts'
import type { OauthStrategyOptions } from '../../src/oauth/oauthOptions.ts'
import { oauthProfiles } from '../../src/oauth/oauthProfiles.ts'
import { oauthStrategy } from '../../src/oauth/oauthStrategy.ts'
import { attempt, fakeFetch, json, page, TOKEN } from '../strategies/attempt.ts'
import { httpServer, rawServer } from '../wire/loopback.ts'

const server = {
  issuer: 'https://op.example',
  token_endpoint: 'https://op.example/token',
  revocation_endpoint: 'https://op.example/revoke',
}
const strategyOf = (options: Partial<OauthStrategyOptions> = {}) =>
  oauthStrategy({ server, clientId: 'panel', ...options })
const answered = (
  response: () => Response | Promise<Response>,
  options: Partial<OauthStrategyOptions> = {},
) => strategyOf(options).refresh(attempt({ fetch: fakeFetch(response).fetch }))
const failed = (status: number, error: string) =>
  answered(() => json({ error, error_description: 'canary' }, { status }))
const unknown = (cause: string) => ({ kind: 'unknown', cause, answered: false })
const misconfigured = { kind: 'refused', cause: 'misconfigured' }
const rejected = { kind: 'rejected', reason: 'refreshRejected' }

const good = { access_token: 'T2', token_type: 'Bearer', expires_in: 300, refresh_token: 'R2' }

/** An ID token as the token endpoint hands it out: over TLS, so its signature is not what vouches for it. */
function idToken(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'RS256' })}.${part(claims)}.${Buffer.from('signature').toString('base64url')}`
}
const nowSeconds = () => Math.floor(Date.now() / 1000)
const claims = (more: object = {}) => ({
  iss: 'https://op.example',
  aud: 'panel',
  sub: 'subject-1',
  iat: nowSeconds(),
  exp: nowSeconds() + 300,
  ...more,
})

describe('what is sent', () => {
  test('the refresh grant of RFC 6749 section 6, without headers that a token endpoint does not expect', async () => {
    const { fetch, sent } = fakeFetch(() => json(good))
    expect(await strategyOf({ scope: 'openid' }).refresh(attempt({ fetch, tenantId: 'acme' }))).toEqual({
      kind: 'ok',
      bearer: 'T2',
      refreshToken: 'R2',
      life: { expiresIn: 300 },
    })
    expect(sent).toHaveLength(1)
    expect(sent[0]?.url).toBe('https://op.example/token')
    expect(sent[0]?.init).toMatchObject({
      method: 'POST',
      redirect: 'manual',
      cache: 'no-store',
      credentials: 'omit',
    })
    expect(Object.fromEntries(new URLSearchParams(String(sent[0]?.init.body)))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: TOKEN,
      client_id: 'panel',
      scope: 'openid',
    })
    for (const name of ['x-refresh-attempt-id', 'x-tenant-id', 'cookie', 'authorization']) {
      expect(sent[0]?.headers.has(name)).toBe(false)
    }
  })

  test('the client proves itself as it is told to', async () => {
    const { fetch, sent } = fakeFetch(() => json(good))
    await strategyOf({ clientAuth: ClientSecretBasic('secret') }).refresh(attempt({ fetch }))
    expect(sent[0]?.headers.get('authorization')).toBe(`Basic ${btoa('panel:secret')}`)
  })

  test('without a refresh token nothing is sent', async () => {
    const { fetch, sent } = fakeFetch(() => json(good))
    expect(await strategyOf().refresh(attempt({ fetch, refreshToken: '' }))).toEqual({
      kind: 'rejected',
      reason: 'missingCredential',
    })
    expect(sent).toEqual([])
  })

  test('an endpoint without TLS, learned from the metadata, is misconfigured, and nothing more is sent', async () => {
    const { fetch, sent } = fakeFetch(() => json({ ...server, token_endpoint: 'http://op.example/token' }))
    const strategy = strategyOf({ server: 'https://op.example' })
    expect(await strategy.refresh(attempt({ fetch }))).toEqual(misconfigured)
    expect(sent).toHaveLength(1)
  })

  test('options that cannot work are refused at once', () => {
    expect(() => strategyOf({ clientId: '' })).toThrow(Misconfigured)
    expect(() => strategyOf({ server: 'no url' })).toThrow(Misconfigured)
  })
})

describe('discovery', () => {
  const discovering = strategyOf.bind(null, { server: 'https://op.example' })

  test('the metadata are read once, before the first grant', async () => {
    const urls: string[] = []
    const strategy = discovering()
    const fetch = async (url: string | URL | Request) => {
      urls.push(String(url))
      return String(url).endsWith('/token') ? json(good) : json(server)
    }
    expect(await strategy.refresh(attempt({ fetch }))).toMatchObject({ kind: 'ok' })
    expect(await strategy.refresh(attempt({ fetch }))).toMatchObject({ kind: 'ok' })
    expect(urls).toEqual([
      'https://op.example/.well-known/openid-configuration',
      'https://op.example/token',
      'https://op.example/token',
    ])
  })

  test.each([
    ['cannot be reached', () => Promise.reject(new TypeError('x')), { kind: 'refused', cause: 'network' }],
    ['is down', () => page('', { status: 502 }), { kind: 'refused', cause: 'unavailable' }],
    [
      'limits',
      () => page('', { status: 429, headers: { 'retry-after': '9' } }),
      { kind: 'refused', cause: 'limited', retryAfterMs: 9000 },
    ],
    ['is behind a portal', () => page('<html>'), { kind: 'refused', cause: 'unavailable' }],
    [
      'redirects',
      () => new Response(null, { status: 302, headers: { location: '/x' } }),
      { kind: 'refused', cause: 'unavailable' },
    ],
    [
      'is another one',
      () => json({ ...server, issuer: 'https://evil.example' }),
      { ...misconfigured, problem: expect.stringContaining('https://evil.example/') },
    ],
    [
      'has an error in their place',
      () => json({ error: 'not_found' }, { status: 404 }),
      { ...misconfigured, problem: expect.stringContaining('404') },
    ],
  ])('a provider that %s has spent nothing, and is asked again', async (_, response, outcome) => {
    const strategy = discovering()
    const { fetch, sent } = fakeFetch(response)
    expect(await strategy.refresh(attempt({ fetch }))).toEqual(outcome)
    expect(sent).toHaveLength(1)
    const urls: string[] = []
    const recovered = async (url: string | URL | Request) => {
      urls.push(String(url))
      return String(url).endsWith('/token') ? json(good) : json(server)
    }
    expect(await strategy.refresh(attempt({ fetch: recovered }))).toMatchObject({ kind: 'ok' })
    expect(urls).toHaveLength(2)
  })
})

describe('U60: a gateway that has no route to the provider', () => {
  const away = { kind: 'refused', cause: 'unavailable', problem: expect.stringMatching(/op\.example.* 404,/) }
  const answers = [
    () => page('404 page not found', { status: 404 }),
    () => json({ message: 'no Route matched with those values' }, { status: 404 }),
  ]

  test('U60: is an outage, and says what else the same answer may mean', async () => {
    for (const answer of answers) {
      const strategy = strategyOf({ server: 'https://op.example' })
      expect(await strategy.refresh(attempt({ fetch: fakeFetch(answer).fetch }))).toEqual(away)
    }
  })

  test('U60: where there is none in front, `server` is wrong', async () => {
    const strategy = strategyOf({ server: 'https://op.example', trust404: true })
    const { fetch } = fakeFetch(() => page('', { status: 404 }))
    expect(await strategy.refresh(attempt({ fetch }))).toMatchObject({
      ...misconfigured,
      problem: away.problem,
    })
  })
})

describe('what the answers mean', () => {
  test('A2 without a new refresh token the old one stays', async () => {
    const { refresh_token: _, ...kept } = good
    expect(await answered(() => json(kept))).toEqual({ kind: 'ok', bearer: 'T2', life: { expiresIn: 300 } })
  })

  test('A8 and A9: an answer against the rules still keeps a new refresh token', async () => {
    const kept = { kind: 'ok', refreshToken: 'R2', warnings: ['schema'] }
    expect(await answered(() => json({ refresh_token: 'R2' }))).toEqual(kept)
    expect(await answered(() => json({ ...good, access_token: 7 }))).toEqual(kept)
    expect(await answered(() => json({ ...good, id_token: 'no.jwt.at-all' }))).toEqual(kept)
    for (const body of [
      {},
      { access_token: 7 },
      { ...good, access_token: null, refresh_token: 7 },
      [],
      null,
    ]) {
      expect(await answered(() => json(JSON.stringify(body)))).toEqual({
        ...unknown('schema'),
        warnings: ['schema'],
      })
    }
  })

  test('A23 invalid_grant is definitive, with 403 too', async () => {
    for (const status of [400, 401, 403]) expect(await failed(status, 'invalid_grant')).toEqual(rejected)
    expect(await failed(400, 'interaction_required')).toEqual(rejected)
  })

  test.each([
    'invalid_client',
    'invalid_request',
    'unsupported_grant_type',
    'unauthorized_client',
    'invalid_scope',
  ])('A24 %s is a client that the provider does not accept, not a logout', async (error) => {
    expect(await failed(error === 'invalid_client' ? 401 : 400, error)).toEqual(misconfigured)
  })

  test('A28 unknown codes, and pages, prove nothing', async () => {
    expect(await failed(400, 'something_else')).toEqual(unknown('status'))
    expect(await failed(400, '__proto__')).toEqual(unknown('status'))
    expect(await answered(() => page('<p>{"error":"invalid_grant"}', { status: 400 }))).toEqual(
      unknown('status'),
    )
    expect(await answered(() => json('null', { status: 400 }))).toEqual(unknown('status'))
  })

  test('A34, A36 and A37: 500 and 503 as everywhere', async () => {
    expect(await failed(500, 'server_error')).toEqual(unknown('status'))
    expect(await failed(500, 'invalid_grant')).toEqual(unknown('status'))
    expect(await failed(503, 'temporarily_unavailable')).toEqual({ kind: 'refused', cause: 'unavailable' })
    expect(await answered(() => page('', { status: 503 }))).toEqual({
      ...unknown('status'),
      overloaded: true,
    })
    expect(await answered(() => page('', { status: 503 }), { trust503: true })).toMatchObject({
      kind: 'refused',
    })
  })

  test('A5 and X6: a redirect of the token endpoint is not followed', async () => {
    let reached = 0
    const foreign = await httpServer((_, response) => {
      reached++
      response.end()
    })
    const { baseUrl } = await httpServer((_, response) => {
      response.writeHead(307, { location: foreign.baseUrl }).end()
    })
    const strategy = strategyOf({
      server: { issuer: baseUrl, token_endpoint: `${baseUrl}token` },
      [allowInsecureRequests]: true,
    })
    expect(await strategy.refresh(attempt())).toEqual(unknown('redirect'))
    expect(reached).toBe(0)
  })

  test('N5 and N16: the grant has the connection and the deadline of every protocol call', async () => {
    const controller = new AbortController()
    const { baseUrl, received } = await rawServer((socket) =>
      received.length === 1 ? socket.resetAndDestroy() : controller.abort(),
    )
    const strategy = strategyOf({
      server: { issuer: baseUrl, token_endpoint: `${baseUrl}token` },
      [allowInsecureRequests]: true,
    })
    expect(await strategy.refresh(attempt())).toEqual(unknown('network'))
    expect(await strategy.refresh(attempt({ signal: controller.signal }))).toEqual(unknown('timeout'))
    expect(received).toHaveLength(2)
    expect(received[0]).toMatch(/^connection: close\r$/im)
  })

  test('A41 nothing of an error leaves but its code', async () => {
    for (const error of ['invalid_grant', 'invalid_client', 'canary']) {
      expect(JSON.stringify(await failed(400, error))).not.toContain('canary')
    }
  })
})

describe('whom the ID token is about', () => {
  test('A39 `sub` and the usual claims, for the session to compare', async () => {
    const more = { email: 'a@b.c', name: 'Ann', preferred_username: 'ann', picture: 7 }
    expect(await answered(() => json({ ...good, id_token: idToken(claims(more)) }))).toMatchObject({
      bearer: 'T2',
      user: { id: 'subject-1', email: 'a@b.c', name: 'Ann', username: 'ann' },
    })
  })

  test('A39 a mapping of one’s own', async () => {
    const user = ({ sub }: { sub: string }) => ({ id: `op|${sub}` })
    expect(await answered(() => json({ ...good, id_token: idToken(claims()) }), { user })).toMatchObject({
      user: { id: 'op|subject-1' },
    })
    const throwing = () => {
      throw new Error('canary')
    }
    expect(await answered(() => json({ ...good, id_token: idToken(claims()) }), { user: throwing })).toEqual({
      kind: 'ok',
      refreshToken: 'R2',
      warnings: ['schema'],
    })
  })

  test.each([
    ['another issuer', { iss: 'https://evil.example' }],
    ['another audience', { aud: 'someone-else' }],
    ['other audiences alone', { aud: ['someone-else', 'nobody'] }],
  ])('L32: an ID token with %s is an answer about somebody else', async (_, more) => {
    const outcome = await answered(() => json({ ...good, id_token: idToken(claims(more)) }))
    expect(outcome).toEqual({ kind: 'rejected', reason: 'identityMismatch', security: 'identityMismatch' })
  })

  test.each([
    ['no issuer', { iss: undefined }],
    ['no audience', { aud: undefined }],
    ['no subject', { sub: undefined }],
    ['an end that is long past', { exp: 1_600_000_000 }],
  ])('an ID token with %s brings no bearer', async (_, more) => {
    const outcome = await answered(() => json({ ...good, id_token: idToken(claims(more)) }))
    expect(outcome).toEqual({ kind: 'ok', refreshToken: 'R2', warnings: ['schema'] })
  })

  test('T4 a local clock that is an hour off costs no ID token', async () => {
    for (const offset of [3600, -3600]) {
      const at = nowSeconds() + offset
      const response = json(
        { ...good, id_token: idToken(claims({ iat: at, exp: at + 300 })) },
        { headers: { date: new Date(at * 1000).toUTCString() } },
      )
      expect(await answered(() => response)).toMatchObject({ bearer: 'T2', user: { id: 'subject-1' } })
    }
  })

  test('T4 nor does one where a page does not see the provider’s `Date`', async () => {
    for (const offset of [86_400, -86_400]) {
      const at = nowSeconds() + offset
      const response = json({ ...good, id_token: idToken(claims({ iat: at, exp: at + 300 })) })
      expect(response.headers.has('date')).toBe(false)
      expect(await answered(() => response)).toMatchObject({ bearer: 'T2', user: { id: 'subject-1' } })
    }
  })
})

describe('A42 revocation', () => {
  const revoke = async (response: () => Response | Promise<Response>, strategy = strategyOf(), more = {}) => {
    const { fetch, sent } = fakeFetch(response)
    const ended = await strategy.revoke?.({ ...attempt({ fetch }), bearer: 'T1', cause: 'late', ...more })
    return { ended, sent: sent.map(({ url, init }) => [url, String(init.body)]) }
  }

  test('A42 the refresh token, else the bearer (RFC 7009)', async () => {
    const first = await revoke(() => new Response(null))
    expect(first.ended).toBe(true)
    const body = `token=${TOKEN}&token_type_hint=refresh_token&client_id=panel`
    expect(first.sent).toEqual([['https://op.example/revoke', expect.any(String)]])
    expect([...new URLSearchParams(first.sent[0]?.[1])].sort()).toEqual([...new URLSearchParams(body)].sort())
    const second = await revoke(() => new Response(null), strategyOf(), { refreshToken: '' })
    expect(new URLSearchParams(second.sent[0]?.[1]).get('token')).toBe('T1')
  })

  test('A42 503 leaves the token alive, and nothing throws', async () => {
    expect((await revoke(() => page('', { status: 503 }))).ended).toBe(false)
    expect((await revoke(() => Promise.reject(new TypeError('x')))).ended).toBe(false)
    expect((await revoke(() => json({ error: 'invalid_client' }, { status: 401 }))).ended).toBe(false)
  })

  test('U60: a page of somebody in between with status 200 has revoked nothing; whatever else stands there has', async () => {
    expect((await revoke(() => page('\n<!doctype html>Sign in to the network'))).ended).toBe(false)
    for (const body of ['', '{}', 'ok']) expect((await revoke(() => page(body))).ended).toBe(true)
  })

  test('U90: a revocation counts with every status of a good answer', async () => {
    for (const status of [201, 203]) expect((await revoke(() => page('', { status }))).ended).toBe(true)
    expect((await revoke(() => new Response(null, { status: 204 }))).ended).toBe(true)
    for (const status of [202, 206]) expect((await revoke(() => page('', { status }))).ended).toBe(false)
  })

  test('A42 a provider without the endpoint is not asked', async () => {
    const { issuer, token_endpoint } = server
    expect(
      await revoke(() => new Response(null), strategyOf({ server: { issuer, token_endpoint } })),
    ).toEqual({
      ended: false,
      sent: [],
    })
  })
})

test('profiles say what providers document about a second send', () => {
  expect(strategyOf(oauthProfiles.okta).resend).toEqual({ withinMs: 30_000 })
  expect(strategyOf(oauthProfiles.auth0).resend).toBe('never')
  expect(strategyOf(oauthProfiles.entra).resend).toBe('afterBearerEnds')
  expect(strategyOf(oauthProfiles.keycloak).resend).toBe('afterBearerEnds')
  expect(strategyOf().resend).toBeUndefined()
})
