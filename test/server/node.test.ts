import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { toNodeListener } from 'xstate-session/node'
import { createSessionServer } from 'xstate-session/server'
import { startBackend } from '../../examples/backend/startBackend.ts'
import { browser } from './browser.ts'

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
  const server = createSessionServer({
    baseUrl: backend.url,
    publicUrl: ORIGIN,
    secrets: ['a secret that is long enough for a test of this'],
  })
  const { port } = await listen(server.handle)
  const page = browser((request) => server.handle(request), ORIGIN)
  await page.navigate('/session/openid/start')
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
