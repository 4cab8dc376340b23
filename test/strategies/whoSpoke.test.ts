import { describe, expect, test } from 'vitest'
import { cookieStrategy } from '../../src/librechat/cookieStrategy.ts'
import { openidStrategy } from '../../src/librechat/openidStrategy.ts'
import { oauthStrategy } from '../../src/oauth/oauthStrategy.ts'
import type { SessionStrategy } from '../../src/session/strategy.ts'
import { gatewayAnswers } from '../../src/testing/gatewayAnswers.ts'
import { attempt, fakeFetch, json, page } from './attempt.ts'

const server = { issuer: 'https://op.example', token_endpoint: 'https://op.example/token' }
const strategies = {
  openid: (options = {}) => openidStrategy(options),
  cookie: (options = {}) => cookieStrategy(options),
  oauth: (options = {}) => oauthStrategy({ server, clientId: 'panel', ...options }),
}
const all = Object.entries(strategies)

const answered = (strategy: SessionStrategy, response: () => Response) =>
  strategy.refresh(attempt({ fetch: fakeFetch(response).fetch }))

const unavailable = { kind: 'refused', cause: 'unavailable' }
const unanswered = { kind: 'unknown', answered: false }
const unsupported = { kind: 'unsupported', forGood: false }
const failed = { kind: 'unknown', cause: 'refreshFailed', answered: true }

describe.each(all)('%s: who spoke', (_, create) => {
  test.each(Object.entries(gatewayAnswers))(
    'U60: %s of a gateway is an outage: neither the end nor an answer',
    async (_, response) => {
      const outcome = await answered(create(), response)
      expect(['refused', 'unknown']).toContain(outcome.kind)
      if (outcome.kind === 'unknown') expect(outcome.answered).toBe(false)
    },
  )

  test('U60: every status with every body that is nobody’s own word is an outage', async () => {
    const bodies = [
      () => '',
      () => '<html><h1>Service Temporarily Unavailable</h1></html>',
      () => '404 page not found\n',
      () => 'RBAC: access denied',
      () => 'Unauthorized',
      () => 'Forbidden',
      () => 'Invalid token',
      () => '{"message":"Forbidden"}',
      () => '{"message":"Unauthorized"}',
      () => '{"error":"Service Unavailable","status":503,"path":"/api/auth/refresh"}',
      () => '{"error":"forbidden"}',
      () => '{"error_code":"SOMETHING_ELSE"}',
      () => '{"code":401,"message":"no"}',
      () => 'null',
    ]
    const statuses = [400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 411, 413, 415, 422, 426, 431, 451]
    for (const status of [
      ...statuses,
      500,
      501,
      502,
      503,
      504,
      505,
      511,
      520,
      521,
      522,
      523,
      524,
      525,
      526,
      530,
    ])
      for (const body of bodies)
        for (const type of ['application/json', 'text/html', 'text/plain']) {
          const response = () => new Response(body(), { status, headers: { 'content-type': type } })
          const outcome = await answered(create(), response)
          const what = `${status} ${type} ${body()}`
          expect(['refused', 'unknown'], what).toContain(outcome.kind)
          if (outcome.kind === 'unknown') expect(outcome.answered, what).toBe(false)
        }
  })

  test('U60: an unrecognised 404, 405, 410 or 501 is `unavailable`, for as long as it lasts', async () => {
    for (const status of [404, 405, 410, 501])
      expect(await answered(create(), () => page('<h1>nginx</h1>', { status }))).toEqual(unavailable)
  })

  test('U60: without a gateway in front every 404 is the backend’s own', async () => {
    for (const status of [404, 405, 410, 501])
      expect(await answered(create({ trust404: true }), () => page('', { status }))).toEqual(unsupported)
    expect(await answered(create({ trust404: true }), () => page('', { status: 502 }))).toMatchObject(
      unanswered,
    )
  })

  test('U60: a redirect of somebody in front is no rejection, whatever it is called', async () => {
    for (const status of [301, 302, 303, 307, 308])
      for (const body of [
        '',
        'Found',
        '<a href="/login">Found</a>',
        'Found. Redirecting to https://sso.example/login',
      ])
        for (const location of ['/login', '/login?rd=%2F', 'https://sso.example/login']) {
          const response = () => page(body, { status, headers: { location } })
          expect(await answered(create(), response)).toMatchObject({ ...unanswered, cause: 'redirect' })
        }
  })
})

describe('LibreChat’s own words', () => {
  const express = (path: string) =>
    page(
      `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n<body>\n<pre>Cannot POST ${path}</pre>\n</body>\n</html>\n`,
      { status: 404 },
    )

  test.each([
    ['openid', '/api/admin/oauth/refresh'],
    ['cookie', '/api/auth/refresh'],
  ] as const)('U60: %s: a route that is not there, in Express’s page and as JSON', async (name, path) => {
    const strategy = strategies[name]()
    expect(await answered(strategy, () => express(path))).toEqual(unsupported)
    const asJson = () => json({ message: 'Endpoint not found' }, { status: 404 })
    expect(await answered(strategy, asJson)).toEqual(unsupported)
    // The same words with another status, or quoted by somebody.
    expect(
      await answered(strategy, () => json({ message: 'Endpoint not found' }, { status: 502 })),
    ).toMatchObject(unanswered)
    const quoted = () => page(`upstream said: Cannot POST ${path}`, { status: 404 })
    expect(await answered(strategy, quoted)).toEqual(unavailable)
  })

  test.each([
    [
      401,
      'Refresh token expired or not found for this user',
      { kind: 'rejected', reason: 'refreshRejected' },
    ],
    [403, 'Invalid refresh token', failed],
    [403, 'No session found', failed],
    [403, 'Invalid OpenID refresh token', failed],
    [200, 'Refresh token not provided', { kind: 'rejected', reason: 'missingCredential' }],
  ] as const)('U60: the cookie route: %d %s', async (status, text, outcome) => {
    const strategy = cookieStrategy()
    expect(await answered(strategy, () => page(text, { status }))).toEqual(outcome)
    for (const other of [401, 403, 500, 502].filter((one) => one !== status))
      expect(await answered(strategy, () => page(text, { status: other }))).toMatchObject(unanswered)
    for (const around of [`<p>${text}</p>`, `upstream: ${text}`, `${text}, says a proxy`])
      expect(await answered(strategy, () => page(around, { status }))).toMatchObject(unanswered)
  })

  test('U60: the cookie route asks for texts, so that Express says where it redirects', async () => {
    const { fetch, sent } = fakeFetch(() => page('', { status: 500 }))
    await cookieStrategy().refresh(attempt({ fetch }))
    expect(sent[0]?.headers.get('accept')).toMatch(/text\/plain/)
  })

  test('U60: the openid route speaks JSON: the same word as a page is somebody else’s', async () => {
    const strategy = openidStrategy()
    const body = JSON.stringify({ error: 'Refresh failed', error_code: 'REFRESH_FAILED' })
    expect(await answered(strategy, () => json(body, { status: 401 }))).toEqual(failed)
    expect(await answered(strategy, () => page(body, { status: 401 }))).toMatchObject(unanswered)
    expect(await answered(strategy, () => json(body, { status: 403 }))).toMatchObject(unanswered)
  })

  const ban = () =>
    json(
      { message: 'Your account has been temporarily banned due to violations of our service.' },
      { status: 403 },
    )

  test('U20: a ban is turned away for five minutes, like a limiter, and told apart', async () => {
    for (const strategy of [openidStrategy(), cookieStrategy()])
      expect(await answered(strategy, ban)).toEqual({
        kind: 'refused',
        cause: 'banned',
        retryAfterMs: 300_000,
      })
    const timed = () =>
      new Response(ban().body, {
        status: 403,
        headers: { ...Object.fromEntries(ban().headers), 'retry-after': '7' },
      })
    expect(await answered(openidStrategy(), timed)).toMatchObject({ cause: 'banned', retryAfterMs: 7_000 })
    // A ban page of a proxy is none.
    const other = () => json({ message: 'Your IP has been temporarily banned.' }, { status: 403 })
    expect(await answered(openidStrategy(), other)).toMatchObject(unanswered)
  })

  test.each([
    [
      401,
      'PROVIDER_MISMATCH',
      { kind: 'rejected', reason: 'identityMismatch', security: 'identityMismatch' },
    ],
    [400, 'INVALID_PROVIDER', { kind: 'refused', cause: 'misconfigured' }],
    [503, 'GOOGLE_NOT_CONFIGURED', unavailable],
    [401, 'INVALID_REFRESH_TOKEN', { kind: 'rejected', reason: 'refreshRejected' }],
    [401, 'SESSION_NOT_FOUND', { kind: 'rejected', reason: 'refreshRejected' }],
  ] as const)('U20: %d %s', async (status, error_code, outcome) => {
    expect(await answered(openidStrategy(), () => json({ error: 'x', error_code }, { status }))).toEqual(
      outcome,
    )
  })

  test('U20: a body that was damaged on the way has reached no route', async () => {
    const damaged = () =>
      json(
        { error: 'Invalid JSON format', message: 'The request body contains malformed JSON' },
        { status: 400 },
      )
    expect(await answered(openidStrategy(), damaged)).toEqual(unavailable)
  })
})

describe('an OAuth error', () => {
  const oauth = strategies.oauth()
  const rejected = { kind: 'rejected', reason: 'refreshRejected' }

  test.each([
    ['with status 200', 200, 'application/json', 'invalid_grant'],
    ['as GitHub says it', 200, 'application/json; charset=utf-8', 'bad_refresh_token'],
    ['as text/html', 400, 'text/html', 'invalid_grant'],
    ['as text/plain', 400, 'text/plain; charset=utf-8', 'invalid_grant'],
    ['without a type', 400, '', 'invalid_grant'],
    ['with a charset that has no hyphen', 400, 'application/json;charset=utf8', 'invalid_grant'],
  ])('U54: %s is definitive', async (_, status, type, error) => {
    const body = new TextEncoder().encode(
      JSON.stringify({ error, error_description: 'The token is no good.' }),
    )
    const headers = type ? { 'content-type': type } : {}
    expect(await answered(oauth, () => new Response(body, { status, headers }))).toEqual(rejected)
  })

  test('U54: beside a token it ends nothing; one that nobody registered is told by a warning', async () => {
    const both = { error: 'invalid_grant', access_token: 'T2', token_type: 'bearer' }
    expect(await answered(oauth, () => json(both))).toMatchObject({ kind: 'ok', bearer: 'T2' })
    expect(await answered(oauth, () => json({ error: 'token_is_odd' }))).toEqual({
      kind: 'unknown',
      cause: 'schema',
      answered: false,
      warnings: ['schema'],
    })
  })
})
