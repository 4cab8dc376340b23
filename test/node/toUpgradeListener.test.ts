import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { toNodeListener, toUpgradeListener } from 'xstate-session/node'
import { memoryServerStore, type RequestInfo } from 'xstate-session/server'
import { fakeClock } from '../fakeClock.ts'
import type { LibrechatServerOptions } from '../server/librechatServer.ts'
import { onPort, panelBefore } from '../server/onPort.ts'

const ORIGIN = 'http://localhost'
const PATH = '/api/admin/live'
/** How often the session of what is open is looked after. */
const LOOK_MS = 15_000

/** A backend that echoes on its WebSockets, behind a panel; `refuse`: what it answers instead. */
async function sockets(
  more: Partial<LibrechatServerOptions> = {},
  refuse?: RequestListener,
  onUpgrade?: (incoming: IncomingMessage, socket: Duplex) => void,
) {
  const asked: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders }[] = []
  const backend = createServer(refuse)
  const echo = new WebSocketServer({
    noServer: true,
    perMessageDeflate: true,
    handleProtocols: () => 'second',
  })
  echo.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  if (onUpgrade) backend.on('upgrade', onUpgrade)
  else if (!refuse)
    backend.on('upgrade', (incoming, socket, head) => {
      asked.push({ url: incoming.url, headers: incoming.headers })
      echo.handleUpgrade(incoming, socket, head, (open) => {
        // So early that it comes with the answer.
        open.send('hello')
        echo.emit('connection', open, incoming)
      })
    })
  backend.listen(0, '127.0.0.1')
  await once(backend, 'listening')
  onTestFinished(() => {
    for (const open of echo.clients) open.terminate()
    backend.closeAllConnections()
    backend.close()
  })
  const target = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
  const panel = await panelBefore(() => {}, { api: { '/api/admin/': { target } }, ...more })

  /** As a page of the panel opens one. */
  function open({
    login = panel.csrf,
    cookie = panel.cookie,
    origin = ORIGIN,
    url = panel.url,
    path = PATH,
  } = {}) {
    const query = login === '' ? '' : `?session-login=${login}`
    const socket = new WebSocket(`${url.replace('http', 'ws')}${path}${query}`, ['first', 'second'], {
      headers: { cookie, ...(origin !== '' && { origin }) },
    })
    socket.on('error', () => {})
    onTestFinished(() => socket.terminate())
    return socket
  }
  /** What it is answered in place of 101. */
  async function refusal(socket: WebSocket) {
    const [, answer] = await once(socket, 'unexpected-response')
    let text = ''
    for await (const part of answer) text += part
    return [answer.statusCode, text ? JSON.parse(text) : undefined]
  }
  return { ...panel, asked, echo, open, refusal }
}

const messageOf = async (socket: WebSocket) => String((await once(socket, 'message'))[0])

test('U67: a WebSocket goes on with the bearer of its session, and both sides talk', async () => {
  const { open, asked } = await sockets()
  const socket = open()
  expect(await messageOf(socket)).toBe('hello')
  expect(socket.protocol).toBe('second')
  expect(socket.extensions).toContain('permessage-deflate')
  for (const text of ['a', 'ä'.repeat(200_000)]) {
    socket.send(text)
    expect(await messageOf(socket)).toBe(text)
  }
  expect(asked).toHaveLength(1)
  expect(asked[0]?.url).toBe(PATH)
  expect(asked[0]?.headers).toMatchObject({
    authorization: expect.stringMatching(/^Bearer e30/),
    'sec-websocket-protocol': 'first,second',
  })
  for (const name of ['cookie', 'origin']) expect(asked[0]?.headers[name]).toBeUndefined()
  socket.close(4001, 'bye')
  expect((await once(socket, 'close')).map(String)).toEqual(['4001', 'bye'])
})

test.each([
  ['of another origin', { origin: 'https://evil.example' }, 403, 'csrf'],
  ['of nobody’s page', { origin: '' }, 403, 'csrf'],
  ['that names no login', { login: '' }, 403, 'csrf'],
  ['of a page without facts', { login: '1' }, 403, 'csrf'],
  ['for another login', { login: 'x'.repeat(22) }, 409, 'other_login'],
  ['without a session', { cookie: 'session=none' }, 401, 'no_session'],
  ['of no listed path', { path: '/api/other' }, 404, 'not_found'],
  ['of a path of tokens', { path: '/api/admin/oauth/live' }, 404, 'not_found'],
])('U67: one %s does not', async (_, more, status, error) => {
  const { open, refusal, asked } = await sockets()
  expect(await refusal(open(more))).toMatchObject([status, { error }])
  expect(asked).toEqual([])
})

test('U67: what the backend answers in its place reaches the page', async () => {
  const { open, refusal } = await sockets({}, (_, outgoing) => {
    outgoing.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"none"}')
  })
  expect(await refusal(open())).toEqual([404, { message: 'none' }])
})

test('U67: it ends with its session, whose logout is somebody else’s call', async () => {
  const { open, url, cookie, csrf, echo } = await sockets()
  const socket = open()
  await messageOf(socket)
  const closed = once(socket, 'close')
  await fetch(`${url}/session/logout`, { method: 'POST', headers: { cookie, 'x-csrf': csrf } })
  expect((await closed)[0]).toBe(1006)
  await expect.poll(() => echo.clients.size).toBe(0)
})

test('U67: and when its time is over', async () => {
  const clock = fakeClock(Date.now())
  const { open, echo } = await sockets({ clock, store: memoryServerStore({ clock }), idleTimeoutMs: 60_000 })
  const socket = open()
  await messageOf(socket)
  const closed = once(socket, 'close')
  for (let ms = 0; ms <= 60_000; ms += LOOK_MS) {
    clock.advance(LOOK_MS)
    await new Promise(setImmediate)
  }
  expect((await closed)[0]).toBe(1006)
  await expect.poll(() => echo.clients.size).toBe(0)
  expect(clock.pending().filter(({ inMs }) => inMs > LOOK_MS - 1)).toEqual([])
})

test('U67, U70: and when the server drains, which lets nobody in any more', async () => {
  const { open, refusal, server, echo } = await sockets()
  const socket = open()
  await messageOf(socket)
  const closed = once(socket, 'close')
  await server.drain()
  expect((await closed)[0]).toBe(1006)
  await expect.poll(() => echo.clients.size).toBe(0)
  expect(await refusal(open())).toMatchObject([503, { error: 'draining' }])
})

test.each(['page', 'backend'])('U67: when the %s breaks off, so does the other side', async (who) => {
  const { open, echo } = await sockets()
  const socket = open()
  await messageOf(socket)
  const closed = once(socket, 'close')
  if (who === 'page') socket.terminate()
  else for (const one of echo.clients) one.terminate()
  await closed
  await expect.poll(() => echo.clients.size).toBe(0)
})

test('U67: a mount that cannot hand a connection over says so', async () => {
  const { open, refusal, server, asked } = await sockets()
  const plain = await onPort(toNodeListener(server.handle, { origin: ORIGIN }))
  expect(await refusal(open({ url: plain.url }))).toEqual([
    426,
    { error: 'upgrade_unsupported', expected: expect.stringContaining('toUpgradeListener') },
  ])
  expect(asked).toEqual([])
})

test('U67: so does a server with a fetch of its own', async () => {
  const { open, refusal } = await sockets({ fetch: (input, init) => fetch(input, init) })
  expect(await refusal(open())).toMatchObject([426, { error: 'upgrade_unsupported' }])
})

test('U67: code of yours may stand between, and passes the second argument on', async () => {
  const { server, open, refusal, echo } = await sockets()
  const seen: boolean[] = []
  const wrapped = async (request: Request, info: RequestInfo) => {
    seen.push(info.isUpgrade ?? false)
    return server.handle(request, { ...info })
  }
  const options = { origin: ORIGIN }
  const front = await onPort(toNodeListener(wrapped, options), toUpgradeListener(wrapped, options))
  expect(await messageOf(open({ url: front.url }))).toBe('hello')
  const copying = async (request: Request, info: RequestInfo) => {
    const { status, headers } = await server.handle(request, info)
    return new Response(null, { status, headers })
  }
  const other = await onPort(toNodeListener(copying, options), toUpgradeListener(copying, options))
  const before = echo.clients.size
  expect((await refusal(open({ url: other.url })))[0]).toBe(200)
  expect(seen).toEqual([true])
  // The connection that was lost on the way is not kept.
  await expect.poll(() => echo.clients.size).toBe(before)
})

test('U67: who hangs up while the backend makes up its mind ends the call there', async () => {
  const asked = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  const { port, cookie, csrf } = await sockets(
    {},
    () => {},
    (_, socket) => {
      socket.resume().once('end', closed.resolve)
      asked.resolve()
    },
  )
  const page = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  page.write(
    `GET ${PATH}?session-login=${csrf} HTTP/1.1\r\nHost: x\r\nOrigin: ${ORIGIN}\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  )
  await asked.promise
  page.end()
  await closed.promise
  page.destroy()
})

test('U67: what a page says before it is let in waits for the backend', async () => {
  const { port, cookie, csrf, echo } = await sockets()
  const heard = once(echo, 'connection').then(([one]) => once(one, 'message'))
  const page = connect(port, '127.0.0.1')
  page.write(
    `GET ${PATH}?session-login=${csrf} HTTP/1.1\r\nHost: x\r\nOrigin: ${ORIGIN}\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  )
  await new Promise(setImmediate)
  // A text of two letters, under a mask of zeros.
  page.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]))
  expect(String((await heard)[0])).toBe('hi')
  page.destroy()
})

test.each([
  ['GET /api/admin/../x', 400],
  ['GET http://evil.example/', 400],
  ['GET /session/', 403],
])('U67: %s is answered as without an upgrade', async (line, status) => {
  const { port } = await sockets()
  const socket = connect(port, '127.0.0.1')
  socket.write(`${line} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  expect(chunk.toString()).toMatch(new RegExp(`^HTTP/1\\.1 ${status}`))
  await once(socket, 'close')
})

test('U67: another protocol is nobody’s here, and its request is answered', async () => {
  const { port, cookie } = await sockets()
  const socket = connect(port, '127.0.0.1')
  socket.write(
    `GET /session/ HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`,
  )
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  expect(chunk.toString()).toMatch(/^HTTP\/1\.1 200/)
  await once(socket, 'close')
})

test.each([
  ['Content-Length: 5\r\n\r\nhello'],
  ['Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
])('U67: a body beside another protocol is refused, for nobody has read it: %j', async (rest) => {
  const { port, cookie, csrf } = await sockets()
  const socket = connect(port, '127.0.0.1')
  const head = `POST ${PATH} HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\nX-Csrf: ${csrf}\r\nConnection: Upgrade\r\n`
  socket.write(`${head}Upgrade: h2c\r\n${rest}`)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  expect(chunk.toString()).toMatch(/^HTTP\/1\.1 400/)
  socket.destroy()
})

test('U67: options are checked when the listener is made', () => {
  expect(() => toUpgradeListener(undefined as never, { origin: ORIGIN })).toThrow(
    /toUpgradeListener.*function/,
  )
  expect(() => toUpgradeListener(async () => new Response(), {} as never)).toThrow(/"origin".*undefined/)
})
