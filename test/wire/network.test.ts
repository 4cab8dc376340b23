import { getEventListeners } from 'node:events'
import { createSecureServer, constants as http2 } from 'node:http2'
import { createServer as createHttps } from 'node:https'
import { createServer as createTls, getCACertificates, setDefaultCACertificates } from 'node:tls'
import { Agent, getGlobalDispatcher, RetryAgent, setGlobalDispatcher, fetch as undiciFetch } from 'undici'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openidStrategy } from '../../src/librechat/openidStrategy.ts'
import type { RefreshRequest } from '../../src/session/strategy.ts'
import { request } from '../../src/wire/request.ts'
import { attempt, fakeFetch, json } from '../strategies/attempt.ts'
import { certificate, closedPort, httpServer, jsonAnswer, portOf, rawServer } from './loopback.ts'

const refresh = (overrides: Partial<RefreshRequest>) => openidStrategy().refresh(attempt(overrides))
const refused = { kind: 'refused', cause: 'network' }
const lost = { kind: 'unknown', cause: 'network', answered: false }
const late = { kind: 'unknown', cause: 'timeout', answered: false }
const renewed = { kind: 'ok', bearer: 'T2', refreshToken: 'R2', life: {} }
const answer = { token: 'T2', refreshToken: 'R2' }

/** What an injected `fetch` rejects with. */
const rejecting = (error: unknown) => refresh({ fetch: () => Promise.reject(error) })
const coded = (code: string, more: object = {}) =>
  new TypeError('fetch failed', { cause: Object.assign(new Error('foreign text'), { code }, more) })

describe('provably not processed', () => {
  test('N1 a name that does not resolve is refused', async () => {
    expect(await refresh({ baseUrl: 'http://x.invalid/' })).toEqual(refused)
    for (const code of ['ENOTFOUND', 'EAI_AGAIN']) expect(await rejecting(coded(code))).toEqual(refused)
  })

  test('N2 a closed port is refused, by both transports', async () => {
    const baseUrl = `http://127.0.0.1:${await closedPort()}/`
    expect(await refresh({ baseUrl })).toEqual(refused)
    expect(await refresh({ baseUrl, fetch })).toEqual(refused)
  })

  test('N2 unreachable hosts and connect timeouts are refused', async () => {
    for (const code of ['EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']) {
      expect(await rejecting(coded(code))).toEqual(refused)
    }
    expect(await rejecting(coded('ETIMEDOUT', { syscall: 'connect' }))).toEqual(refused)
    // The same code from an open connection proves nothing.
    expect(await rejecting(coded('EHOSTUNREACH', { syscall: 'read' }))).toEqual(lost)
  })

  test('N2 of several addresses none may have been reached', async () => {
    const several = (...codes: string[]) =>
      rejecting(new TypeError('x', { cause: new AggregateError(codes.map((code) => coded(code))) }))
    expect(await several('ECONNREFUSED', 'ENETUNREACH')).toEqual(refused)
    expect(await several('ECONNREFUSED', 'ECONNRESET')).toEqual(lost)
  })

  test('N2 the deadline passes before the connection stands: refused, not unknown', async () => {
    const controller = new AbortController()
    const { port } = await rawServer(
      () => {},
      // TCP stands, the TLS handshake has begun and never ends: no byte of the request has left.
      (socket) => socket.once('data', () => controller.abort()),
    )
    expect(await refresh({ baseUrl: `https://127.0.0.1:${port}/`, signal: controller.signal })).toEqual(
      refused,
    )
  })

  test('N3 a certificate that nobody vouches for is misconfigured, and the server sees no request', async () => {
    let requests = 0
    const server = createHttps(certificate('IP:127.0.0.1'), (_, response) => {
      requests++
      response.end()
    })
    const baseUrl = `https://127.0.0.1:${await portOf(server)}/`
    expect(await refresh({ baseUrl })).toEqual({ kind: 'refused', cause: 'misconfigured' })
    expect(await refresh({ baseUrl, fetch })).toEqual({ kind: 'refused', cause: 'misconfigured' })
    expect(requests).toBe(0)
  })

  test('N3 a trusted certificate for another host is misconfigured, and no byte of the request leaves', async () => {
    let bytes = 0
    const wrong = certificate('DNS:elsewhere.example')
    const right = certificate('IP:127.0.0.1')
    const before = getCACertificates()
    setDefaultCACertificates([...before, wrong.cert, right.cert])
    onTestFinished(() => setDefaultCACertificates(before))

    const server = createTls(wrong, (socket) => {
      socket.on('error', () => {}).on('data', (chunk) => (bytes += chunk.length))
    })
    const baseUrl = `https://127.0.0.1:${await portOf(server)}/`
    expect(await refresh({ baseUrl })).toEqual({ kind: 'refused', cause: 'misconfigured' })
    expect(bytes).toBe(0)

    const good = createHttps(right, (_, response) => {
      response.setHeader('content-type', 'application/json').removeHeader('date')
      response.end(JSON.stringify(answer))
    })
    expect(await refresh({ baseUrl: `https://127.0.0.1:${await portOf(good)}/` })).toMatchObject({
      kind: 'ok',
    })
  })

  test('N3 an expired certificate is misconfigured', async () => {
    for (const code of [
      'CERT_HAS_EXPIRED',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ]) {
      expect(await rejecting(coded(code))).toEqual({ kind: 'refused', cause: 'misconfigured' })
    }
  })

  test('N14 a stream that HTTP/2 refuses was not processed', async () => {
    const server = createSecureServer(certificate('IP:127.0.0.1'))
    server.on('stream', (stream) => stream.on('error', () => {}).close(http2.NGHTTP2_REFUSED_STREAM))
    const dispatcher = new Agent({ allowH2: true, connect: { rejectUnauthorized: false } })
    onTestFinished(() => dispatcher.destroy())
    const h2: unknown = (url: string, init: object) => undiciFetch(url, { ...init, dispatcher })
    expect(
      await refresh({ baseUrl: `https://127.0.0.1:${await portOf(server)}/`, fetch: h2 as typeof fetch }),
    ).toEqual(refused)
  })

  test('N14 a session that HTTP/2 is closing opens no stream', async () => {
    expect(await rejecting(coded('ERR_HTTP2_GOAWAY_SESSION'))).toEqual(refused)
    expect(await rejecting(coded('ERR_HTTP2_STREAM_ERROR'))).toEqual(lost)
  })
})

describe('the token may be spent', () => {
  test('N4 every refresh has a connection of its own, though the server offers to keep it', async () => {
    const { baseUrl, received } = await rawServer((socket) => {
      socket.write(jsonAnswer(answer, 'connection: keep-alive\r\nkeep-alive: timeout=60\r\n'), () => {
        // The race of an idle connection: closed just as the next request would go out.
        setImmediate(() => socket.destroy())
      })
    })
    for (let i = 0; i < 30; i++) expect(await refresh({ baseUrl })).toEqual(renewed)
    // One request per connection is all that `received` can hold.
    expect(received).toHaveLength(30)
    for (const request of received) expect(request).toMatch(/^connection: close\r$/im)
    for (const request of received) expect(request).toMatch(/^accept-encoding: identity\r$/im)
  })

  test('N5 a reset after the request arrived is unknown', async () => {
    const { baseUrl, received } = await rawServer((socket) => socket.resetAndDestroy())
    expect(await refresh({ baseUrl })).toEqual(lost)
    expect(await refresh({ baseUrl, fetch })).toEqual(lost)
    expect(received).toHaveLength(2)
  })

  test('N6 no headers before the deadline: unknown, and one send', async () => {
    const controller = new AbortController()
    const { baseUrl, received } = await rawServer(() => controller.abort())
    expect(await refresh({ baseUrl, signal: controller.signal })).toEqual(late)
    expect(received).toHaveLength(1)
  })

  test('N7 a truncated answer is not used', async () => {
    const cuts = [
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"token":"T2"}',
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\ne\r\n{"token":"T2"}\r\n',
    ]
    for (const cut of cuts) {
      const { baseUrl } = await rawServer((socket) => socket.end(cut))
      expect(await refresh({ baseUrl })).toEqual(lost)
      expect(await refresh({ baseUrl, fetch })).toEqual(lost)
    }
  })

  test('N8 garbage in place of HTTP is unknown', async () => {
    const junk = [
      'no HTTP at all\r\n\r\n',
      'HTTP/1.1 999999 what\r\n\r\n',
      'HTTP/1.1 200 OK\r\nbad header\0: x\r\n\r\n',
    ]
    for (const text of [...junk, `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(70_000)}\r\n\r\n`, '']) {
      const { baseUrl } = await rawServer((socket) => socket.end(text))
      expect(await refresh({ baseUrl })).toEqual(lost)
    }
  })

  test('N8 a status that no Response can have is unknown', async () => {
    const { baseUrl } = await rawServer((socket) =>
      socket.end('HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n'),
    )
    expect(await refresh({ baseUrl })).toEqual(lost)
  })

  test('N10 a browser’s TypeError without a code is unknown', async () => {
    expect(await rejecting(new TypeError('Failed to fetch'))).toEqual(lost)
    for (const odd of [
      undefined,
      null,
      'text',
      7,
      { cause: { cause: {} } },
      new DOMException('x', 'AbortError'),
    ]) {
      expect(await rejecting(odd)).toEqual(lost)
    }
  })

  test('N10 a foreign error that resists being read is unknown', async () => {
    const circular = new Error('x')
    circular.cause = circular
    const self = Object.assign(new Error('x'), { errors: [] as unknown[] })
    self.errors.push(self, self)
    const hostile = Object.defineProperty({}, 'code', {
      get() {
        throw new Error('canary')
      },
    })
    for (const odd of [circular, self, hostile]) expect(await rejecting(odd)).toEqual(lost)
  })

  test('N15 a retry layer around the whole app has no part in a refresh', async () => {
    const { baseUrl, received } = await rawServer((socket) => socket.resetAndDestroy())
    const before = getGlobalDispatcher()
    const retrying = new RetryAgent(new Agent(), {
      methods: ['POST'],
      maxRetries: 2,
      minTimeout: 1,
      errorCodes: ['UND_ERR_SOCKET', 'ECONNRESET'],
    })
    setGlobalDispatcher(retrying)
    onTestFinished(async () => {
      setGlobalDispatcher(before)
      await retrying.destroy()
    })
    expect(await refresh({ baseUrl })).toEqual(lost)
    expect(received).toHaveLength(1)
    // The layer is there: a plain fetch is sent three times.
    await expect(fetch(baseUrl, { method: 'POST' })).rejects.toThrow()
    expect(received).toHaveLength(4)
  })

  test('N15 the id of the attempt goes along as it was given', async () => {
    const { fetch, sent } = fakeFetch(() => json(answer))
    await refresh({ fetch, attemptId: 'attempt-17' })
    await refresh({ fetch, attemptId: 'attempt-18' })
    expect(sent.map(({ headers }) => headers.get('x-refresh-attempt-id'))).toEqual([
      'attempt-17',
      'attempt-18',
    ])
  })

  test('N16 a request that is swallowed ends at the deadline', async () => {
    const controller = new AbortController()
    const black = await rawServer((socket) => {
      socket.pause()
      controller.abort()
    })
    expect(await refresh({ baseUrl: black.baseUrl, signal: controller.signal })).toEqual(late)
  })

  test('N16 no attempt leaves a listener at its signal', async () => {
    const { signal } = new AbortController()
    for (const { fetch } of [
      fakeFetch(() => json(answer)),
      fakeFetch(() => Promise.reject(new Error('x'))),
    ]) {
      await refresh({ fetch, signal })
      expect(getEventListeners(signal, 'abort')).toEqual([])
    }
  })

  test('N16 a fetch that ignores its signal cannot outlive the deadline either', async () => {
    const controller = new AbortController()
    const cancel = vi.fn()
    let arrive = (_: Response) => {}
    const answer = new Promise<Response>((resolve) => {
      arrive = resolve
    })
    const outcome = refresh({ fetch: () => answer, signal: controller.signal })
    controller.abort()
    expect(await outcome).toEqual({ kind: 'unknown', cause: 'timeout', answered: false })
    // What arrives afterwards is let go.
    arrive(new Response(new ReadableStream({ cancel })))
    await answer
    expect(cancel).toHaveBeenCalledOnce()
  })
})

describe('bodies', () => {
  test('A16 an endless body is cut off at 1 MiB, by both transports', async () => {
    const { baseUrl, connections } = await httpServer((_, response) => {
      response.setHeader('content-type', 'application/json')
      const chunk = Buffer.alloc(16_384, 0x20)
      const more = () => {
        while (!response.destroyed && response.write(chunk));
      }
      response.on('drain', more)
      more()
    })
    const size = { kind: 'unknown', cause: 'size', answered: false }
    expect(await refresh({ baseUrl })).toEqual(size)
    expect(await refresh({ baseUrl, fetch })).toEqual(size)
    expect(connections.length).toBe(2)
  })

  test('A16 exactly 1 MiB is read, one byte more is not', async () => {
    const padded = (length: number) => {
      const text = JSON.stringify(answer)
      return refresh({ fetch: fakeFetch(() => json(text + ' '.repeat(length - text.length))).fetch })
    }
    expect(await padded(1_048_576)).toEqual(renewed)
    expect(await padded(1_048_577)).toEqual({ kind: 'unknown', cause: 'size', answered: false })
  })

  test('A16 what comes after the limit is not asked for, whether or not the deadline passes there', async () => {
    for (const passes of [false, true]) {
      const controller = new AbortController()
      const cancel = vi.fn()
      const pull = (stream: ReadableStreamDefaultController) => {
        stream.enqueue(new Uint8Array(1_048_577))
        if (passes) controller.abort()
      }
      const { fetch } = fakeFetch(() => new Response(new ReadableStream({ pull, cancel })))
      expect(await refresh({ fetch, signal: controller.signal })).toEqual({
        kind: 'unknown',
        cause: 'size',
        answered: false,
      })
      expect(cancel).toHaveBeenCalledOnce()
    }
  })

  test('A19 bytes that are no UTF-8 are told from an empty body', async () => {
    const sent = (body: BodyInit) =>
      request({
        url: 'https://chat.example/',
        method: 'GET',
        headers: {},
        signal: new AbortController().signal,
        fetch: async () => new Response(body),
      })
    expect(await sent(Buffer.from('ff', 'hex'))).toMatchObject({ text: '', fault: 'content' })
    expect(await sent('')).not.toHaveProperty('fault')
  })

  test('A16 a zipped body counts by its decoded size', async () => {
    const { gzipSync } = await import('node:zlib')
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20))
    const { baseUrl } = await httpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(bomb)
    })
    expect(await refresh({ baseUrl, fetch })).toEqual({ kind: 'unknown', cause: 'size', answered: false })
    expect(await refresh({ baseUrl })).toEqual({ kind: 'unknown', cause: 'size', answered: false })
  })

  test.each([
    [
      'A17 a body that drips',
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"tok',
    ],
    [
      'A17 a body that never begins',
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n',
    ],
    ['A17 headers that never end', 'HTTP/1.1 200 OK\r\ncontent-type: appli'],
  ])('%s meets the deadline', async (_, begun) => {
    for (const transport of [{}, { fetch }]) {
      const controller = new AbortController()
      const { baseUrl } = await rawServer((socket) =>
        socket.write(begun, () => setImmediate(() => controller.abort())),
      )
      expect(await refresh({ baseUrl, signal: controller.signal, ...transport })).toEqual(late)
    }
  })

  test('A17 a body that breaks because of the deadline is late, not lost', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const body = new ReadableStream({
      pull(stream) {
        // Broken before anybody else hears of the deadline.
        stream.error(new Error('canary'))
        controller.abort()
      },
    })
    const headers = { 'content-type': 'application/json' }
    expect(await refresh({ fetch: async () => new Response(body, { headers }), signal })).toEqual(late)
  })

  test('A17 a slow body inside the deadline is read to its end', async () => {
    const text = jsonAnswer(answer)
    const { baseUrl } = await rawServer((socket) => {
      const drip = (at: number) => {
        if (at < text.length) socket.write(text.slice(at, at + 9), () => setImmediate(drip, at + 9))
        else socket.end()
      }
      drip(0)
    })
    expect(await refresh({ baseUrl })).toEqual(renewed)
  })
})

describe('redirects', () => {
  test.each([301, 302, 303, 307, 308])(
    'A5 and X6: %d is not followed, so the token stays home',
    async (status) => {
      const reached: string[] = []
      const foreign = await httpServer((request, response) => {
        reached.push(`${request.method} ${request.url}`)
        response.end()
      })
      const { baseUrl } = await httpServer((_, response) => {
        response.writeHead(status, { location: `${foreign.baseUrl}collect` }).end()
      })
      const redirect = { kind: 'unknown', cause: 'redirect', answered: false }
      expect(await refresh({ baseUrl, tenantId: 'acme' })).toEqual(redirect)
      expect(await refresh({ baseUrl, tenantId: 'acme', fetch })).toEqual(redirect)
      expect(reached).toEqual([])
    },
  )

  test('A5 an opaque redirect, and one that somebody followed, prove nothing', async () => {
    const followed = Object.defineProperty(json(answer), 'redirected', { value: true })
    for (const response of [Response.error(), followed]) {
      expect(await refresh({ fetch: fakeFetch(() => response).fetch })).toEqual({
        kind: 'unknown',
        cause: 'redirect',
        answered: false,
      })
    }
  })
})
