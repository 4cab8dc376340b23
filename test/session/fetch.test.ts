import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSession } from 'xstate-session'
import {
  ada,
  BASE_URL,
  error,
  flush,
  LEAD,
  LIFE,
  loggedIn,
  outcomeOf,
  SECOND,
  strictApi,
  stubApi,
  stubStrategy,
} from './fixture.ts'

type Handler = (path: string) => { status: number; location?: string } | undefined

/** A real server on loopback that notes what it was sent. */
async function recording(handle: Handler = () => undefined) {
  const seen: {
    path: string
    method: string
    authorization: string | undefined
    body: string
    type: string | undefined
  }[] = []
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const { url = '', method = '', headers } = request
      seen.push({
        path: url,
        method,
        authorization: headers.authorization,
        body,
        type: headers['content-type'],
      })
      const { status, location } = handle(url) ?? { status: 200 }
      response.writeHead(status, location === undefined ? {} : { location })
      response.end('ok')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { seen, port, url: `http://127.0.0.1:${port}` }
}

/** A session at a real backend, and a second server that must never see its bearer. */
async function atHome(handle?: Handler, more: { allowedOrigins?: string[] } = {}) {
  const home = await recording(handle)
  const session = createSession({
    baseUrl: home.url,
    strategies: { openid: stubStrategy().strategy },
    ...more,
  })
  onTestFinished(() => session.dispose())
  await session.login(
    { token: 'B1', refreshToken: 'R1', user: ada, expiresAt: Date.now() + LIFE },
    { provider: 'openid' },
  )
  return { session, home }
}

describe('X4, I16 the bearer goes home and nowhere else', () => {
  const foreign = (inputs: string[]) => inputs
  test.each(
    foreign([
      'http://localhost:PORT/steal',
      '//localhost:PORT/steal',
      '/\\localhost:PORT/steal',
      '\\\\localhost:PORT/steal',
      '/\t/localhost:PORT/steal',
      '\t//localhost:PORT/steal',
      'http:\\\\localhost:PORT/steal',
      'http://127.0.0.1@localhost:PORT/steal',
      'http://127.0.0.1:OTHER/steal',
    ]),
  )('a second server sees no bearer: %s', async (template) => {
    const { session } = await atHome()
    const second = await recording()
    const input = template.replace('PORT', String(second.port)).replace('OTHER', String(second.port))
    await session.fetch(input).catch(() => {})
    await session.fetch(URL.canParse(input) ? new URL(input) : input).catch(() => {})
    for (const { authorization } of second.seen) expect(authorization).toBeUndefined()
  })

  test.each([
    'http://chat.example/api',
    'https://chat.example:8443/api',
    'https://evil.example/api',
    'https://chat.example.evil.example/api',
    'https://chat.example@evil.example/api',
    '//evil.example/api',
    '/\\evil.example/api',
    '/\n/evil.example/api',
    'https:evil.example',
    `blob:${BASE_URL}0c1f6f5e-9f2e-4ba9-9d3b-6c1f6f5e9f2e`,
    'data:text/plain,hi',
  ])('nothing is added for %s', async (input) => {
    const seen: [string, string | null][] = []
    const { session } = await loggedIn({
      fetch: async (target, init) => {
        const url = target instanceof Request ? target.url : String(target)
        seen.push([url, new Headers(init?.headers).get('authorization')])
        return new Response()
      },
    })
    await session.fetch(input)
    const [[url, authorization] = ['', '']] = seen
    if (new URL(url).protocol.startsWith('http') && new URL(url).origin === new URL(BASE_URL).origin)
      expect(input).toBe('https:evil.example')
    else expect(authorization).toBeNull()
  })

  test('paths, absolute URLs, URL objects and Requests of our own origin carry it', async () => {
    const { session, api } = await loggedIn()
    for (const input of ['/a', 'b', `${BASE_URL}c`, new URL(`${BASE_URL}d`), new Request(`${BASE_URL}e`)])
      await session.fetch(input)
    expect(api.calls.map(({ url, authorization }) => [url, authorization])).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map((path) => [BASE_URL + path, 'Bearer B1']),
    )
  })

  test('an allowed origin carries it, a foreign call needs no session', async () => {
    const { session, api } = await loggedIn({ allowedOrigins: ['https://files.example'] })
    await session.fetch('https://files.example/a')
    await session.logout()
    expect((await session.fetch('https://evil.example/b')).status).toBe(200)
    await expect(session.fetch('https://files.example/a')).rejects.toMatchObject(error('logged_out'))
    expect(api.bearers()).toEqual(['B1', null])
  })
})

describe('X5 the bearer follows no redirect to a foreign origin', () => {
  test.each([301, 302, 303, 307, 308])(
    '%d to a second server: it is not called, and the error names its origin only',
    async (status) => {
      const second = await recording()
      const { session } = await atHome((path) =>
        path === '/go' ? { status, location: `${second.url}/steal?secret=1` } : undefined,
      )
      const refusal = await session
        .fetch('/go', { method: 'POST', body: 'secret' })
        .catch((reason: unknown) => reason)
      expect(refusal).toMatchObject(error('redirect_blocked'))
      expect((refusal as Error).message).toContain(second.url)
      expect((refusal as Error).message).not.toContain('secret')
      expect(second.seen).toEqual([])
    },
  )

  test.each([
    [301, 'GET', ''],
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', 'payload'],
    [308, 'POST', 'payload'],
  ])('%d of a POST at home is followed as the platform does: %s', async (status, method, body) => {
    const { session, home } = await atHome((path) =>
      path === '/go' ? { status, location: '/there' } : undefined,
    )
    const answer = await session.fetch('/go', { method: 'POST', body: 'payload' })
    expect(answer.status).toBe(200)
    expect(home.seen[1]).toMatchObject({ path: '/there', method, body, authorization: 'Bearer B1' })
    expect(home.seen[1]?.type === undefined).toBe(method === 'GET')
  })

  test('an allowed origin may be redirected to', async () => {
    const second = await recording()
    const { session } = await atHome(
      (path) => (path === '/go' ? { status: 302, location: `${second.url}/file` } : undefined),
      {
        allowedOrigins: [second.url],
      },
    )
    expect((await session.fetch('/go')).status).toBe(200)
    expect(second.seen[0]?.authorization).toBe('Bearer B1')
  })

  test('a circle ends, redirect: "manual" hands out the redirect, redirect: "error" fails', async () => {
    const { session, home } = await atHome(() => ({ status: 302, location: '/again' }))
    await expect(session.fetch('/go')).rejects.toMatchObject(error('redirect_blocked'))
    expect(home.seen.length).toBeLessThanOrEqual(4)
    expect((await session.fetch('/go', { redirect: 'manual' })).status).toBe(302)
    await expect(session.fetch('/go', { redirect: 'error' })).rejects.toThrow(TypeError)
  })

  test('a redirect that a browser hides is blocked, with advice', async () => {
    const hidden = Object.defineProperties(new Response(), {
      type: { value: 'opaqueredirect' },
      status: { value: 0 },
      ok: { value: false },
    })
    const api = stubApi(() => hidden)
    const { session } = await loggedIn({ fetch: api.fetch })
    await expect(session.fetch('/go', { method: 'POST' })).rejects.toMatchObject(
      error('redirect_blocked', { message: expect.stringContaining('final URL') }),
    )
    expect(api.calls).toHaveLength(1)
  })

  test('a redirect without a target is the answer', async () => {
    const api = stubApi(() => new Response(null, { status: 302 }))
    const { session } = await loggedIn({ fetch: api.fetch })
    expect((await session.fetch('/go', { method: 'POST' })).status).toBe(302)
    expect(api.calls).toHaveLength(1)
  })

  test('a stream is not sent twice by a redirect', async () => {
    const api = stubApi(({ url }) =>
      url.endsWith('/go')
        ? new Response(null, { status: 307, headers: { location: '/there' } })
        : new Response('ok'),
    )
    const { session } = await loggedIn({ fetch: api.fetch })
    const body = new ReadableStream({ start: (stream) => stream.close() })
    await expect(
      session.fetch('/go', { method: 'POST', body, duplex: 'half' } as RequestInit),
    ).rejects.toMatchObject(error('redirect_blocked'))
    expect(api.calls).toHaveLength(1)
  })
})

describe('what the caller gives stays intact', () => {
  test.each([
    ['an object', { 'x-one': '1', Accept: 'text/csv' }],
    [
      'an array',
      [
        ['x-one', '1'],
        ['accept', 'text/csv'],
      ] as [string, string][],
    ],
    ['Headers', new Headers({ 'x-one': '1', accept: 'text/csv' })],
  ])('headers as %s', async (_, headers) => {
    const { session, api } = await loggedIn()
    await session.fetch('/api', { headers })
    expect(Object.fromEntries(api.calls[0]?.headers ?? [])).toEqual({
      'x-one': '1',
      accept: 'text/csv',
      authorization: 'Bearer B1',
    })
  })

  test('a Request with headers, method and body', async () => {
    const { session, api } = await loggedIn()
    await session.fetch(
      new Request(`${BASE_URL}api`, {
        method: 'PUT',
        headers: { 'x-one': '1', 'content-type': 'text/csv' },
        body: 'a,b',
      }),
    )
    expect(api.calls[0]).toMatchObject({ method: 'PUT', body: 'a,b', authorization: 'Bearer B1' })
    expect(Object.fromEntries(api.calls[0]?.headers ?? [])).toMatchObject({
      'x-one': '1',
      'content-type': 'text/csv',
    })
  })

  test('a plain object of headers keeps its spelling', async () => {
    const { session, api } = await loggedIn()
    await session.fetch('/api', { headers: { 'X-One': '1' } })
    expect(api.calls[0]?.init.headers).toEqual({ 'X-One': '1', authorization: 'Bearer B1' })
  })

  test('no content type is forced', async () => {
    const { session, api } = await loggedIn()
    await session.fetch('/api')
    await session.fetch('/api', { method: 'POST', body: new Uint8Array([1]) })
    expect(api.calls.map(({ headers }) => headers.get('content-type'))).toEqual([null, null])
  })

  test.each(['Authorization', 'authorization', 'AUTHORIZATION'])(
    'an %s of the caller does not win',
    async (name) => {
      const { session, api } = await loggedIn()
      const theirs = 'Bearer theirs'
      await session.fetch('/api', { headers: { [name]: theirs } })
      await session.fetch('/api', { headers: [[name, theirs]] })
      await session.fetch('/api', { headers: new Headers({ [name]: theirs }) })
      await session.fetch(new Request(`${BASE_URL}api`, { headers: { [name]: theirs } }))
      expect(api.bearers()).toEqual(['B1', 'B1', 'B1', 'B1'])
    },
  )

  test('the caller’s init and headers are not changed', async () => {
    const { session } = await loggedIn()
    const headers = new Headers({ 'x-one': '1' })
    const init = Object.freeze({ method: 'POST', headers, body: 'x' })
    await session.fetch('/api', init)
    expect([...headers]).toEqual([['x-one', '1']])
  })
})

describe('the retry after a 401 sends the same again', () => {
  const uniterable = (stream: ReadableStream) =>
    new Proxy(stream, {
      has: (target, name) => name !== Symbol.asyncIterator && name in target,
      get(target, name) {
        const value = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  const form = () => {
    const data = new FormData()
    data.append('file', new Blob(['abc']), 'a.txt')
    return data
  }
  test.each([
    ['text', () => ['/api', { method: 'POST', body: 'payload' }], 'payload'],
    ['bytes', () => ['/api', { method: 'POST', body: new TextEncoder().encode('payload') }], 'payload'],
    ['a blob', () => ['/api', { method: 'POST', body: new Blob(['payload']) }], 'payload'],
    ['a form', () => ['/api', { method: 'POST', body: form() }], 'abc'],
    [
      'URLSearchParams',
      () => ['/api', { method: 'POST', body: new URLSearchParams({ a: 'payload' }) }],
      'a=payload',
    ],
    ['a Request', () => [new Request(`${BASE_URL}api`, { method: 'POST', body: 'payload' })], 'payload'],
  ] as [string, () => [RequestInfo, RequestInit?], string][])('%s (I10)', async (_, call, content) => {
    const api = strictApi((bearer) => bearer === 'B2')
    const { session, strategy, ok, pass } = await loggedIn({ fetch: api.fetch })
    await pass(SECOND)
    strategy.always(ok())
    expect((await session.fetch(...call())).status).toBe(200)
    expect(api.bearers()).toEqual(['B1', 'B2'])
    for (const { body, method } of api.calls) {
      expect(method).toBe('POST')
      expect(body).toContain(content)
    }
  })

  test('a 401 without a body is worth a refresh, too; a retry that succeeds warns of nothing', async () => {
    const api = stubApi(({ authorization }) =>
      authorization === 'Bearer B2' ? new Response('ok') : new Response(null, { status: 401 }),
    )
    const { session, strategy, ok, pass, told } = await loggedIn({ fetch: api.fetch })
    await pass(SECOND)
    strategy.always(ok())
    expect((await session.fetch('/api')).status).toBe(200)
    await flush()
    expect(told('warning')).toEqual([])
  })

  test.each([
    ['a stream', () => new Blob(['payload']).stream()],
    ['a stream of a platform that cannot iterate it', () => uniterable(new Blob(['payload']).stream())],
    ['what can be iterated once', () => Readable.from(['payload'])],
  ])('but not %s: its 401 is the answer, and the next call has the newer bearer', async (_, body) => {
    const api = strictApi((bearer) => bearer === 'B2')
    const { session, strategy, ok, pass } = await loggedIn({ fetch: api.fetch })
    await pass(SECOND)
    strategy.always(ok())
    const init = { method: 'POST', body: body(), duplex: 'half' } as unknown as RequestInit
    const answer = await session.fetch('/api', init)
    expect([answer.status, await answer.text()]).toEqual([401, 'who?'])
    expect(api.bearers()).toEqual(['B1'])
    await session.fetch('/api')
    expect(api.bearers()).toEqual(['B1', 'B2'])
  })

  test('A43 a second 401 is the answer to the caller, with a warning; no loop, and no refresh before the floor', async () => {
    const api = strictApi(() => false)
    const { session, strategy, ok, pass, told } = await loggedIn({ fetch: api.fetch })
    await pass(SECOND)
    strategy.always(() => ok(strategy.attempts.length + 1))
    const answer = await session.fetch('/api')
    expect([answer.status, await answer.text()]).toEqual([401, 'who?'])
    expect(api.bearers()).toEqual(['B1', 'B2'])
    await flush()
    expect(told('warning')).toMatchObject([{ code: 'rejectedAfterRefresh' }])
    expect(session.getSnapshot()).toMatchObject({ state: 'retrying', isUsable: false })
    const calls = Array.from({ length: 20 }, () => session.fetch('/api'))
    await pass(5 * SECOND - 1)
    expect(strategy.attempts).toHaveLength(1)
    await pass(1)
    for (const call of calls) expect((await call).status).toBe(401)
    expect(strategy.attempts).toHaveLength(2)
    // That did not help: the next refresh waits longer.
    await expect(session.fetch('/api')).rejects.toMatchObject({ code: 'refresh_unavailable' })
    await pass(10 * SECOND - 1)
    expect(strategy.attempts).toHaveLength(2)
    await pass(1)
    expect(strategy.attempts).toHaveLength(3)
  })

  test('A43 a second 401 that takes its time is the answer too', async () => {
    let answer = () => {}
    const api = stubApi(({ authorization }) =>
      authorization === 'Bearer B2'
        ? new Promise((resolve) => {
            answer = () => resolve(new Response('', { status: 401 }))
          })
        : new Response('', { status: 401 }),
    )
    const { session, strategy, ok, pass } = await loggedIn({ fetch: api.fetch })
    await pass(SECOND)
    strategy.always(() => ok(strategy.attempts.length + 1))
    const call = session.fetch('/api')
    await flush()
    await pass(10 * SECOND)
    answer()
    expect((await call).status).toBe(401)
    expect([api.calls.length, strategy.attempts.length]).toEqual([2, 1])
  })

  test.each([
    [401, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="admin"' }],
    [401, { 'www-authenticate': 'Bearer error=insufficient_scope' }],
    [403, {}],
    [403, { 'www-authenticate': 'Bearer error="invalid_token"' }],
  ])('A44 %d %j is about rights: nothing is refreshed, nothing retried', async (status, headers) => {
    const api = stubApi(() => new Response('no', { status, headers }))
    const { session, strategy, pass } = await loggedIn({ fetch: api.fetch })
    await pass(SECOND)
    const answer = await session.fetch('/api')
    expect([answer.status, await answer.text()]).toEqual([status, 'no'])
    expect(api.calls).toHaveLength(1)
    expect(strategy.attempts).toEqual([])
  })

  test('I11 a 401 for an old bearer, after the refresh, refreshes nothing', async () => {
    let answer = () => {}
    const api = stubApi(({ authorization }) =>
      authorization === 'Bearer B1'
        ? new Promise((resolve) => {
            answer = () => resolve(new Response('', { status: 401 }))
          })
        : new Response('ok'),
    )
    const { session, strategy, ok, pass } = await loggedIn({ fetch: api.fetch })
    const slow = session.fetch('/api')
    await pass(SECOND)
    strategy.always(() => ok(strategy.attempts.length + 1))
    await session.refresh()
    await pass(10 * SECOND)
    answer()
    expect((await slow).status).toBe(200)
    expect(strategy.attempts).toHaveLength(1)
  })

  test('a caller that aborts while it waits for the retry leaves alone', async () => {
    const api = strictApi((bearer) => bearer === 'B2')
    const { session, strategy, ok, pass } = await loggedIn({ fetch: api.fetch })
    await pass(SECOND)
    const controller = new AbortController()
    const leaver = outcomeOf(session.fetch('/api', { signal: controller.signal }))
    const stayer = session.fetch('/api')
    await flush()
    controller.abort(new Error('gone'))
    await flush()
    expect(leaver.error).toMatchObject({ message: 'gone' })
    await strategy.last().answer(ok())
    expect((await stayer).status).toBe(200)
  })

  test('a logout while the 401 is under way: the 401 is the answer, no bearer is sent any more', async () => {
    const api = strictApi(() => false)
    const { session, pass } = await loggedIn({ fetch: api.fetch })
    await pass(SECOND)
    const call = session.fetch('/api')
    await flush()
    await session.logout()
    expect((await call).status).toBe(401)
    expect(api.calls).toHaveLength(1)
  })
})

test('with a fresh bearer a call leaves at once', async () => {
  let calls = 0
  const { session } = await loggedIn({
    fetch: async () => {
      calls++
      return new Response('ok')
    },
  })
  void session.fetch('/api')
  expect(calls).toBe(1)
})

describe('before there is a bearer', () => {
  test('nothing is sent while logged out, or after the session expired', async () => {
    const { session, api, pass } = await loggedIn({ refresh: 'prompt' })
    await pass(LIFE + LEAD)
    await expect(session.fetch('/api')).rejects.toMatchObject(error('session_expired'))
    await session.logout()
    await expect(session.fetch('/api')).rejects.toMatchObject(error('logged_out'))
    expect(api.calls).toEqual([])
  })
})
