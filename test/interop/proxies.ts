import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { toNodeListener } from 'xstate-session/node'
import { createSessionServer } from 'xstate-session/server'
import { freePort } from '../../examples/demo/freePort.ts'
import { cache, has, serve } from './children.ts'
import { caddy, traefik } from './proxyPrograms.ts'

const page = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8')
const lines = (language: string) =>
  Array.from(page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms')), ([, code = '']) => code)

/** Where the parties of one run are, on loopback. */
interface Ports {
  readonly front: number
  readonly panel: number
  readonly reports: number
}

interface Proxy {
  /** Whether a page without a session is led to the login. */
  readonly redirects: boolean
  /** Builds it where it is not there; throws where that cannot be. */
  program(): string
  /** Starts it with the lines of docs/deployment.md; the answer stops it. */
  start(program: string, ports: Ports, folder: string): Promise<() => Promise<void>>
}

const at = (text: string, { front, panel, reports }: Ports) =>
  text
    .replaceAll('panel:3000', `127.0.0.1:${panel}`)
    .replaceAll('reports:8080', `127.0.0.1:${reports}`)
    .replaceAll('https://admin.example.com', `http://localhost:${front}`)

const proxies: Readonly<Record<string, Proxy>> = {
  nginx: {
    redirects: true,
    program() {
      if (!has('nginx')) throw new Error('apt-get install nginx')
      return 'nginx'
    },
    async start(program, ports, folder) {
      const [server = '', more = ''] = lines('nginx')
      const whole = at(server.replace(/^}$/m, `${more}}`), ports)
        .replace('listen 443 ssl;', `listen 127.0.0.1:${ports.front};`)
        .replaceAll('http://panel', `http://127.0.0.1:${ports.panel}`)
        .replaceAll('http://reports', `http://127.0.0.1:${ports.reports}`)
        // As for any application with WebSockets.
        .replace(
          'location /reports/ {',
          'location /reports/ { proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;',
        )
      const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (name) => `${name}_temp_path ${folder}/temp;`,
      )
      mkdirSync(`${folder}/temp`)
      writeFileSync(
        `${folder}/nginx.conf`,
        `daemon off; pid ${folder}/pid; error_log ${folder}/error; events {}
         http { access_log off; ${temp.join(' ')} map $http_upgrade $connection_upgrade { default upgrade; '' ''; } ${whole} }`,
      )
      return serve(program, ['-c', `${folder}/nginx.conf`, '-p', folder], ready(ports))
    },
  },
  caddy: {
    redirects: true,
    program: caddy,
    async start(program, ports, folder) {
      const [code = ''] = lines('caddy')
      const site = at(code, ports).replace('admin.example.com {', `http://localhost:${ports.front} {`)
      writeFileSync(`${folder}/Caddyfile`, `{\n  admin off\n}\n${site}`)
      const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
      return serve(
        program,
        ['run', '--config', `${folder}/Caddyfile`, '--adapter', 'caddyfile'],
        ready(ports),
        env,
      )
    },
  },
  traefik: {
    redirects: false,
    program: traefik,
    async start(program, ports, folder) {
      const code = lines('yaml').find((one) => one.includes('forwardAuth')) ?? ''
      writeFileSync(`${folder}/dynamic.yaml`, at(code, ports).replaceAll('admin.example.com', 'localhost'))
      const options = [
        `--entryPoints.web.address=127.0.0.1:${ports.front}`,
        `--providers.file.filename=${folder}/dynamic.yaml`,
        '--global.checkNewVersion=false',
      ]
      return serve(program, options, ready(ports))
    },
  },
}

const ready = ({ front }: Ports) => `http://localhost:${front}/session/health`

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A panel whose login lets everybody in. */
const panelAt = (origin: string) =>
  createSessionServer({
    publicUrl: `${origin}/`,
    secrets: ['a secret that is long enough for a run of this'],
    logins: {
      staff: () => ({
        identity: 'here',
        apiUrl: 'https://api.example/',
        strategies: {
          own: { needsRefreshToken: true, refresh: async () => ({ kind: 'refused', cause: 'unavailable' }) },
        },
        submit: async () => ({
          done: { answer: { token: 'secret-bearer', user: { id: 'u1' }, expiresIn: 600 }, strategy: 'own' },
        }),
      }),
    },
    forwardAuth: { headers: { 'X-User-Id': 'id', 'X-User-Role': 'role' } },
  })

/** What a client, or a balancer in front, may say of itself. */
const SPOOFED = {
  'x-user-id': 'somebody-else',
  'x-user-role': 'ADMIN',
  'x-original-method': 'GET',
  'x-original-uri': '/reports/public',
  'x-forwarded-method': 'GET',
  'x-forwarded-uri': '/reports/public',
}

/** Asks for an application behind one proxy: who gets there, and what it is told. Throws where that is not as it should be. */
async function check({ redirects, start }: Proxy, program: string): Promise<void> {
  const front = await freePort(0)
  const origin = `http://localhost:${front}`
  const panel = createServer(toNodeListener(panelAt(origin).handle, { origin }))
  const seen: IncomingMessage[] = []
  const reports = createServer((incoming, outgoing) => {
    seen.push(incoming)
    outgoing.end('a report')
  })
  const sockets = new WebSocketServer({ server: reports })
  sockets.on('connection', (socket, incoming) => {
    seen.push(incoming)
    socket.send('hello')
  })
  const ports = { front, panel: await listening(panel), reports: await listening(reports) }
  const stop = await start(program, ports, mkdtempSync(`${cache}proxy-`))
  try {
    const nobody = await fetch(`${origin}/reports/1?a=b`, { redirect: 'manual', headers: SPOOFED })
    if (redirects)
      assert.deepEqual(
        [nobody.status, nobody.headers.get('location')],
        [302, `${origin}/login?returnTo=/reports/1?a=b`],
      )
    else assert.equal(nobody.status, 401)
    const login = await fetch(`${origin}/session/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrf': '1' },
      body: '{}',
    })
    assert.equal(login.status, 200)
    const cookie = login.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
    const headers = { ...SPOOFED, cookie }
    const read = await fetch(`${origin}/reports/1`, { headers })
    assert.deepEqual([read.status, await read.text()], [200, 'a report'])
    const write = (more: Record<string, string>) =>
      fetch(`${origin}/reports/1`, { method: 'POST', body: 'x', headers: { ...headers, ...more } })
    // The method that counts is the proxy's, not the one that a client names.
    assert.equal((await write({})).status, 403)
    assert.equal((await write({ origin: 'https://evil.example' })).status, 403)
    assert.equal((await write({ origin })).status, 200)
    const open = (from: string) =>
      new WebSocket(`ws://localhost:${front}/reports/live`, { headers: { ...headers, origin: from } })
    const socket = open(origin)
    assert.equal(String((await once(socket, 'message'))[0]), 'hello')
    socket.terminate()
    const foreign = open('https://evil.example')
    foreign.on('error', () => {})
    assert.equal((await once(foreign, 'unexpected-response'))[1].statusCode, 403)
    assert.deepEqual(
      seen.map(({ method, headers: told }) => [
        method,
        told['x-user-id'],
        told['x-user-role'] ?? '',
        told.cookie ?? '',
      ]),
      ['GET', 'POST', 'GET'].map((method) => [method, 'u1', '', '']),
    )
  } finally {
    await stop()
    sockets.close()
    for (const server of [panel, reports]) {
      server.closeAllConnections()
      server.close()
    }
  }
}

/** Runs the lines of docs/deployment.md that put an application behind `GET session/auth`. Answers how many have failed. */
export async function checkProxies(): Promise<number> {
  let failures = 0
  for (const [name, proxy] of Object.entries(proxies)) {
    const program = orMissing(name, proxy)
    if (program === undefined) continue
    try {
      await check(proxy, program)
      console.log(`${name}: as documented`)
    } catch (error) {
      failures++
      console.error(`${name} failed:`, error)
    }
  }
  return failures
}

function orMissing(name: string, { program }: Proxy): string | undefined {
  try {
    return program()
  } catch (error) {
    console.log(`not here: ${name}: ${(error as Error).message}`)
  }
}
