import { once } from 'node:events'
import { Agent, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2 } from 'node:http2'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { toNodeListener } from 'xstate-session/node'
import { memoryServerStore } from 'xstate-session/server'
import { goneController } from '../../src/node/goneController.ts'
import { pump } from '../../src/node/pump.ts'
import { forward } from '../../src/platform/forward.node.ts'
import { webBody } from '../../src/platform/nodeBody.ts'
import { fakeClock } from '../fakeClock.ts'
import { bothWays } from './bothWays.ts'
import { JSON_TYPE, onPort, panelBefore } from './onPort.ts'
import { API, answerTo, bytesOf, call, headOf, sending } from './proxied.ts'
import { currentWay, goBy } from './way.ts'
import { movableClock } from './world.ts'

const LARGE = Buffer.alloc(300_000, 'large ')

describe('U18: headers', () => {
  const REQUEST = {
    ...{ accept: 'a/b', 'accept-language': 'de', 'user-agent': 'browser' },
    ...{ 'content-type': 'text/x', 'content-language': 'de', 'if-match': '"1"' },
    ...{ range: 'bytes=0-1', 'if-range': '"1"', 'cache-control': 'no-cache' },
    ...{ prefer: 'return=minimal', 'idempotency-key': 'k', 'last-event-id': '7' },
    ...{ traceparent: '00-1', tracestate: 'a=b', baggage: 'c=d', 'x-requested-with': 'XMLHttpRequest' },
  }
  const RESPONSE = {
    ...{ 'content-type': 'text/x', 'content-language': 'de', 'content-disposition': 'attachment' },
    ...{ etag: '"1"', 'accept-ranges': 'bytes', 'content-range': 'bytes 0-1/2', allow: 'GET' },
    ...{ 'preference-applied': 'return=minimal', link: '</a>; rel="next"', 'x-total-count': '3' },
    ...{ 'x-accel-buffering': 'no', 'retry-after': '1', 'ratelimit-remaining': '0', 'server-timing': 'db' },
  }
  const NEVER = { location: '/x', refresh: '0', 'clear-site-data': '"*"', 'access-control-allow-origin': '*' }

  bothWays(() => {
    test('U18: what belongs together goes through together, and nothing that carries a login', async () => {
      let got: IncomingHttpHeaders = {}
      const panel = await panelBefore((incoming, outgoing) => {
        got = incoming.headers
        outgoing.writeHead(200, { ...RESPONSE, ...NEVER, vary: 'Accept', 'set-cookie': 'a=b' }).end('{}')
      })
      const { headers } = await call(panel, 'GET', {
        ...REQUEST,
        ...{ authorization: 'Basic x', 'x-forwarded-for': '1.2.3.4', 'x-http-method-override': 'DELETE' },
        ...{ te: 'trailers', 'proxy-authorization': 'y', 'x-own': 'z' },
      })
      expect(got).toMatchObject({ ...REQUEST, authorization: expect.stringMatching(/^Bearer e30/) })
      const names = ['cookie', 'x-forwarded-for', 'x-http-method-override', 'te', 'proxy-authorization']
      for (const name of [...names, 'x-own', 'x-csrf']) expect(got[name], name).toBeUndefined()
      expect(headers).toMatchObject({ ...RESPONSE, vary: 'Cookie, Accept', 'cache-control': 'no-store' })
      for (const name of [...Object.keys(NEVER), 'set-cookie']) expect(headers[name], name).toBeUndefined()
    })

    test('U18: what a side names in Connection is for its own connection', async () => {
      let got: IncomingHttpHeaders = {}
      const panel = await panelBefore((incoming, outgoing) => {
        got = incoming.headers
        outgoing.writeHead(200, {
          connection: 'X-Total-Count, Link',
          'x-total-count': '3',
          link: 'x',
          etag: '"1"',
        })
        outgoing.end()
      })
      const { headers } = await call(panel, 'GET', {
        connection: 'keep-alive, Prefer',
        prefer: 'return=minimal',
        'idempotency-key': 'k',
      })
      expect([got.prefer, got['idempotency-key']]).toEqual([undefined, 'k'])
      expect(got.authorization).toMatch(/^Bearer /)
      expect([headers['x-total-count'], headers.link, headers.etag]).toEqual([undefined, undefined, '"1"'])
    })

    test('U18: an entry of the table adds names of its own', async () => {
      let got: IncomingHttpHeaders = {}
      const entry = { requestHeaders: ['X-Own'], responseHeaders: ['x-theirs'] }
      const panel = await panelBefore(
        (incoming, outgoing) => {
          got = incoming.headers
          outgoing.writeHead(200, { 'x-theirs': 'b', 'x-other': 'c' }).end()
        },
        { api: { '/api/admin/': entry } },
      )
      const { headers } = await call(panel, 'GET', { 'x-own': 'a', 'x-other': 'c' })
      expect([got['x-own'], got['x-other']]).toEqual(['a', undefined])
      expect([headers['x-theirs'], headers['x-other']]).toEqual(['b', undefined])
    })
  })

  test.each([
    ['requestHeaders', 'Cookie'],
    ['requestHeaders', 'authorization'],
    ['requestHeaders', 'x-forwarded-host'],
    ['requestHeaders', 'sec-fetch-site'],
    ['requestHeaders', 'X-HTTP-Method-Override'],
    ['requestHeaders', 'content-length'],
    ['requestHeaders', 'a b'],
    ['requestHeaders', 'X-Original-URL'],
    ['requestHeaders', 'Remote-User'],
    ['responseHeaders', 'X-Accel-Redirect'],
    ['responseHeaders', 'Set-Cookie'],
    ['responseHeaders', 'location'],
    ['responseHeaders', 'connection'],
    ['responseHeaders', 'access-control-allow-origin'],
    ['responseHeaders', 'clear-site-data'],
  ])('U18: %s never has %s', async (option, name) => {
    const api = { '/api/admin/': { [option]: [name] } }
    await expect(panelBefore(() => {}, { api })).rejects.toThrow(
      `"/api/admin/" names "${name.toLowerCase()}" in "${option}"`,
    )
  })
})

bothWays(() => {
  test('U66: what has no body has none, and keeps what it says of it', async () => {
    const panel = await panelBefore((incoming, outgoing) => {
      const status = incoming.method === 'HEAD' ? 200 : Number(incoming.headers['idempotency-key'])
      outgoing.writeHead(status, { etag: '"1"', ...(status === 200 && { 'content-length': '7' }) }).end()
    })
    const head = await call(panel, 'HEAD')
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, '7', 0])
    for (const status of [204, 304]) {
      const answer = await call(panel, 'GET', { 'idempotency-key': `${status}` })
      expect([answer.status, answer.headers.etag, answer.body.length]).toEqual([status, '"1"', 0])
    }
  })

  test('U66: a part of a file is that part', async () => {
    const panel = await panelBefore((_, outgoing) => {
      outgoing.writeHead(206, { 'content-range': 'bytes 0-1/4', 'content-length': '2' }).end('ab')
    })
    const { status, headers, body } = await call(panel, 'GET', { range: 'bytes=0-1' })
    expect([status, headers['content-range'], headers['content-length'], `${body}`]).toEqual([
      206,
      'bytes 0-1/4',
      '2',
      'ab',
    ])
  })

  test('U66: a strong tag goes with its own bytes', async () => {
    const panel = await panelBefore((incoming, outgoing) => {
      const isAsked = /gzip/.test(incoming.headers['accept-encoding'] ?? '')
      const coded = isAsked ? { 'content-encoding': 'gzip', etag: '"zip"' } : { etag: '"plain"' }
      outgoing.writeHead(200, coded).end(isAsked ? gzipSync(LARGE) : LARGE)
    })
    const { headers, body } = await call(panel, 'GET', { 'accept-encoding': 'gzip' })
    const expected = headers['content-encoding'] === 'gzip' ? [gzipSync(LARGE), '"zip"'] : [LARGE, '"plain"']
    expect([body, headers.etag]).toEqual(expected)
  })

  test('U66: one that a backend encodes unasked is not the tag of other bytes', async () => {
    const panel = await panelBefore((_, outgoing) => {
      outgoing.writeHead(200, { 'content-encoding': 'gzip', etag: '"zip"' }).end(gzipSync(LARGE))
    })
    const { headers, body } = await call(panel)
    const isZipped = headers['content-encoding'] === 'gzip'
    expect([headers.etag, body]).toEqual(isZipped ? ['"zip"', gzipSync(LARGE)] : ['W/"zip"', LARGE])
  })

  test('U66: an upload streams, and arrives whole', async () => {
    const panel = await panelBefore(async (incoming, outgoing) => {
      outgoing.end(`${(await bytesOf(incoming)).equals(LARGE)}`)
    })
    for (const headers of [{ 'content-length': LARGE.length }, { 'transfer-encoding': 'chunked' }]) {
      const { body } = await answerTo(sending(panel, 'PUT', headers).end(LARGE))
      expect(`${body}`).toBe('true')
    }
    const { body } = await answerTo(sending(panel, 'DELETE', { 'content-length': 2 }).end('{}'))
    expect(`${body}`).toBe('false')
  })

  test('U64: a backend that is silent is told as such after headersTimeoutMs, and not before', async () => {
    const clock = fakeClock(Date.now())
    const silent: ServerResponse[] = []
    const panel = await panelBefore(
      (incoming, outgoing) => void incoming.resume().on('end', () => silent.push(outgoing)),
      {
        clock,
        store: memoryServerStore({ clock }),
      },
    )
    const calls = [
      call(panel),
      answerTo(sending(panel, 'PUT', { 'content-length': 2 }).end('{}')),
      answerTo(sending(panel, 'PUT', { 'content-length': LARGE.length }).end(LARGE)),
    ]
    await expect.poll(() => silent.length).toBe(3)
    await expect.poll(() => clock.pending().filter(({ inMs }) => inMs === 60_000).length).toBe(3)
    clock.advance(59_999)
    expect(clock.pending()).toHaveLength(3)
    clock.advance(1)
    for (const answer of await Promise.all(calls))
      expect([answer.status, `${answer.body}`]).toEqual([504, '{"error":"backend_timeout"}'])
    expect(clock.pending()).toEqual([])
  })

  test('U64: an upload that takes its time is no silence of the backend', async () => {
    const clock = fakeClock(Date.now())
    let got = 0
    const panel = await panelBefore(
      (incoming, outgoing) => {
        incoming.on('data', ({ length }) => {
          got += length
        })
        incoming.on('end', () => outgoing.end(`${got}`))
      },
      { clock, store: memoryServerStore({ clock }), headersTimeoutMs: 1_000 },
    )
    const sent = sending(panel, 'PUT', { 'content-length': LARGE.length })
    sent.write(LARGE.subarray(0, 100_000))
    await expect.poll(() => got).toBe(100_000)
    clock.advance(20_000)
    const { body } = await answerTo(sent.end(LARGE.subarray(100_000)))
    expect(`${body}`).toBe('300000')
  })

  test.each([0, -1, Number.NaN])('U64: %d is no deadline', async (headersTimeoutMs) => {
    await expect(panelBefore(() => {}, { headersTimeoutMs })).rejects.toThrow('Option "headersTimeoutMs"')
  })

  test('U24: whoever leaves before the answer ends the call at the backend', async () => {
    let left = 0
    const waiting: ServerResponse[] = []
    const panel = await panelBefore((_, outgoing) => {
      outgoing.on('close', () => left++)
      waiting.push(outgoing)
    })
    const sent = sending(panel, 'GET').end()
    await expect.poll(() => waiting.length).toBe(1)
    sent.destroy()
    await expect.poll(() => left).toBe(1)
  })

  test('U66: who reads slowly holds the backend back, and not its bytes in memory', async () => {
    const PART = 1_048_576
    let written = 0
    const panel = await panelBefore((_, outgoing) => {
      const more = () => {
        while (written < 256 && outgoing.write(Buffer.alloc(PART))) written++
        written++
      }
      outgoing.on('drain', more)
      more()
    })
    const sent = sending(panel, 'GET').end()
    const answer = await headOf(sent)
    answer.once('readable', () => {})
    let before = -1
    await expect
      .poll(
        () => {
          const isStill = written === before
          before = written
          return isStill
        },
        { interval: 200 },
      )
      .toBe(true)
    expect(written).toBeLessThan(64)
    sent.destroy()
  })

  test('U70: an answer under way when the server stops says that its connection ends', async () => {
    const waiting: ServerResponse[] = []
    const panel = await panelBefore((_, outgoing) => void waiting.push(outgoing))
    const answer = call(panel)
    await expect.poll(() => waiting.length).toBe(1)
    const drained = panel.server.drain()
    waiting[0]?.end('late')
    const { status, headers, body } = await answer
    await drained
    expect([status, headers.connection, `${body}`]).toEqual([200, 'close', 'late'])
    const next = await call(panel)
    expect([next.status, next.headers.connection]).toEqual([503, 'close'])
  })

  test('U70: an upload whose client stalls holds a server that stops until the deadline, then nothing of it stays open', async () => {
    const arrived = Promise.withResolvers<Socket>()
    const deadline = Promise.withResolvers<() => void>()
    const clock = movableClock()
    const panel = await panelBefore(
      (incoming) => incoming.once('data', () => arrived.resolve(incoming.socket)),
      {
        clock: {
          ...clock,
          setTimer(...timer) {
            if (timer[1] !== 77_000) return clock.setTimer(...timer)
            deadline.resolve(timer[0])
            return () => {}
          },
        },
      },
    )
    const stalled = sending(panel, 'PUT', { 'content-length': 1_000_000 })
    stalled.write(LARGE)
    const backend = await arrived.promise
    let isOver = false
    const drained = panel.server.drain({ timeoutMs: 77_000 }).then(() => {
      isOver = true
    })
    const passed = await deadline.promise
    expect([isOver, backend.destroyed, stalled.socket?.destroyed]).toEqual([false, false, false])
    const closed = [stalled.socket as Socket, backend].map(
      (socket) => new Promise((resolve) => socket.once('close', resolve)),
    )
    passed()
    await drained
    await Promise.all(closed)
  })

  test('U70: one that is answered meanwhile goes on after the deadline', async () => {
    const answered = Promise.withResolvers<ServerResponse>()
    const panel = await panelBefore((incoming, outgoing) => {
      incoming.resume()
      outgoing.writeHead(200).write('early')
      answered.resolve(outgoing)
    })
    const sent = sending(panel, 'PUT', { 'content-length': 1_000_000 })
    sent.write(LARGE)
    const answer = await headOf(sent)
    await panel.server.drain({ timeoutMs: 1 })
    const outgoing = await answered.promise
    outgoing.end(' and late')
    expect(`${await bytesOf(answer)}`).toBe('early and late')
    sent.destroy()
  })

  test('U66: an answer in the hands of code of yours that throws is given up at the backend', async () => {
    const { mount = (handle) => handle } = currentWay()
    goBy({
      ...currentWay(),
      mount: (handle) => async (request, info) => {
        const answer = await mount(handle)(request, info)
        if (new URL(request.url).pathname === API) throw new Error('of the embedder')
        return answer
      },
    })
    const closed = Promise.withResolvers<void>()
    const panel = await panelBefore((_, outgoing) => {
      outgoing.writeHead(200).write('a stream that never ends')
      outgoing.once('close', closed.resolve)
    })
    expect((await call(panel)).status).toBe(500)
    await closed.promise
  })
})

describe('by node:http', () => {
  test('U66: lengths and encodings pass as they are, both ways', async () => {
    const zipped = gzipSync(LARGE)
    let got: IncomingHttpHeaders = {}
    let sent: Buffer = Buffer.alloc(0)
    const panel = await panelBefore(async (incoming, outgoing) => {
      got = incoming.headers
      sent = await bytesOf(incoming)
      const headers = { 'content-encoding': 'gzip', 'content-length': zipped.length, etag: '"1"' }
      outgoing.writeHead(200, headers).end(zipped)
    })
    const asked = { 'accept-encoding': 'gzip', 'content-encoding': 'gzip', 'content-length': LARGE.length }
    const { headers, body } = await answerTo(sending(panel, 'PUT', asked).end(LARGE))
    expect(got).toMatchObject({ ...asked, 'content-length': `${LARGE.length}` })
    expect(got['transfer-encoding']).toBeUndefined()
    expect(sent.equals(LARGE)).toBe(true)
    expect(headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-length': `${zipped.length}`,
      etag: '"1"',
    })
    expect(body.equals(zipped)).toBe(true)
  })

  test('U66: trailers that are announced beside a length are nobody’s: the body goes on', async () => {
    const panel = await panelBefore(async (incoming, outgoing) => {
      outgoing.end(`${(await bytesOf(incoming)).length} ${incoming.headers.trailer}`)
    })
    const socket = connect(panel.port, '127.0.0.1')
    const head = `POST ${API} HTTP/1.1\r\nHost: x\r\nCookie: ${panel.cookie}\r\nX-Csrf: ${panel.csrf}\r\nConnection: close\r\n`
    socket.write(`${head}Trailer: x-request-id\r\nContent-Length: ${LARGE.length}\r\n\r\n`)
    socket.write(LARGE)
    expect(`${await bytesOf(socket)}`).toMatch(`${LARGE.length} undefined`)
  })

  test('U66: a body of another length than it says is broken off, and is never a second request', async () => {
    const sent: Buffer[] = []
    const backend = createTcpServer((socket) => {
      socket.on('data', (part) => sent.push(part)).on('error', () => {})
    })
    onTestFinished(() => void backend.close())
    await once(backend.listen(0, '127.0.0.1'), 'listening')
    const url = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/`
    for (const length of ['3', '30']) {
      const call = {
        ...{
          method: 'POST',
          headers: { 'content-length': length },
          trailers: new Set<string>(),
        },
        ...{
          body: new Response('a body').body,
          signal: new AbortController().signal,
        },
      }
      const sending = forward(url, call, {
        headMs: 60_000,
        clock: fakeClock(0),
      })
      await expect(sending).rejects.toMatchObject({
        code: 'ERR_HTTP_CONTENT_LENGTH_MISMATCH',
      })
    }
    expect(`${Buffer.concat(sent)}`).not.toMatch(/a body(?![\s\S]*content-length: 30)/)
  })

  test('U66: what has no body has no length that anybody would wait for', async () => {
    const panel = await panelBefore((_, outgoing) => {
      outgoing.writeHead(205, { 'content-length': 5 }).end('hello')
    })
    expect(await call(panel)).toMatchObject({
      status: 205,
      body: Buffer.alloc(0),
    })
  })

  test('U66: trailers follow, those that are listed', async () => {
    let got: NodeJS.Dict<string> = {}
    const panel = await panelBefore(async (incoming, outgoing) => {
      await bytesOf(incoming)
      got = incoming.trailers
      outgoing.writeHead(200, { trailer: 'server-timing, set-cookie' })
      outgoing.write('a')
      outgoing.addTrailers({ 'server-timing': 'db', 'set-cookie': 'a=b' })
      outgoing.end()
    })
    const sent = sending(panel, 'PUT', { trailer: 'content-digest', 'transfer-encoding': 'chunked' })
    sent.write(LARGE)
    sent.addTrailers({ 'content-digest': 'x', cookie: 'y' })
    const { trailers, body } = await answerTo(sent.end())
    expect(got).toEqual({ 'content-digest': 'x' })
    expect([trailers, `${body}`]).toEqual([{ 'server-timing': 'db' }, 'a'])
    // Before HTTP/1.1 there are no chunks, and no trailers to announce.
    const socket = connect(panel.port, '127.0.0.1')
    socket.write(`GET ${API} HTTP/1.0\r\nHost: localhost\r\nCookie: ${panel.cookie}\r\n\r\n`)
    const old = `${await bytesOf(socket)}`
    expect(old).toMatch(/^HTTP\/1\.1 200[\s\S]*\r\n\r\na$/)
    expect(old).not.toMatch(/trailer/i)
  })

  test.each([
    ['of no length', {}, LARGE],
    ['of a length', { 'content-length': '1000' }, Buffer.alloc(500)],
  ])(
    'U66: an upload %s that is reset over HTTP/2 is never a whole one to the backend',
    async (_, said, part) => {
      const wholes: number[] = []
      const begun = Promise.withResolvers<void>()
      const panel = await panelBefore((incoming) => {
        begun.resolve()
        incoming.on('error', () => {}).once('end', () => wholes.push(1))
        incoming.resume().once('close', () => wholes.push(0))
      })
      const listener = toNodeListener(panel.server.handle, { origin: 'http://localhost' })
      const front = createHttp2(listener as never).listen(0, '127.0.0.1')
      await once(front, 'listening')
      const client = connectHttp2(`http://127.0.0.1:${(front.address() as AddressInfo).port}`)
      onTestFinished(() => {
        client.destroy()
        front.close()
      })
      const own = { cookie: panel.cookie, 'x-csrf': panel.csrf }
      const stream = client.request({ ':method': 'PUT', ':path': API, ...own, ...said })
      stream.on('error', () => {})
      await new Promise((resolve) => stream.write(part, resolve))
      const isAsked = part === LARGE
      if (isAsked) await begun.promise
      stream.close(8)
      await once(stream, 'close')
      // Whatever the proxy makes of it has reached the backend before the next call is answered.
      const next = client.request({ ':method': 'GET', ':path': '/session/', cookie: panel.cookie })
      await bytesOf(next)
      await expect.poll(() => wholes).toEqual(isAsked ? [0] : [])
    },
  )

  test('U66: an answer may come before its upload has ended', async () => {
    const panel = await panelBefore((incoming, outgoing) => {
      incoming.once('data', () => outgoing.writeHead(413, JSON_TYPE).end('{"error":"too_large"}'))
    })
    const sent = sending(panel, 'PUT', { 'content-length': 50_000_000 })
    sent.write(LARGE)
    const { status, body } = await answerTo(sent)
    expect([status, `${body}`]).toEqual([413, '{"error":"too_large"}'])
    sent.destroy()
  })

  test('U66: calls share connections, and one that is closed meanwhile costs no read', async () => {
    const sockets = new Set<unknown>()
    const methods: (string | undefined)[] = []
    let isClosing = false
    const panel = await panelBefore((incoming, outgoing) => {
      methods.push(incoming.method)
      if (isClosing && sockets.has(incoming.socket)) return void incoming.socket.resetAndDestroy()
      sockets.add(incoming.socket)
      outgoing.end('{}')
    })
    for (let n = 0; n < 5; n++) expect((await call(panel)).status).toBe(200)
    expect(sockets.size).toBe(1)
    isClosing = true
    expect((await call(panel)).status).toBe(200)
    expect(methods).toHaveLength(7)
    isClosing = false
    expect((await call(panel)).status).toBe(200)
    isClosing = true
    // It may have been done: nothing sends it twice.
    expect((await answerTo(sending(panel, 'POST', { 'content-length': 2 }).end('{}'))).status).toBe(502)
    expect(methods.slice(7)).toEqual(['GET', 'POST'])
  })

  test('U64: so is a connection that never stands, after 10 s', async () => {
    const clock = fakeClock(Date.now())
    let met = 0
    const mute = createTcpServer(() => met++).listen(0, '127.0.0.1')
    await once(mute, 'listening')
    onTestFinished(() => void mute.close())
    const target = `https://localhost:${(mute.address() as AddressInfo).port}`
    const panel = await panelBefore(() => {}, {
      clock,
      store: memoryServerStore({ clock }),
      api: { '/api/admin/': { target } },
    })
    const answer = call(panel)
    await expect.poll(() => clock.pending().some(({ inMs }) => inMs === 10_000)).toBe(true)
    clock.advance(10_000)
    const { status, body } = await answer
    expect([status, `${body}`]).toEqual([502, '{"error":"backend_unavailable"}'])
    expect(clock.pending()).toEqual([])
  })

  test('U66: who hangs up after a whole answer costs the backend no connection', async () => {
    const sockets = new Set<unknown>()
    const panel = await panelBefore((incoming, outgoing) => {
      sockets.add(incoming.socket)
      outgoing.end('{}')
    })
    for (let n = 0; n < 3; n++) {
      const agent = new Agent({ keepAlive: true })
      await answerTo(sending(panel, 'GET', {}, { agent }).end())
      agent.destroy()
    }
    expect(sockets.size).toBe(1)
  })

  test('U64: the head of a stream is there before its first event', async () => {
    const streams: ServerResponse[] = []
    const panel = await panelBefore((_, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      streams.push(outgoing)
    })
    const sent = sending(panel, 'GET', {}, { path: API }).end()
    expect((await headOf(sent)).headers['content-type']).toBe('text/event-stream')
    sent.destroy()
  })

  test('U66: functions of yours are given a whole Request', async () => {
    const seen: (string | null)[] = []
    const look = (request: Request) =>
      seen.push(request instanceof Request ? new Headers(request.headers).get('x-own') : 'no Request')
    const panel = await panelBefore(async (incoming, outgoing) => outgoing.end(await bytesOf(incoming)), {
      forwardClientIp: (request) => void look(request),
      isUserActivity: (request) => look(request) < 0,
    })
    seen.length = 0
    const sent = sending(panel, 'PUT', { 'x-own': 'a', 'content-length': LARGE.length })
    expect((await answerTo(sent.end(LARGE))).status).toBe(200)
    expect((await call(panel, 'GET', { 'x-own': 'b' })).status).toBe(200)
    expect(seen).toEqual(['a', 'a', 'b', 'b'])
  })

  test('U66: calls come over HTTP/2, too', async () => {
    const panel = await panelBefore((incoming, outgoing) => {
      outgoing.writeHead(200, { trailer: 'server-timing', connection: 'close' })
      incoming.pipe(outgoing)
    })
    const listener = toNodeListener(panel.server.handle, { origin: 'http://localhost' })
    const front = createHttp2(listener as never).listen(0, '127.0.0.1')
    await once(front, 'listening')
    const client = connectHttp2(`http://127.0.0.1:${(front.address() as AddressInfo).port}`)
    onTestFinished(() => {
      client.close()
      front.close()
    })
    const own = { cookie: panel.cookie, 'x-csrf': panel.csrf }
    const stream = client.request({ ':method': 'PUT', ':path': API, ...own })
    stream.end(LARGE)
    const [headers] = await once(stream, 'response')
    expect([headers[':status'], (await bytesOf(stream)).equals(LARGE)]).toEqual([200, true])
  })

  test('U66: what broke off before anybody read it does not look complete', async () => {
    const broken = async () => {
      const source = new Readable({ read() {} })
      source.destroy()
      await once(source, 'close')
      return source
    }
    await expect(new Response(webBody(await broken())).text()).rejects.toThrow('broke off')
    await webBody(await broken()).cancel()
    const { url } = await onPort(async (_, outgoing) => {
      outgoing.writeHead(200)
      pump({ source: await broken(), limits: undefined, trailers: new Set() }, outgoing)
    })
    await expect(fetch(url)).rejects.toThrow()
  })

  test('U66: who has left before the answer holds nothing', async () => {
    const source = new Readable({ read() {} })
    let isAborted: boolean | undefined
    const { url } = await onPort((_, outgoing) => {
      outgoing.on('close', () => {
        isAborted = goneController(outgoing).signal.aborted
        pump({ source, limits: undefined, trailers: new Set() }, outgoing)
      })
      outgoing.destroy()
    })
    await expect(fetch(url)).rejects.toThrow()
    await expect.poll(() => [isAborted, source.destroyed]).toEqual([true, true])
  })

  test('U66: an answer that its session cannot follow is given up at the backend, too', async () => {
    const closed = Promise.withResolvers<void>()
    const huge = `e30.${btoa(JSON.stringify({ iat: 1, exp: 9e9, pad: 'x'.repeat(9_000) })).replaceAll('=', '')}.c2ln`
    const panel = await panelBefore(
      (incoming, outgoing) => {
        if (incoming.url === '/api/auth/refresh')
          return outgoing
            .writeHead(200, { ...JSON_TYPE, 'set-cookie': `refreshToken=${'r'.repeat(3_000)}; Path=/` })
            .end(JSON.stringify({ token: huge, user: { id: 'u' } }))
        if (!incoming.headers.authorization?.includes('eHh4')) return outgoing.writeHead(401).end()
        outgoing.writeHead(200).write('a stream that never ends')
        outgoing.once('close', closed.resolve)
      },
      { sealedCookies: true },
    )
    const answer = await call(panel)
    expect([answer.status, JSON.parse(String(answer.body))]).toMatchObject([503, { error: 'misconfigured' }])
    await closed.promise
  })

  test('U66: so is one that cannot be written', async () => {
    const source = new Readable({ read() {} })
    const { url } = await onPort(
      toNodeListener(
        async () => {
          const answer = new Response(webBody(source))
          Object.defineProperty(answer, 'status', { value: 1 })
          return answer
        },
        { origin: 'http://localhost' },
      ),
    )
    expect((await fetch(url)).status).toBe(500)
    await expect.poll(() => source.destroyed).toBe(true)
  })

  test('U67: a backend that takes up a protocol that nobody asked for has not answered', async () => {
    const backend = createTcpServer((socket) => {
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n'),
      )
    }).listen(0, '127.0.0.1')
    await once(backend, 'listening')
    onTestFinished(() => void backend.close())
    const target = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
    const panel = await panelBefore(() => {}, { api: { '/api/admin/': { target } } })
    expect((await call(panel)).status).toBe(502)
  })
})
