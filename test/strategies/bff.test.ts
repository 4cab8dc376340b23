import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bffStrategy } from '../../src/strategies/bff.ts'
import type { RevokeRequest } from '../../src/strategies/strategy.ts'
import { attempt, fakeFetch, json, page } from './attempt.ts'

const ada = { id: 'ada', email: 'ada@chat.example', role: 'ADMIN' }
const NOW = Date.UTC(2026, 0, 1)
const facts = (more: object = {}) => ({
  user: ada,
  epoch: 5,
  version: 2,
  expiresAt: NOW + 900_000,
  serverNow: NOW,
  ...more,
})
const strategy = bffStrategy()
const answered = (response: () => Response | Promise<Response>) =>
  strategy.refresh(attempt({ fetch: fakeFetch(response).fetch }))
const refused = (cause: string, more: object = {}) => ({ kind: 'refused', cause, ...more })

describe('what is sent', () => {
  test('a refresh is one POST with the cookie and the CSRF header, and nothing else', async () => {
    const { fetch, sent } = fakeFetch(() => json(facts()))
    await strategy.refresh(attempt({ fetch }))
    expect(sent).toHaveLength(1)
    expect(sent[0]?.url).toBe('https://chat.example/session/refresh')
    expect(sent[0]?.init).toMatchObject({
      method: 'POST',
      credentials: 'same-origin',
      redirect: 'manual',
      cache: 'no-store',
      body: null,
    })
    expect(Object.fromEntries(sent[0]?.headers ?? [])).toEqual({ accept: 'application/json', 'x-csrf': '1' })
  })

  test('a user at work is told to the server', async () => {
    const { fetch, sent } = fakeFetch(() => json(facts()))
    await strategy.refresh(attempt({ fetch, userActive: true }))
    expect(sent[0]?.headers.get('x-user-activity')).toBe('1')
  })

  test.each([
    ['/session', 'https://chat.example/session/refresh'],
    ['/admin/auth/', 'https://chat.example/admin/auth/refresh'],
    ['auth/', 'https://chat.example/panel/auth/refresh'],
  ])('the path %s leads to %s', async (path, url) => {
    const { fetch, sent } = fakeFetch(() => json(facts()))
    const other = bffStrategy({ path, csrfHeader: 'x-own' })
    await other.refresh(attempt({ fetch, baseUrl: 'https://chat.example/panel/' }))
    expect(sent[0]?.url).toBe(url)
    expect(sent[0]?.headers.get('x-own')).toBe('1')
  })

  test.each([
    [{ path: '//evil.example/' }, '"path"'],
    [{ path: '/\\evil.example/' }, '"path"'],
    [{ path: 'https://evil.example/' }, '"path"'],
    [{ path: '/session/?a=/' }, '"path"'],
    [{ csrfHeader: 'x csrf' }, '"csrfHeader"'],
    [{ facts: { user: {} } as never }, '"facts"'],
  ])('%o is refused', (options, name) => {
    expect(() => bffStrategy(options)).toThrow(
      expect.objectContaining({ code: 'misconfigured', message: expect.stringContaining(name) }),
    )
  })
})

describe('what an answer to a refresh means', () => {
  test('facts are kept, and the life of the bearer is a span', async () => {
    expect(await answered(() => json(facts({ token: 'never', verifiedAt: NOW })))).toEqual({
      kind: 'kept',
      facts: { user: ada, epoch: 5, version: 2, life: { expiresIn: 900 } },
    })
  })

  test('without an end of the bearer nothing is said about its life', async () => {
    expect(await answered(() => json(facts({ expiresAt: undefined })))).toEqual({
      kind: 'kept',
      facts: { user: ada, epoch: 5, version: 2, life: {} },
    })
  })

  test.each([
    ['idle', { kind: 'rejected', reason: 'idle' }],
    ['absoluteLifetime', { kind: 'rejected', reason: 'absoluteLifetime' }],
    ['refreshRejected', { kind: 'rejected', reason: 'refreshRejected' }],
    ['backChannel', { kind: 'kept', facts: null, reason: 'backChannel' }],
    ['user', { kind: 'kept', facts: null, reason: 'elsewhere' }],
    ['__proto__', { kind: 'kept', facts: null, reason: 'elsewhere' }],
    [undefined, { kind: 'kept', facts: null, reason: 'elsewhere' }],
  ])('401 no_session with the reason %s is definitive', async (reason, outcome) => {
    expect(await answered(() => json({ error: 'no_session', reason }, { status: 401 }))).toEqual(outcome)
  })

  test.each([
    ['401 of something in between', () => page('who?', { status: 401 }), refused('unavailable')],
    ['401 with another error', () => json({ error: 'x' }, { status: 401 }), refused('unavailable')],
    ['no_session with 403', () => json({ error: 'no_session' }, { status: 403 }), refused('misconfigured')],
    ['the index page of an application', () => page('<!doctype html>'), refused('misconfigured')],
    ['facts of a wrong kind', () => json(facts({ epoch: '5' })), refused('misconfigured')],
    ['facts of nobody', () => json(facts({ user: { name: 'Ada' } })), refused('misconfigured')],
    [
      'what came after a redirect',
      () => Object.defineProperty(json(facts()), 'redirected', { value: true }),
      refused('misconfigured'),
    ],
    ['404', () => json({ error: 'not_found' }, { status: 404 }), refused('misconfigured')],
    ['429', () => json({}, { status: 429 }), refused('limited')],
    ['500', () => json({}, { status: 500 }), refused('unavailable')],
    [
      '302',
      () => new Response(null, { status: 302, headers: { location: '/login' } }),
      refused('unavailable'),
    ],
    [
      '503 with Retry-After',
      () => json({ error: 'refresh_unavailable' }, { status: 503, headers: { 'retry-after': '20' } }),
      refused('unavailable', { retryAfterMs: 20_000 }),
    ],
  ])('%s may be asked again', async (_, response, outcome) => {
    expect(await answered(response)).toEqual(outcome)
  })

  test('N10 a failed fetch may be asked again: the server coalesces', async () => {
    expect(await answered(() => Promise.reject(new TypeError('Failed to fetch')))).toEqual(refused('network'))
  })

  test('an aborted attempt may be asked again', async () => {
    const { fetch, sent } = fakeFetch(() => json(facts()))
    expect(await strategy.refresh(attempt({ fetch, signal: AbortSignal.abort() }))).toEqual(
      refused('network'),
    )
    expect(sent).toEqual([])
  })

  test('any JSON, with any status, gives an outcome that ends nothing but by its word', () =>
    fc.assert(
      fc.asyncProperty(fc.json(), fc.integer({ min: 200, max: 599 }), async (body, status) => {
        const hasBody = status !== 204 && status !== 205 && status !== 304
        const outcome = await answered(() =>
          hasBody ? json(body, { status }) : new Response(null, { status }),
        )
        expect(outcome.kind).toBe('refused')
      }),
      { numRuns: 200 },
    ))
})

describe('logout', () => {
  const logout = (response: () => Response, cause: RevokeRequest['cause'] = 'logout', options = {}) => {
    const { fetch, sent } = fakeFetch(response)
    return { sent, ended: bffStrategy(options).revoke?.({ ...attempt({ fetch }), cause }) }
  }

  test('is one POST', async () => {
    const { sent, ended } = logout(() => json({}))
    expect(await ended).toBe(true)
    expect(sent.map(({ url, init, headers }) => [url, init.method, headers.get('x-csrf')])).toEqual([
      ['https://chat.example/session/logout', 'POST', '1'],
    ])
  })

  test('of a session that is over has been done', async () => {
    expect(await logout(() => json({ error: 'no_session' }, { status: 401 })).ended).toBe(true)
  })

  test.each([500, 401, 302])('a %i leaves the session alive', async (status) => {
    expect(await logout(() => new Response(null, { status })).ended).toBe(false)
  })

  test('where to end the session of the provider is handed on, if it is a page', async () => {
    const told: string[] = []
    const onEndSession = (url: string) => told.push(url)
    for (const redirect of ['https://id.example/end?x=1', 'javascript:alert(1)', 7])
      await logout(() => json({ redirect }), 'logout', { onEndSession }).ended
    expect(told).toEqual(['https://id.example/end?x=1'])
  })

  test('a refresh that comes too late has brought nothing to revoke', async () => {
    const { sent, ended } = logout(() => json({}), 'late')
    expect(await ended).toBe(true)
    expect(sent).toEqual([])
  })
})
