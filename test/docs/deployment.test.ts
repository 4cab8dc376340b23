import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { RequestListener, Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createBffSession } from 'xstate-session/bff'
import { createTableSql } from 'xstate-session/postgres'
import type { RequestInfo, ServerFacts, SessionServer } from 'xstate-session/server'
import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'
import { freePort, killAll, startRedis } from '../../examples/server/processes.ts'
import { databaseServer, stopServers } from '../postgres/databaseServer.ts'
import { browser } from '../server/browser.ts'
import { type LibrechatServerOptions, librechatServer } from '../server/librechatServer.ts'
import { onPort, panelBefore } from '../server/onPort.ts'
import { call } from '../server/proxied.ts'
import { SECRET } from '../server/world.ts'
import { runSample, sampleFile } from './samples.ts'

const PAGE = 'docs/deployment.md'
const PUBLIC = 'https://admin.example.com'
const USERS = '/api/admin/users'

/** A part of each sample of the page, by which it is found. */
const SAMPLES = {
  oneProcess: "process.once('SIGTERM'",
  severalProcesses: 'store: redisServerStore({ client })',
  onPostgres: 'postgresServerStore({',
  serverless: 'sealedCookies: true',
  hono: "from 'hono'",
  serverComponent: 'propsOf',
  serverAction: 'function renew',
  form: 'saveSettings',
  fetchModule: 'export default { fetch',
  express: 'function mount',
  upgrade: 'export function listen',
  passedOn: "requestHeaders: ['x-region']",
  clientIp: 'clientIp(1)',
  tenant: 'process.env.TENANT',
  forwardAuth: 'forwardAuth: {',
} as const

afterAll(killAll)
afterAll(stopServers)

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'deployment-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

async function backendFor(origin = PUBLIC): Promise<Backend> {
  const backend = await startBackend({ panelUrl: origin })
  onTestFinished(() => backend.close())
  vi.stubEnv('SESSION_SECRETS', SECRET)
  vi.stubEnv('SESSION_SECRET', SECRET)
  onTestFinished(() => void vi.unstubAllEnvs())
  return backend
}

const LIBRECHAT = "'http://librechat:3080'"
const quoted = (text: string) => JSON.stringify(text)

/** Somebody logs in with a password, and calls. */
async function logInAndCall(handle: (request: Request) => Promise<Response>, backend: Backend) {
  const page = browser(handle, PUBLIC)
  expect((await page.post('/session/login', backend.accounts.localAdmin)).status).toBe(200)
  expect((await page.get(USERS)).status).toBe(200)
  return page
}

/** The recipe for one process, as a process; it listens on `port`. */
async function startProcess(backend: Backend) {
  const port = await freePort()
  const file = await sampleFile(PAGE, SAMPLES.oneProcess, {
    [LIBRECHAT]: quoted(backend.url),
    "'https://chat.example.com'": quoted(backend.url),
    "'/var/lib/panel/sessions.db'": quoted(join(folder(), 'sessions.db')),
    'listen(3000)': `listen(${port}, '127.0.0.1', () => console.log('listening'))`,
  })
  const hooks = new URL('sampleSources.ts', import.meta.url).pathname
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--import', hooks, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let log = ''
  child.stdout.on('data', (chunk) => {
    log += chunk
  })
  await expect.poll(() => log).toContain('listening')
  const exited = once(child, 'exit')
  const send = async (request: Request) => {
    const { pathname, search } = new URL(request.url)
    const body = request.body ? await request.arrayBuffer() : null
    const { method, headers } = request
    return fetch(`http://127.0.0.1:${port}${pathname}${search}`, {
      method,
      headers,
      body,
      redirect: 'manual',
    })
  }
  return {
    port,
    log: () => log,
    send,
    /** SIGTERM; resolves to the exit code, and how long it took in milliseconds. */
    async stop() {
      const before = performance.now()
      child.kill('SIGTERM')
      const [code] = await exited
      return { code, ms: performance.now() - before }
    },
  }
}

test('U63: the recipe for one process serves, and a stop adds no seconds to a release', async () => {
  const backend = await backendFor()
  const panel = await startProcess(backend)
  // Its connections stay open, as a browser's do.
  await logInAndCall(panel.send, backend)
  expect(panel.log()).toContain('"type":"login"')
  const { code, ms } = await panel.stop()
  expect(code).toBe(0)
  expect(ms).toBeLessThan(2_500)
})

test('U63: it stops as soon with strangers at the door, who send nothing or not all', async () => {
  const backend = await backendFor()
  const panel = await startProcess(backend)
  const sockets = [
    '',
    'POST /session/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nx-csrf: 1\r\nContent-Length: 50\r\n\r\n{',
  ].map((text) => {
    const socket = connect(panel.port, '127.0.0.1').on('error', () => {})
    socket.write(text)
    return socket
  })
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  await logInAndCall(panel.send, backend)
  const { code, ms } = await panel.stop()
  for (const socket of sockets) socket.destroy()
  expect(code).toBe(0)
  expect(ms).toBeLessThan(2_500)
})

test('U63, C33: it finishes a refresh that is in the air, and lets the answer out', async () => {
  const backend = await backendFor()
  const panel = await startProcess(backend)
  const page = browser(panel.send, PUBLIC)
  await page.navigate('/session/login/start')
  backend.operator.invalidateBearers()
  const slow = backend.faults.inject('openidRefresh', { kind: 'hang', at: 'after' })
  const calling = page.get(USERS)
  await expect.poll(() => slow.hits).toBe(1)
  const stopping = panel.stop()
  await expect
    .poll(() =>
      fetch(`http://127.0.0.1:${panel.port}/`).then(
        () => 'up',
        () => 'closed',
      ),
    )
    .toBe('closed')
  slow.clear()
  expect((await calling).status).toBe(200)
  expect((await stopping).code).toBe(0)
  expect(backend.log.presentations).toHaveLength(1)
})

test('U63: the recipe for several processes serves from Redis', async () => {
  const backend = await backendFor()
  const redis = await startRedis(folder())
  vi.stubEnv('REDIS_URL', redis.url)
  vi.stubEnv('COORDINATOR_SECRET', SECRET)
  type Process = { readonly server: SessionServer; readonly client: { destroy(): void } }
  const here = { [LIBRECHAT]: quoted(backend.url) }
  const start = () => runSample<Process>(PAGE, SAMPLES.severalProcesses, here, ['server', 'client'])
  const first = await start()
  const second = await start()
  onTestFinished(() => {
    first.client.destroy()
    second.client.destroy()
  })
  const page = await logInAndCall(first.server.handle, backend)
  const headers = { cookie: [...page.cookies].map(([n, v]) => `${n}=${v}`).join('; ') }
  expect((await second.server.handle(new Request(`${PUBLIC}${USERS}`, { headers }))).status).toBe(200)
})

test('U63: the recipe for PostgreSQL serves from it', async () => {
  const backend = await backendFor()
  const { url } = await databaseServer()
  vi.stubEnv('DATABASE_URL', url)
  const admin = new pg.Client(url)
  await admin.connect()
  await admin.query(createTableSql())
  await admin.end()
  type Process = {
    readonly server: SessionServer
    readonly store: { close(): void }
    readonly client: { end(): Promise<void> }
  }
  const here = { [LIBRECHAT]: quoted(backend.url) }
  const start = () => runSample<Process>(PAGE, SAMPLES.onPostgres, here, ['server', 'store', 'client'])
  const [first, second] = [await start(), await start()]
  const page = await logInAndCall(first.server.handle, backend)
  const headers = { cookie: [...page.cookies].map(([n, v]) => `${n}=${v}`).join('; ') }
  expect((await second.server.handle(new Request(`${PUBLIC}${USERS}`, { headers }))).status).toBe(200)
  for (const { store, client } of [first, second]) {
    store.close()
    await client.end()
  }
})

test('U63: the serverless recipe keeps its sessions in cookies', async () => {
  const backend = await backendFor()
  const { server } = await runSample<{ readonly server: SessionServer }>(
    PAGE,
    SAMPLES.serverless,
    { "'https://chat.example.com'": quoted(backend.url) },
    ['server'],
  )
  const page = await logInAndCall(server.handle, backend)
  expect([...page.cookies.keys()]).toEqual([expect.stringMatching(/^__Host-session\.0$/)])
})

test('U63: under Hono the page knows who is there', async () => {
  const backend = await backendFor()
  const { default: app } = await runSample<{
    readonly default: { fetch(request: Request): Promise<Response> }
  }>(PAGE, SAMPLES.hono, { [LIBRECHAT]: quoted(backend.url) })
  const handle = async (request: Request) => app.fetch(request)
  expect((await browser(handle, PUBLIC).get('/')).headers.get('location')).toBe('/login')
  const page = await logInAndCall(handle, backend)
  expect(await (await page.get('/')).text()).toMatch(/^Hello, .+\.$/)
  expect((await page.get('/session/')).status).toBe(200)
})

test('U63: the route handlers of Next.js serve, and a server component asks the server of another instance', async () => {
  const backend = await backendFor()
  vi.stubEnv('PUBLIC_URL', `${PUBLIC}/`)
  vi.stubEnv('BACKEND_URL', backend.url)
  onTestFinished(() => void Reflect.deleteProperty(globalThis, 'panelServer'))
  const module = () =>
    runSample<Record<'GET' | 'POST', SessionServer['handle']> & { sessionServer(): SessionServer }>(
      'docs/embed-nextjs.md',
      'kept.panelServer ??=',
    )
  // As Next.js loads it: once for its routes, once for its pages.
  const [route, pages] = await Promise.all([module(), module()])
  const server = pages.sessionServer()
  expect(route.sessionServer()).toBe(server)
  const page = await logInAndCall((request) => route[request.method as 'GET'](request), backend)
  const { propsOf } = await runSample<{
    propsOf(
      server: SessionServer,
      headers: Headers,
    ): Promise<{ readonly name?: string; readonly facts?: ServerFacts | null }>
  }>(PAGE, SAMPLES.serverComponent)
  const cookie = [...page.cookies].map(([n, v]) => `${n}=${v}`).join('; ')
  const { facts } = await propsOf(server, new Headers({ cookie }))
  expect(facts?.user.email).toBe(backend.accounts.localAdmin.email)
  expect(createBffSession({ baseUrl: PUBLIC, facts: facts ?? null }).getSnapshot()).toMatchObject({
    state: 'active',
    isPending: false,
  })
  expect(await propsOf(server, new Headers())).toEqual({ name: undefined, facts: null })
  const { renew } = await runSample<{
    renew(
      server: SessionServer,
      headers: Headers,
      login: string,
      cookies: { set(name: string, value: string, options: object): unknown },
    ): Promise<void>
  }>(PAGE, SAMPLES.serverAction)
  const set = vi.fn()
  await renew(server, new Headers({ cookie }), facts?.login ?? '', { set })
  expect(set).not.toHaveBeenCalled()
  expect((await propsOf(server, new Headers({ cookie }))).facts?.version).toBe(2)
})

test('U63: the module for Bun and Deno is a fetch handler', async () => {
  const backend = await backendFor()
  const { default: module } = await runSample<{ readonly default: { fetch: SessionServer['handle'] } }>(
    PAGE,
    SAMPLES.fetchModule,
    { [LIBRECHAT]: quoted(backend.url) },
  )
  // What a proxy that ends TLS leaves of the address.
  const handle = (request: Request) =>
    module.fetch(new Request(request.url.replace('https', 'http'), request))
  await logInAndCall(handle, backend)
})

/** What an Express application does with `use`: it cuts the path it is mounted under from `url`. */
function expressLike() {
  const mounted: [path: string, handler: RequestListener][] = []
  const listener: RequestListener = (incoming, outgoing) => {
    const [path, handler] = mounted.find(([prefix]) => incoming.url?.startsWith(prefix)) ?? []
    if (!path || !handler) return void outgoing.writeHead(404).end()
    Object.assign(incoming, { originalUrl: incoming.url, url: incoming.url?.slice(path.length) || '/' })
    handler(incoming, outgoing)
  }
  const use = (paths: readonly string[], handler: RequestListener) =>
    void mounted.push(...paths.map((path): [string, RequestListener] => [path, handler]))
  return { use, listener }
}

test('U63: mounted under an application of Express', async () => {
  const backend = await backendFor()
  const { default: module } = await runSample<{ readonly default: { fetch: SessionServer['handle'] } }>(
    PAGE,
    SAMPLES.fetchModule,
    { [LIBRECHAT]: quoted(backend.url) },
  )
  const { mount } = await runSample<{
    mount(app: object, server: Pick<SessionServer, 'handle'>): void
  }>(PAGE, SAMPLES.express)
  const app = expressLike()
  mount(app, { handle: module.fetch })
  const { url } = await onPort(app.listener)
  const handle = async (request: Request) => {
    const { pathname, search } = new URL(request.url)
    const body = request.body ? await request.arrayBuffer() : null
    const { method, headers } = request
    return fetch(url + pathname + search, { method, headers, body, redirect: 'manual' })
  }
  await logInAndCall(handle, backend)
})

test('U3, U63: a form of one login is not saved for another', async () => {
  const backend = await backendFor()
  const { saveSettings } = await runSample<{
    saveSettings(server: SessionServer, request: Request, form: FormData): Promise<Response>
  }>(PAGE, SAMPLES.form)
  const server = librechatServer({ baseUrl: backend.url, publicUrl: PUBLIC, secrets: [SECRET] })
  const page = await logInAndCall(server.handle, backend)
  const save = async (login: string | undefined) => {
    const form = new FormData()
    if (login) form.set('login', login)
    form.set('settings', '{"registration":"closed"}')
    const cookie = [...page.cookies].map((pair) => pair.join('=')).join('; ')
    return (await saveSettings(server, new Request(PUBLIC, { headers: { cookie } }), form)).status
  }
  const adas = await page.login()
  expect(await save(adas)).toBe(204)
  await page.post('/session/login', backend.accounts.tenantAdmin)
  expect([await save(adas), await save(undefined)]).toEqual([409, 409])
})

test('U63, U67: a listener for calls and for WebSockets', async () => {
  const backend = await backendFor()
  const { listen } = await runSample<{ listen(server: SessionServer, port: number): Server }>(
    PAGE,
    SAMPLES.upgrade,
  )
  const server = librechatServer({ baseUrl: backend.url, publicUrl: PUBLIC, secrets: [SECRET] })
  const http = listen(server, 0)
  onTestFinished(() => void http.close())
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  const socket = new WebSocket(`ws://127.0.0.1:${port}${USERS}`, { headers: { origin: PUBLIC } })
  const [, answer] = await once(socket, 'unexpected-response')
  // Asked, and turned away, since its address names no login.
  expect(answer.statusCode).toBe(403)
  answer.resume()
  http.closeAllConnections()
})

test('U18, U63: an entry of the table adds names of headers', async () => {
  const { api = {} } = await runSample<Pick<LibrechatServerOptions, 'api'>>(PAGE, SAMPLES.passedOn)
  let region: unknown
  const panel = await panelBefore(
    (incoming, outgoing) => {
      region = incoming.headers['x-region']
      outgoing.writeHead(200, { 'x-api-version': '7' }).end()
    },
    { api },
  )
  const { headers } = await call(panel, 'GET', { 'x-region': 'north' })
  expect([region, headers['x-api-version']]).toEqual(['north', '7'])
})

test('U63: the address of the client, and the tenant', async () => {
  const { forwardClientIp } = await runSample<{
    forwardClientIp(request: Request, info: RequestInfo): string | undefined
  }>(PAGE, SAMPLES.clientIp)
  const headers = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' }
  expect(forwardClientIp(new Request(PUBLIC, { headers }), { remoteAddress: '127.0.0.1' })).toBe(
    '198.51.100.7',
  )
  const { resolveTenant } = await runSample<Required<Pick<LibrechatServerOptions, 'resolveTenant'>>>(
    PAGE,
    SAMPLES.tenant,
  )
  vi.stubEnv('TENANT', 'acme')
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(resolveTenant(new Request(PUBLIC))).toBe('acme')
})

test('U63: no sample of the page is left out', async () => {
  const text = await readFile(new URL(`../../${PAGE}`, import.meta.url), 'utf8')
  const samples = [...text.matchAll(/^```tsx?\n(.*?)^```$/gms)].map(([, code = '']) => code)
  expect(samples).toHaveLength(Object.keys(SAMPLES).length)
  const parts = Object.values(SAMPLES)
  expect(samples.filter((sample) => !parts.some((part) => sample.includes(part)))).toEqual([])
})
