import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2 } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { toNodeListener } from 'xstate-session/node'

import { startBackend } from '../../examples/backend/startBackend.ts'
import { browser } from '../server/browser.ts'
import { librechatServer } from '../server/librechatServer.ts'

const ORIGIN = 'https://admin.example'

type Handle = Parameters<typeof toNodeListener>[0]

async function listen(handle: Handle) {
  const server = createServer(toNodeListener(handle, { origin: ORIGIN })).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { port, url: `http://127.0.0.1:${port}` }
}

test('a request keeps its method, path, headers and body, and its origin is the configured one', async () => {
  const { url } = await listen(async (request, info) =>
    Response.json({
      method: request.method,
      url: request.url,
      header: request.headers.get('x-a'),
      body: await request.text(),
      info,
    }),
  )
  const answer = await fetch(`${url}//x/../y?q=1`, {
    method: 'POST',
    headers: { 'x-a': 'b', 'x-forwarded-host': 'evil.example' },
    body: 'text',
  })
  expect(await answer.json()).toEqual({
    method: 'POST',
    url: `${ORIGIN}//y?q=1`,
    header: 'b',
    body: 'text',
    info: { remoteAddress: '127.0.0.1' },
  })
})

test('each cookie stays a header of its own, and a HEAD has no body', async () => {
  const { url } = await listen(async () => {
    const headers = new Headers()
    headers.append('set-cookie', 'a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT')
    headers.append('set-cookie', 'b=2')
    return new Response('body', { headers })
  })
  expect((await fetch(url)).headers.getSetCookie()).toEqual([
    'a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
    'b=2',
  ])
  expect(await (await fetch(url, { method: 'HEAD' })).text()).toBe('')
})

test('a body streams: the first part arrives before the last is made', async () => {
  let finish = () => {}
  const { url } = await listen(async () => {
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('first'))
        finish = () => {
          controller.enqueue(new TextEncoder().encode('last'))
          controller.close()
        }
      },
    })
    return new Response(stream)
  })
  const reader = (await fetch(url)).body?.getReader()
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('first')
  finish()
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('last')
})

test('X26: a request for another host, as one asks a proxy, is turned away', async () => {
  let asked = 0
  const { port } = await listen(async () => {
    asked++
    return new Response()
  })
  const socket = connect(port, '127.0.0.1')
  socket.write('GET http://evil.example/api/admin/users HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  expect(chunk.toString()).toMatch(/^HTTP\/1\.1 400/)
  expect(asked).toBe(0)
})

test('X34: what a handler throws reaches nobody', async () => {
  const { url } = await listen(() => Promise.reject(new Error('secret-token')))
  const answer = await fetch(url)
  expect([answer.status, await answer.text()]).toEqual([500, 'Internal Server Error'])
})

test('N12: a client that hangs up does not stop the refresh that it began', async () => {
  const backend = await startBackend({ panelUrl: ORIGIN, knobs: { sessionMs: 2_000 } })
  onTestFinished(() => backend.close())
  const server = librechatServer({
    baseUrl: backend.url,
    publicUrl: ORIGIN,
    secrets: ['a secret that is long enough for a test of this'],
  })
  const { port } = await listen(server.handle)
  const page = browser((request) => server.handle(request), ORIGIN)
  await page.navigate('/session/login/start')
  backend.knobs.clockOffsetMs = 60_000
  backend.log.reset()
  const delayed = backend.faults.inject('openidRefresh', { kind: 'hang', at: 'after' })
  const asking = httpRequest({
    port,
    path: '/api/admin/users',
    headers: { cookie: [...page.cookies].map(([n, v]) => `${n}=${v}`).join('; ') },
  })
  asking.on('error', () => {})
  asking.end()
  await expect.poll(() => delayed.hits).toBe(1)
  asking.destroy()
  delayed.clear()
  await server.drain()
  expect(backend.log.presentations.map(({ outcome }) => outcome)).toHaveLength(1)
  const facts = await server.getSession(
    new Request(ORIGIN, { headers: { cookie: [...page.cookies].map(([n, v]) => `${n}=${v}`).join('; ') } }),
    { readOnly: true },
  )
  expect(facts.user).not.toBeNull()
  await expect(facts.getToken()).resolves.toEqual(expect.any(String))
  expect(backend.log.replays()).toEqual([])
})

/** What `express.json()` does to a request: afterwards there is nothing left to read. */
async function parse(incoming: IncomingMessage): Promise<void> {
  let text = ''
  for await (const chunk of incoming) text += chunk
  Object.assign(incoming, { body: JSON.parse(text) })
}

const JSON_BODY = { 'content-type': 'application/json' }

/** A parser in front of a handler that says what it got, on a real port. */
async function listenBehind(parser: (incoming: IncomingMessage) => Promise<unknown>, create = createServer) {
  const bodies: string[] = []
  const listener = toNodeListener(
    async (request) => {
      bodies.push(await request.text())
      return new Response('handled')
    },
    { origin: ORIGIN },
  )
  const both: RequestListener = (incoming, outgoing) =>
    void parser(incoming).then(() => listener(incoming, outgoing))
  const server = create(both as never).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies }
}

test.each([
  ['with its length', { body: '{"name":"new"}' }],
  ['in chunks', { body: new Blob(['{"name":"new"}']).stream(), duplex: 'half' }],
])('U22: a body %s that was read before the mount is a 500 that says so', async (_, init) => {
  const { url, bodies } = await listenBehind(parse)
  for (const method of ['PUT', 'POST', 'DELETE']) {
    const again = init.body instanceof ReadableStream ? new Blob(['{}']).stream() : init.body
    const answer = await fetch(url, { ...init, body: again, method, headers: JSON_BODY } as RequestInit)
    expect([answer.status, await answer.json()]).toEqual([
      500,
      { error: 'body_already_read', expected: expect.stringContaining('express.json') },
    ])
  }
  expect(bodies).toEqual([])
})

test('U22: nor is a body passed on of which somebody has read a part', async () => {
  const { url, bodies } = await listenBehind(async (incoming) => {
    await once(incoming, 'readable')
    incoming.read(1)
  })
  const answer = await fetch(url, { method: 'PUT', body: '{"name":"new"}', headers: JSON_BODY })
  expect([answer.status, bodies]).toEqual([500, []])
  await answer.body?.cancel()
})

test('U22: over HTTP/2, too', async () => {
  const { url, bodies } = await listenBehind(parse, createHttp2 as never)
  const client = connectHttp2(url)
  onTestFinished(() => client.close())
  const call = async (method: string, body?: string) => {
    const stream = client.request({ ':method': method, ':path': '/', ...JSON_BODY }, { endStream: !body })
    if (body) stream.end(body)
    const [headers] = await once(stream, 'response')
    stream.resume()
    return headers[':status']
  }
  expect(await call('PUT', '{}')).toBe(500)
  expect(bodies).toEqual([])
})

test('U22: what has no body is none the worse for a parser, and what was not read arrives', async () => {
  const { url, bodies } = await listenBehind(async (incoming) => incoming.headers)
  expect((await fetch(url)).status).toBe(200)
  expect((await fetch(url, { method: 'POST' })).status).toBe(200)
  expect((await fetch(url, { method: 'PUT', body: '{"a":1}' })).status).toBe(200)
  expect(bodies).toEqual(['', '', '{"a":1}'])
})

test('U22: a GET that brings a body is refused, since no body would be passed on', async () => {
  const { url, bodies } = await listenBehind(async () => {})
  const status = await new Promise((resolve) => {
    const headers = { 'content-length': '2' }
    httpRequest(url, { method: 'GET', headers }, ({ statusCode }) => resolve(statusCode)).end('{}')
  })
  expect([status, bodies]).toEqual([400, []])
})

test.each([
  ['read', (request: Request) => request.text()],
  ['being read', async (request: Request) => void request.body?.getReader()],
])('U22: the server itself refuses a request whose body is %s already', async (_, spoil) => {
  const backend = await startBackend({ panelUrl: ORIGIN })
  onTestFinished(() => backend.close())
  const server = librechatServer({
    baseUrl: backend.url,
    publicUrl: ORIGIN,
    secrets: ['a secret that is long enough for a test of this'],
  })
  const page = browser((request) => server.handle(request), ORIGIN)
  await page.post('/session/login', backend.accounts.localAdmin)
  const cookie = [...page.cookies].map(([n, v]) => `${n}=${v}`).join('; ')
  for (const [method, path] of [
    ['PUT', '/api/admin/settings'],
    ['POST', '/session/login'],
    ['POST', '/session/backchannel-logout'],
  ] as const) {
    const headers = { ...JSON_BODY, 'x-csrf': '1', cookie }
    const request = new Request(`${ORIGIN}${path}`, { method, headers, body: '{"theme":"dark"}' })
    await spoil(request)
    const answer = await server.handle(request)
    expect([answer.status, await answer.json()]).toMatchObject([500, { error: 'body_already_read' }])
  }
  expect(backend.log.requests.filter(({ path }) => path === '/api/admin/settings')).toEqual([])
})

test.each([
  [undefined, /"origin".*undefined/],
  [{}, /"origin".*undefined/],
  [{ origin: undefined }, /"origin".*undefined/],
  [{ origin: 7 }, /"origin".*number/],
  [{ origin: '' }, /"origin"/],
  [{ origin: 'localhost:3000' }, /"origin".*"localhost:3000"/],
  [{ origin: '*' }, /"origin".*"\*"/],
  [{ origin: 'null' }, /"origin"/],
])('U22: options are checked when the listener is made: %j', (options, message) => {
  expect(() => toNodeListener(async () => new Response(), options as never)).toThrow(message)
})

test('U22: so is the handler', () => {
  for (const handle of [undefined, {}, 'handle'])
    expect(() => toNodeListener(handle as never, { origin: ORIGIN })).toThrow(/function/)
})

test.each([
  [
    'throws before it promises',
    () => {
      throw new Error('secret-token')
    },
  ],
  ['answers nothing', async () => undefined],
  ['answers with an error', async () => Response.error()],
  ['throws something odd', () => Promise.reject(undefined)],
])('U22: a handler that %s costs its request alone', async (_, handle) => {
  const { url } = await listen(handle as never)
  const answer = await fetch(url)
  expect([answer.status, await answer.text()]).toEqual([500, 'Internal Server Error'])
})

test('U22: the server answers whatever it is given, and says what it takes', async () => {
  const server = librechatServer({
    baseUrl: 'http://127.0.0.1:9',
    publicUrl: ORIGIN,
    secrets: ['a secret that is long enough for a test of this'],
  })
  // Requests of Express and of Koa, and nothing at all.
  for (const request of [{ url: '/session/', method: 'GET', headers: {} }, { method: 'GET' }, undefined]) {
    const answer = await server.handle(request as never)
    expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining('toNodeListener')])
    await expect(server.getSession(request as never)).rejects.toThrow(/request of getSession.*new Request/)
  }
  const odd = { url: '/session/', method: 'GET', headers: new Headers() }
  expect((await server.handle(odd as never)).status).toBe(503)
})

test('U22: a client that leaves in the middle, either way, harms nobody', async () => {
  let asked = 0
  const { port, url } = await listen(async (request) => {
    asked++
    await request.text()
    return new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(65_536)) }))
  })
  const uploading = connect(port, '127.0.0.1').on('error', () => {})
  uploading.write('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{')
  await expect.poll(() => asked).toBe(1)
  uploading.resetAndDestroy()
  const downloading = connect(port, '127.0.0.1').on('error', () => {})
  downloading.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(downloading, 'data')
  downloading.resetAndDestroy()
  const reader = (await fetch(url)).body?.getReader()
  expect((await reader?.read())?.value?.length).toBeGreaterThan(0)
  await reader?.cancel()
})

test.each(['/api/x/../y', '/api/%2e%2E/y', '/api\\..\\y', '/.%2e/y', '/a/.', '/a#/b'])(
  'U13: a path that the URL parser would make another of is turned away: %s',
  async (path) => {
    let asked = 0
    const { port } = await listen(async () => {
      asked++
      return new Response()
    })
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 400/)
    expect(asked).toBe(0)
  },
)
