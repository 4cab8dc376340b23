import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createGzip, gzipSync } from 'node:zlib'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { backChannelLogout } from 'xstate-session/backchannel'
import { memoryServerStore } from 'xstate-session/server'
import { readBody } from '../../src/server/readBody.ts'
import { fakeClock } from '../fakeClock.ts'
import { bothWays } from './bothWays.ts'
import { librechatServer } from './librechatServer.ts'
import { JSON_TYPE, onPort, panelBefore } from './onPort.ts'
import { SECRET } from './world.ts'

/** How much this process has grown at most while `work` ran; MiB. */
async function growthWhile(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().rss
  let peak = before
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }, 5)
  await work()
  clearInterval(timer)
  return (Math.max(peak, process.memoryUsage().rss) - before) / 1_048_576
}

bothWays(() => {
  test('U7: an answer to verify that opens into much is cut off, and the session goes on unverified', async () => {
    const bomb = gzipSync(Buffer.alloc(192 * 1_048_576, 0x20))
    const { url, cookie } = await panelBefore(
      (_, outgoing) => {
        outgoing.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }).end(bomb)
      },
      { revalidateMs: 1e-3 },
    )
    const answers: unknown[] = []
    const grown = await growthWhile(async () => {
      const all = Array.from({ length: 4 }, () => fetch(`${url}/session/verify`, { headers: { cookie } }))
      for (const answer of await Promise.all(all)) answers.push(await answer.json())
    })
    expect(answers).toHaveLength(4)
    for (const answer of answers)
      expect(answer).toMatchObject({ user: { id: 'u' }, unverified: 'unavailable' })
    expect(grown).toBeLessThan(192)
  })

  test('U7: one that never ends is no answer', async () => {
    let cut = 0
    const { url, cookie } = await panelBefore(
      (_, outgoing) => {
        outgoing.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' })
        const zip = createGzip()
        zip.pipe(outgoing)
        const more = () => {
          while (!outgoing.destroyed && zip.write(Buffer.alloc(65_536)));
        }
        zip.on('drain', more)
        more()
        outgoing.on('close', () => {
          cut++
          zip.destroy()
        })
      },
      { revalidateMs: 1e-3, attemptTimeoutMs: 20_000 },
    )
    const answer = await fetch(`${url}/session/verify`, { headers: { cookie } })
    expect(await answer.json()).toMatchObject({ unverified: 'unavailable' })
    await expect.poll(() => cut).toBe(1)
  })

  test('U7: nor are the keys of a provider read without an end', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    const key = { ...(await exportJWK(publicKey)), alg: 'RS256', kid: 'k' }
    let padding = ''
    const provider = await onPort((_, outgoing) => {
      outgoing.writeHead(200, JSON_TYPE).end(JSON.stringify({ keys: [key], padding }))
    })
    const verdict = async () => {
      const verify = backChannelLogout({
        issuer: 'https://idp.example',
        clientId: 'c',
        jwks: new URL(provider.url),
      })
      const token = await new SignJWT({
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      })
        .setProtectedHeader({ alg: 'RS256', kid: 'k', typ: 'logout+jwt' })
        .setIssuer('https://idp.example')
        .setAudience('c')
        .setSubject('s')
        .setIssuedAt()
        .setExpirationTime('1m')
        .setJti(crypto.randomUUID())
        .sign(privateKey)
      const body = new URLSearchParams({ logout_token: token })
      return (await verify(new Request('https://panel.example', { method: 'POST', body }))).ok
    }
    expect(await verdict()).toBe(true)
    padding = 'x'.repeat(1_048_576)
    expect(await verdict()).toBe(false)
  })

  /** Sends the head of a request, and all but the last byte of its body. Answers what comes back. */
  function unfinished(
    port: number,
    head: string,
  ): { readonly socket: Socket; readonly answer: Promise<string> } {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    const answer = once(socket, 'close').then(() => text)
    const csrf = head.includes('x-csrf') ? '' : '\r\nx-csrf: 1'
    socket.write(`${head}\r\nHost: localhost${csrf}\r\nContent-Length: 50\r\n\r\n{`)
    onTestFinished(() => void socket.destroy())
    return { socket, answer }
  }

  const HEADS = ({ cookie, csrf }: { readonly cookie: string; readonly csrf: string }) =>
    [
      ['POST /session/login HTTP/1.1\r\nContent-Type: application/json'],
      ['POST /session/login/next HTTP/1.1\r\nContent-Type: application/json'],
      ['POST /session/backchannel-logout HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded'],
      ['POST /session/refresh HTTP/1.1\r\nContent-Type: application/json'],
      ['POST /session/logout HTTP/1.1\r\nContent-Type: application/json'],
      [
        `PUT /api/admin/settings HTTP/1.1\r\nContent-Type: application/json\r\nCookie: ${cookie}\r\nx-csrf: ${csrf}`,
      ],
    ].map(([head = '']) => head)

  test('U10: whoever does not finish a body holds no server that stops, and is told so', async () => {
    const panel = await panelBefore((_, outgoing) => void outgoing.end('{}'))
    const { server, port, cookie } = panel
    const all = HEADS(panel).map((head) => unfinished(port, head))
    // As many requests have come in as heads were sent: this one came last.
    expect((await fetch(`http://127.0.0.1:${port}/session/`, { headers: { cookie } })).status).toBe(200)
    const before = performance.now()
    await server.drain()
    const answers = await Promise.all(all.map(({ answer }) => answer))
    expect(performance.now() - before).toBeLessThan(2_000)
    for (const answer of answers) {
      expect(answer).toMatch(/^HTTP\/1\.1 503/)
      expect(answer).toMatch(/connection: close/i)
      expect(answer).toContain('"draining"')
    }
  })

  test('U10: whoever asks a server that stops is told to go elsewhere, on another connection', async () => {
    const { server, url } = await panelBefore((_, outgoing) => void outgoing.end('{}'))
    await server.drain()
    const answer = await fetch(`${url}/session/`)
    expect([answer.status, answer.headers.get('connection')]).toEqual([503, 'close'])
  })

  test('U10: a login that hangs at the backend is a stranger still: a server that stops does not wait for it', async () => {
    const hanging: string[] = []
    const backend = await onPort((incoming) => void hanging.push(incoming.url ?? ''))
    const server = librechatServer({
      baseUrl: backend.url,
      publicUrl: 'http://localhost/',
      secrets: [SECRET],
    })
    const login = server.handle(
      new Request('http://localhost/session/login', {
        method: 'POST',
        headers: { ...JSON_TYPE, 'x-csrf': '1' },
        body: '{"email":"a","password":"p"}',
      }),
    )
    login.catch(() => {})
    await expect.poll(() => hanging).toEqual(['/api/admin/login/local'])
    const before = performance.now()
    await server.drain()
    expect(performance.now() - before).toBeLessThan(2_000)
  })

  test('U10: every body has a deadline, however steadily it drips', async () => {
    const clock = fakeClock()
    let drip = (_: string) => {}
    const body = new ReadableStream({
      start(controller) {
        drip = (text) => controller.enqueue(new TextEncoder().encode(text))
      },
    })
    const request = new Request('http://localhost/', { method: 'POST', body, duplex: 'half' } as RequestInit)
    const draining = new AbortController().signal
    const reading = readBody(request, { maxBytes: 100, withinMs: 10_000, clock, draining })
    let outcome: unknown
    void reading.then((value) => {
      outcome = value
    })
    for (let n = 0; n < 9; n++) {
      drip('x')
      clock.advance(1_000)
      await Promise.resolve()
    }
    expect(outcome).toBeUndefined()
    clock.advance(1_000)
    const answer = (await reading) as Response
    expect([answer.status, await answer.json()]).toEqual([
      408,
      { error: 'body_too_late', expected: 'the whole body within 10000 ms' },
    ])
    expect(clock.pending()).toEqual([])
  })

  test('U10: each of the deadlines is armed: own endpoints within 10 s, calls that are passed on within 30 s', async () => {
    const clock = fakeClock(Date.now())
    const panel = await panelBefore((_, outgoing) => void outgoing.end('{}'), {
      clock,
      store: memoryServerStore({ clock }),
    })
    const all = HEADS(panel).map((head) => unfinished(panel.port, head))
    await expect.poll(() => clock.pending().length).toBe(all.length)
    clock.advance(9_999)
    expect(clock.pending()).toHaveLength(all.length)
    clock.advance(1)
    const own = await Promise.all(all.slice(0, -1).map(({ answer }) => answer))
    for (const answer of own) expect(answer).toMatch(/^HTTP\/1\.1 408/)
    clock.advance(20_000)
    expect(await all.at(-1)?.answer).toMatch(/^HTTP\/1\.1 408/)
  })

  test('U10: what comes in time is read, whatever its parts', async () => {
    const { port } = await panelBefore((_, outgoing) => void outgoing.end('{}'))
    const socket = connect(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    const body = '{"email":"a","password":"p"}'
    socket.write(
      `POST /session/login HTTP/1.1\r\nHost: localhost\r\nx-csrf: 1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`,
    )
    for (const letter of body) socket.write(letter)
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 200/)
  })
})
