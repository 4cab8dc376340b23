import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { get, type IncomingMessage, type RequestListener } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { toNodeListener } from 'xstate-session/node'
import { createSessionServer } from 'xstate-session/server'
import { freePort } from '../../examples/server/processes.ts'
import { hasNginx, startNginx } from '../nginx.ts'
import { onPort } from '../server/onPort.ts'

const root = new URL('../../', import.meta.url)

/** The lines of the page in front of `listener`, on a port of loopback and without TLS. */
async function nginxBefore(listener: RequestListener, reports?: RequestListener) {
  const page = await readFile(new URL('docs/deployment.md', root), 'utf8')
  const [lines = '', more = ''] = Array.from(page.matchAll(/^```nginx\n(.*?)^```$/gms), ([, code]) => code)
  const { port: upstream } = await onPort(listener)
  const port = await freePort()
  const whole = reports ? lines.replace(/^}$/m, `${more}}`) : lines
  const application = reports ? await onPort(reports) : undefined
  const server = whole
    .replaceAll('http://reports', application?.url ?? '')
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
    .replaceAll('http://panel', `http://127.0.0.1:${upstream}`)
  expect(server).not.toBe(lines)
  await startNginx(server, port)
  return { port, url: `http://127.0.0.1:${port}` }
}

/** The head of an answer to a request that is written as it is. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(text)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return chunk.toString('latin1')
}

const CALLBACK = '/auth/openid/callback?code=0123456789abcdef'

test.skipIf(!hasNginx)(
  'U8, U63: the lines for nginx leave no error page at the address of a callback',
  async () => {
    let status = 200
    const { port } = await nginxBefore((_, outgoing) => void outgoing.writeHead(status).end('from the panel'))
    const bomb = `Cookie: ${Array.from({ length: 10 }, (_, i) => `b${i}=${'x'.repeat(3_900)}`).join('; ')}`
    const requests = [
      `GET ${CALLBACK} HTTP/1.1\r\nHost: admin.example.com\r\n${bomb}\r\n\r\n`,
      `GET ${CALLBACK} HTTP/1.1\r\nHost: admin.example.com\r\nbad header\x01: x\r\nContent-Length: x\r\n\r\n`,
      `GET ${CALLBACK}&x=${'y'.repeat(40_000)} HTTP/1.1\r\nHost: admin.example.com\r\n\r\n`,
    ]
    for (const request of requests) {
      const answer = await raw(port, request)
      expect(answer).toMatch(/^HTTP\/1\.1 302/)
      expect(answer).toMatch(/^Location: https:\/\/admin\.example\.com\/login\?error=auth_failed\r$/m)
    }
    expect(await raw(port, `GET ${CALLBACK} HTTP/1.1\r\nHost: admin.example.com\r\n\r\n`)).toMatch(/ 200 /)
    // A call of a page is told what happened.
    status = 503
    expect(await raw(port, 'GET /api/admin/x HTTP/1.1\r\nHost: admin.example.com\r\n\r\n')).toMatch(/ 503 /)
  },
)

test.skipIf(!hasNginx)('U8: nor where nobody is behind it', async () => {
  const { port } = await nginxBefore((incoming) => void incoming.socket.destroy())
  const answer = await raw(port, `GET ${CALLBACK} HTTP/1.1\r\nHost: admin.example.com\r\n\r\n`)
  expect(answer).toMatch(/^HTTP\/1\.1 302/)
  expect(answer).toMatch(/^Location: https:\/\/admin\.example\.com\/login\?error=backend_unavailable\r$/m)
  expect(await raw(port, 'GET /api/admin/x HTTP/1.1\r\nHost: admin.example.com\r\n\r\n')).toMatch(/ 502 /)
})

test.skipIf(!hasNginx)('U63: the lines for nginx pass on what a client may say, and no more', async () => {
  const { url } = await nginxBefore(
    (incoming, outgoing) => void outgoing.end(JSON.stringify(incoming.headers)),
  )
  const headers = { 'x-forwarded-for': '203.0.113.9', 'x-tenant-id': 'other', cookie: 'a=b' }
  const answer = await fetch(url, { headers })
  expect(answer.headers.get('strict-transport-security')).toBe('max-age=31536000')
  const seen = (await answer.json()) as Record<string, string>
  expect([seen['x-forwarded-for'], seen['x-tenant-id'], seen.cookie]).toEqual(['127.0.0.1', undefined, 'a=b'])
})

test.skipIf(!hasNginx)('U63: the lines for nginx hold no event back', async () => {
  let say = (_: string) => {}
  const { url } = await nginxBefore((_, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
    say = (text) => outgoing.write(text)
    say('data: a\n\n')
  })
  const request = get(url)
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  const parts = answer.setEncoding('utf8')[Symbol.asyncIterator]()
  expect((await parts.next()).value).toBe('data: a\n\n')
  say('data: b\n\n')
  expect((await parts.next()).value).toBe('data: b\n\n')
  request.destroy()
})

test.skipIf(!hasNginx)('the lines for nginx put an application behind the session', async () => {
  const panel = createSessionServer({
    publicUrl: 'https://admin.example.com/',
    secrets: ['a secret that is long enough for a test of this'],
    logins: {
      staff: () => ({
        identity: 'here',
        apiUrl: 'https://api.example/',
        strategies: {
          own: { needsRefreshToken: true, refresh: async () => ({ kind: 'refused', cause: 'unavailable' }) },
        },
        submit: async () => ({
          done: {
            answer: {
              token: 'secret-bearer',
              user: { id: 'u1', role: 'ADMIN', name: 'Zoë' },
              expiresIn: 600,
            },
            strategy: 'own',
          },
        }),
      }),
    },
    forwardAuth: { headers: { 'X-User-Id': 'id', 'X-User-Role': 'role' } },
  })
  const seen: IncomingMessage[] = []
  const { url } = await nginxBefore(
    toNodeListener(panel.handle, { origin: 'https://admin.example.com' }),
    (incoming, outgoing) => {
      seen.push(incoming)
      outgoing.end('a report')
    },
  )
  const spoofed = { 'x-user-id': 'somebody else', 'x-original-method': 'GET', 'x-forwarded-method': 'GET' }
  const nobody = await fetch(`${url}/reports/1?a=b`, { redirect: 'manual', headers: spoofed })
  expect([nobody.status, nobody.headers.get('location')]).toEqual([
    302,
    'https://admin.example.com/login?returnTo=/reports/1?a=b',
  ])
  const login = await fetch(`${url}/session/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-csrf': '1' },
    body: '{}',
  })
  const cookie = login.headers.getSetCookie().map((line) => line.split(';')[0])[0] ?? ''
  const read = await fetch(`${url}/reports/1`, { headers: { ...spoofed, cookie } })
  expect([read.status, await read.text()]).toEqual([200, 'a report'])
  const write = (more: Record<string, string>) =>
    fetch(`${url}/reports/1`, { method: 'POST', body: 'x', headers: { ...spoofed, cookie, ...more } })
  expect((await write({ origin: 'https://admin.example.com' })).status).toBe(200)
  expect((await write({ origin: 'https://evil.example', 'sec-fetch-mode': 'navigate' })).status).toBe(403)
  expect((await write({})).status).toBe(403)
  expect(seen.map(({ method, headers }) => [method, headers['x-user-id'], headers['x-user-role']])).toEqual([
    ['GET', 'u1', 'ADMIN'],
    ['POST', 'u1', 'ADMIN'],
  ])
  expect(seen.every(({ headers }) => headers.cookie === undefined)).toBe(true)
  // The endpoint is the proxy's alone.
  const direct = await fetch(`${url}/session/auth`, { headers: { ...spoofed, cookie } })
  expect(direct.status).toBe(404)
})
