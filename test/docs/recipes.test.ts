import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { JSDOM } from 'jsdom'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { createSession } from 'xstate-session'
import { openidStrategy } from 'xstate-session/librechat'
import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'
import { axiosFor } from '../../examples/recipes/axiosFor.ts'
import { eventsFor } from '../../examples/recipes/eventsFor.ts'
import { openSocket } from '../../examples/recipes/openSocket.ts'
import { upload } from '../../examples/recipes/upload.ts'

/** An admin at the reference backend, and a service beside it that knows the same bearers. */
async function admin() {
  const backend = await startBackend()
  const { handler, isGood } = service(backend)
  const http = createServer((request, response) => void handler(request, response))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const beside = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const session = createSession({
    baseUrl: backend.url,
    strategies: { openid: openidStrategy() },
    refresh: 'onDemand',
    allowedOrigins: [beside],
  })
  await session.login(await backend.loginOpenid('openidAdmin'), { provider: 'openid' })
  onTestFinished(async () => {
    session.dispose()
    http.closeAllConnections()
    http.close()
    await backend.close()
  })
  return { backend, session, beside, http, isGood, sends: () => backend.log.presentations.length }
}

/** Uploads and events; asks the backend about every bearer, as such a service would. */
function service(backend: Backend) {
  async function isGood(authorization: string | undefined): Promise<boolean> {
    const asked = fetch(`${backend.url}/api/admin/verify`, {
      headers: { authorization: authorization ?? '' },
    })
    // The backend may be gone with its test.
    return asked.then(({ ok }) => ok).catch(() => false)
  }
  let events = 0
  async function handler(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-allow-headers', 'authorization')
    if (request.method === 'OPTIONS') return void response.end()
    let bytes = 0
    for await (const chunk of request) bytes += (chunk as Buffer).length
    if (!(await isGood(request.headers.authorization))) return void response.writeHead(401).end()
    if (request.method === 'POST') return void response.end(String(bytes))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    // One event, and the connection is gone: the client has to come back.
    response.end(`retry: 10\nid: ${++events}\ndata: event ${events}\n\n`)
  }
  return { handler, isGood }
}

describe('recipes', () => {
  test('axios: twenty calls that find the bearer ended cost one refresh', async () => {
    const { backend, session, sends } = await admin()
    const client = axiosFor(session, backend.url)
    backend.operator.invalidateBearers()
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.get('/api/admin/users')))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(sends()).toBe(1)
    await session.logout()
    await expect(client.get('/api/admin/users')).rejects.toThrow()
    expect(sends()).toBe(1)
  })

  test('upload: tells its progress, and goes again with a fresh bearer', async () => {
    const { backend, session, beside, sends } = await admin()
    const { window } = new JSDOM('', { url: 'https://admin.example/' })
    vi.stubGlobal('XMLHttpRequest', window.XMLHttpRequest)
    onTestFinished(() => void vi.unstubAllGlobals())
    const file = new window.Blob(['x'.repeat(300_000)])
    const seen: number[] = []
    const onProgress = (sent: number) => void seen.push(sent)
    expect(await upload(session, `${beside}/upload`, file, onProgress)).toEqual({
      status: 200,
      text: '300000',
    })
    expect(seen.at(-1)).toBe(300_000)
    backend.operator.invalidateBearers()
    const both = await Promise.all([1, 2].map(() => upload(session, `${beside}/upload`, file, onProgress)))
    expect(both.map(({ text }) => text)).toEqual(['300000', '300000'])
    expect(sends()).toBe(1)
  })

  test('events: every connection brings the bearer of its moment', async () => {
    const { backend, session, beside, sends } = await admin()
    const heard: string[] = []
    const events = eventsFor(session, `${beside}/events`)
    onTestFinished(() => events.close())
    events.addEventListener('message', ({ data }) => void heard.push(data))
    await expect.poll(() => heard.length).toBeGreaterThan(1)
    backend.operator.invalidateBearers()
    const before = heard.length
    await expect.poll(() => heard.length).toBeGreaterThan(before + 2)
    expect(sends()).toBe(1)
  })

  test('a socket: comes back with a fresh bearer, and stops with the session', async () => {
    const { backend, session, http, beside, isGood, sends } = await admin()
    const server = new WebSocketServer({ server: http })
    onTestFinished(() => server.close())
    const urls: string[] = []
    server.on('connection', (socket, request) => {
      urls.push(request.url ?? '')
      socket.on('message', async (data) => {
        const { token } = JSON.parse(String(data)) as { token: string }
        if (await isGood(`Bearer ${token}`)) return socket.send('welcome')
        socket.close(4401)
      })
    })
    const heard: unknown[] = []
    const ends: Error[] = []
    const close = openSocket(
      session,
      beside.replace('http', 'ws'),
      (data) => heard.push(data),
      (reason) => ends.push(reason),
    )
    onTestFinished(close)
    await expect.poll(() => heard).toEqual(['welcome'])
    // The service has done with this bearer, and says so as the socket comes back.
    backend.operator.invalidateBearers()
    for (const socket of server.clients) socket.terminate()
    await expect.poll(() => heard).toEqual(['welcome', 'welcome'])
    expect(sends()).toBe(1)
    await session.logout()
    await expect.poll(() => ends.map(({ name }) => name)).toEqual(['LoggedOut'])
    await expect.poll(() => server.clients.size).toBe(0)
    expect(urls.every((url) => url === '/')).toBe(true)
    expect(backend.log.replays()).toEqual([])
    expect(sends()).toBe(1)
  })

  test('docs/recipes.md shows what is run here, and nothing else', () => {
    const root = fileURLToPath(new URL('../..', import.meta.url))
    const shown = [...readFileSync(`${root}docs/recipes.md`, 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)]
    const files = readdirSync(`${root}examples/recipes`).map((file) =>
      readFileSync(`${root}examples/recipes/${file}`, 'utf8'),
    )
    expect(new Set(shown.map(([, code]) => code))).toEqual(new Set(files))
  })
})
