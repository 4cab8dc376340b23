import { spawnSync } from 'node:child_process'
import { createServer as createHttp } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { connect, createServer as createTcp, type Socket } from 'node:net'
import { createServer as createTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { Agent, EnvHttpProxyAgent, ProxyAgent, fetch as undiciFetch } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import type { Coordinator } from '../../src/coordination/coordinator.ts'
import { openidStrategy } from '../../src/librechat/openidStrategy.ts'
import { createSession } from '../../src/session/createSession.ts'
import type { SessionNotice } from '../../src/session/notice.ts'
import type { RefreshRequest } from '../../src/session/strategy.ts'
import { attempt } from '../strategies/attempt.ts'
import { certificate, jsonAnswer, portOf, rawServer } from './loopback.ts'

const refresh = (overrides: Partial<RefreshRequest>) => openidStrategy().refresh(attempt(overrides))
const refused = { kind: 'refused', cause: 'network' }
const lost = { kind: 'unknown', cause: 'network', answered: false }
const renewed = { kind: 'ok', bearer: 'T2', refreshToken: 'R2' }

/** undici's own `fetch`, over `dispatcher`. */
function through(dispatcher: Agent | ProxyAgent): typeof fetch {
  onTestFinished(() => dispatcher.destroy())
  const send: unknown = (url: string, init: object) => undiciFetch(url, { ...init, dispatcher })
  return send as typeof fetch
}
const ways = {
  'a connection of its own': () => ({}),
  'Node’s fetch': () => ({ fetch }),
  'undici’s fetch': () => ({ fetch: through(new Agent()) }),
}

/** A server of which no TLS handshake comes to its end. */
const handshakes: Record<string, (socket: Socket) => void> = {
  'reset at ClientHello': (socket) => socket.once('data', () => socket.resetAndDestroy()),
  'closed at ClientHello': (socket) => socket.once('data', () => socket.end()),
  'closed at once, as a balancer without backends does': (socket) => socket.end(),
  'reset at once': (socket) => socket.resetAndDestroy(),
  'answered with plain HTTP': (socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n')),
  'answered with junk': (socket) => socket.end('this is no TLS record, by far'),
}

describe.each(Object.entries(handshakes))('U40: a TLS handshake that is %s', (_, onConnection) => {
  test.each(Object.entries(ways))('U40: over %s: nothing of the request has left', async (_, way) => {
    const bytes: string[] = []
    const { port } = await rawServer(
      () => {},
      (socket) => {
        socket.on('error', () => {}).on('data', (chunk) => bytes.push(chunk.toString('latin1')))
        onConnection(socket)
      },
    )
    const outcome = await refresh({ baseUrl: `https://127.0.0.1:${port}/`, ...way() })
    expect(outcome).toEqual(refused)
    // What the server saw was TLS at most.
    expect(bytes.join('')).not.toContain('POST')
  })
})

test.each(Object.entries(ways))('U40: no TLS version in common, over %s', async (_, way) => {
  const options = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  const server = createTls({ ...certificate('IP:127.0.0.1'), ...options })
  server.on('tlsClientError', () => {})
  const baseUrl = `https://127.0.0.1:${await portOf(server)}/`
  expect(await refresh({ baseUrl, ...way() })).toEqual(refused)
})

/** One that takes its time to tell what came of a send, as over a network. */
const slow: Coordinator = {
  async run({ send }) {
    await send()
    return new Promise<never>(() => {})
  },
  end: () => {},
}

test.each([
  ['alone', undefined],
  ['with a coordinator', slow],
])(
  'U40: a TLS handshake that nobody answers has sent nothing when its deadline comes: %s',
  async (_, coordinator) => {
    let greeted = () => {}
    const hello = new Promise<void>((resolve) => {
      greeted = resolve
    })
    const { port, received } = await rawServer(
      () => {},
      (socket) => socket.once('data', () => greeted()),
    )
    let strike = () => {}
    const clock: Clock = {
      ...systemClock,
      setTimer(fire, ms, kind) {
        if (ms !== 25_000) return systemClock.setTimer(fire, ms, kind)
        strike = fire
        return () => {}
      },
    }
    const told: SessionNotice[] = []
    const session = createSession({
      baseUrl: `https://127.0.0.1:${port}/`,
      strategies: { openid: openidStrategy({ resend: 'never' }) },
      attemptTimeoutMs: 25_000,
      refresh: 'onDemand',
      clock,
      ...(coordinator && { coordinator }),
      observe: (notice) => told.push(notice),
    })
    onTestFinished(() => session.dispose())
    const deferred = new Promise<void>((resolve) => {
      session.subscribe(({ state }) => state === 'retrying' && resolve())
    })
    const login = { token: 'T1', refreshToken: 'R1', user: { id: 'u' }, expiresAt: Date.now() + 60_000 }
    await session.login(login, { provider: 'openid' })
    session.refresh().catch(() => {})
    await hello
    strike()
    await deferred
    expect(told.find(({ type }) => type === 'refreshDeferred')).toMatchObject({
      outcome: 'refused',
      cause: 'network',
    })
    // The next attempt has its time, though `never` sends nothing that may be spent.
    expect(session.getSnapshot().retryAt).toEqual(expect.any(Number))
    expect(received).toEqual([])
  },
)

describe('a proxy', () => {
  /** A proxy for tunnels, which does as it is told with each `CONNECT`. */
  async function proxy(onConnect: (socket: Socket, target: string) => void) {
    const server = createHttp()
    server.on('connect', (request, socket) => onConnect(socket as Socket, request.url ?? ''))
    const port = await portOf(server)
    return { uri: `http://127.0.0.1:${port}` }
  }
  const target = 'https://127.0.0.1:8443/'

  test.each([
    ['turns the tunnel away', (socket: Socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')],
    [
      'wants a password',
      (socket: Socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'),
    ],
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
    [
      'opens a tunnel in which TLS breaks',
      (socket: Socket) => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        socket.once('data', () => socket.resetAndDestroy())
      },
    ],
  ])('U40: that %s has let nothing through', async (_, onConnect) => {
    const { uri } = await proxy(onConnect)
    expect(await refresh({ baseUrl: target, fetch: through(new ProxyAgent({ uri })) })).toEqual(refused)
  })

  test('U40: that is not there has let nothing through', async () => {
    const server = createTcp()
    const port = await portOf(server)
    await new Promise((resolve) => server.close(resolve))
    expect(
      await refresh({ baseUrl: target, fetch: through(new ProxyAgent({ uri: `http://127.0.0.1:${port}` })) }),
    ).toEqual(refused)
  })

  test('U40: through which the request went proves nothing when the answer breaks', async () => {
    let requests = 0
    const server = createHttps(certificate('IP:127.0.0.1'), (request) => {
      requests++
      request.socket.destroy()
    })
    const port = await portOf(server)
    const { uri } = await proxy((socket) => {
      const upstream = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        upstream.pipe(socket).pipe(upstream)
      })
      for (const end of [socket, upstream]) end.on('error', () => {})
    })
    const dispatcher = new ProxyAgent({ uri, requestTls: { rejectUnauthorized: false } })
    const outcome = await refresh({ baseUrl: `https://127.0.0.1:${port}/`, fetch: through(dispatcher) })
    expect([requests, outcome]).toEqual([1, lost])
  })

  test('U40: of the environment is not used by a connection of its own', async () => {
    const { baseUrl } = await rawServer((socket) =>
      socket.end(jsonAnswer({ token: 'T2', refreshToken: 'R2' })),
    )
    let tunnels = 0
    const { uri } = await proxy((socket) => {
      tunnels++
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    })
    const before = { ...process.env }
    onTestFinished(() => {
      process.env = before
    })
    Object.assign(process.env, { http_proxy: uri, https_proxy: uri })
    expect(new EnvHttpProxyAgent()).toBeTruthy()
    expect(await refresh({ baseUrl })).toMatchObject(renewed)
    expect(tunnels).toBe(0)
  })
})

describe('before anything is sent', () => {
  test('U40: a fetch that throws instead of answering has sent nothing', async () => {
    for (const thrown of [new TypeError('offline'), 'no', undefined]) {
      const throwing = () => {
        throw thrown
      }
      expect(await refresh({ fetch: throwing })).toEqual(refused)
    }
  })

  test('U40: a URL that nobody can ask is no send', async () => {
    for (const baseUrl of ['ftp://127.0.0.1/', 'http://127.0.0.1:70000/', 'http://[/'])
      expect(await refresh({ baseUrl })).toEqual(refused)
  })

  test('U92: a protocol that nobody asked for ends the attempt when it closes the connection', async () => {
    const { baseUrl } = await rawServer((socket) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    )
    expect(await refresh({ baseUrl })).toEqual(lost)
  })

  test('U40: a process without a free file handle has sent nothing (EMFILE)', () => {
    const root = fileURLToPath(new URL('../..', import.meta.url))
    const script = `
      import { createServer } from 'node:net'
      import { openSync } from 'node:fs'
      import { openidStrategy } from '${root}src/librechat/openidStrategy.ts'
      const server = createServer().listen(0, '127.0.0.1', async () => {
        const baseUrl = 'http://127.0.0.1:' + server.address().port + '/'
        // Handles that Node is closing come free a turn later.
        const exhaust = async () => {
          for (let turn = 0; turn < 50; turn++) {
            try { for (;;) openSync('/dev/null') } catch {}
            await new Promise(setImmediate)
          }
        }
        await exhaust()
        const asked = { baseUrl, refreshToken: 'R1', userId: 'u', attemptId: 'a', signal: new AbortController().signal }
        const own = await openidStrategy().refresh(asked)
        await exhaust()
        const injected = await openidStrategy().refresh({ ...asked, fetch })
        console.log(JSON.stringify([own, injected]))
        process.exit()
      })
    `
    const limited = `ulimit -n 64; exec "${process.execPath}" --import ${root}test/sources.ts --input-type=module -e "$0"`
    const { stdout, stderr } = spawnSync('bash', ['-c', limited, script], { encoding: 'utf8', cwd: root })
    expect([stdout.trim(), stderr.includes('EMFILE')]).toEqual([JSON.stringify([refused, refused]), false])
  })
})
