import { createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { accounts } from '../../examples/backend/accounts.ts'
import { createKeyring } from '../../src/server/keyring.ts'
import { memoryServerStore } from '../../src/stores/memoryServerStore.ts'
import { PANEL, SECRET, world } from './world.ts'

const ring = createKeyring([SECRET])
const others = createKeyring(['a secret that only another process has, yet'])

/** What another process writes in place of a record. */
const writes: Record<string, (text: string, key: string) => Promise<string> | string> = {
  'a record of a later release': async (text, key) => {
    const opened = (await ring.unseal(text, `session ${key}`)) as { plain: string }
    return ring.seal(JSON.stringify({ ...JSON.parse(opened.plain), v: 2 }), `session ${key}`)
  },
  'a seal of a later release': (text) => text.replace(/^v1/, 'v2'),
  'a seal with a secret that is not here': (_, key) => others.seal('{}', `session ${key}`),
}

describe.each(Object.entries(writes))('U93: %s', (_, write) => {
  test('leaves the session and its cookie to the process that can read it, and does not stop a login', async () => {
    const memory = memoryServerStore()
    let isOthers = false
    const store = {
      ...memory,
      async read(key: string) {
        const entry = await memory.read(key)
        return entry && isOthers ? { ...entry, value: await write(entry.value, key) } : entry
      },
    }
    const { serve } = await world()
    const { server, page } = serve({ store })
    const { email, password } = accounts.localAdmin
    await page.post('/session/login', { email, password })
    const cookies = new Map(page.cookies)
    isOthers = true
    const answer = await page.get('/session/')
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([401, []])
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const session = await server.getSession(new Request(`${PANEL}/`, { headers: { cookie } }))
    expect([session.user, session.facts, await session.cookies()]).toEqual([null, undefined, []])
    isOthers = false
    expect((await page.get('/session/')).status).toBe(200)
    isOthers = true
    expect((await page.post('/session/login', { email, password })).status).toBe(200)
    isOthers = false
    expect((await page.get('/session/')).status).toBe(200)
  })
})

test('U94: an answer with a status that no Response can have keeps no connection to the backend', async () => {
  const closed = Promise.withResolvers<void>()
  const backend = createServer((socket) => {
    socket
      .on('error', () => {})
      .once('close', () => closed.resolve())
      .resume()
    socket.write(`HTTP/1.1 999 Odd\r\ncontent-length: 300000\r\n\r\n${'x'.repeat(1_000)}`)
  })
  await new Promise<void>((listening) => backend.listen(0, '127.0.0.1', listening))
  onTestFinished(() => void backend.close())
  const { port } = backend.address() as { port: number }
  const { serve } = await world()
  const { page } = serve({ api: { '/api/odd/': { target: `http://127.0.0.1:${port}/` } } })
  const { email, password } = accounts.localAdmin
  await page.post('/session/login', { email, password })
  expect((await page.get('/api/odd/x')).status).toBe(502)
  await closed.promise
})
