import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { childEnvironment } from '../childEnvironment.ts'

const hooks = fileURLToPath(new URL('../sources.ts', import.meta.url))
const index = new URL('../../src/exports/index.ts', import.meta.url).href
const librechat = new URL('../../src/exports/librechat.ts', import.meta.url).href
const server = new URL('../../src/exports/server.ts', import.meta.url).href

/** Runs `source` as a program of its own until nothing keeps it alive, and answers what it printed. */
async function program(source: string): Promise<string> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--import', hooks, '--input-type=module', '--eval', source],
    { env: childEnvironment(), stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
  })
  await once(child, 'close')
  return printed.trim()
}

/** A session whose bearer has ended and whose backend is always unavailable. */
const waiting = `
  import { createSession } from '${index}'
  import { openidStrategy } from '${librechat}'
  const session = createSession({
    baseUrl: 'https://backend.test', strategies: { openid: openidStrategy() }, patienceMs: 12_000,
    fetch: async () => new Response(null, { status: 503 }),
  })
  const login = { token: 't', refreshToken: 'r', user: { id: 'u' }, expiresAt: Date.now() + 1 }
  await session.login(login, { provider: 'openid' })
  await new Promise((resolve) => setTimeout(resolve, 20))
`

test('E4: who waits for a bearer gets an answer before the process ends', async () => {
  const outcome = `await session.getToken().then(() => 'token', (error) => error.code)`
  expect(await program(`${waiting} console.log(${outcome})`)).toBe('refresh_unavailable')
})

test('E4: a session that nobody waits for keeps no process alive', async () => {
  expect(await program(`${waiting} console.log(session.getSnapshot().isAuthenticated)`)).toBe('true')
})

test('E5: a session on a server opens no channel and takes no lock', async () => {
  const source = `
    let opened = 0
    const Channel = globalThis.BroadcastChannel
    globalThis.BroadcastChannel = class extends Channel { constructor(name) { super(name); opened++ } }
    const { request } = navigator.locks ?? {}
    if (request) navigator.locks.request = (...args) => { opened++; return request.apply(navigator.locks, args) }
    await import('${server}')
    ${waiting.replace(/import \{(.*)\} from '(.*)'/, "const {$1} = await import('$2')")}
    await session.refresh({ by: 'force' }).catch(() => {})
    console.log(opened + ' ' + process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length)
  `
  expect(await program(source)).toBe('0 0')
})
