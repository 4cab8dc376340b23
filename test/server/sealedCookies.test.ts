import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { memoryServerStore, type ServerNotice } from 'xstate-session/server'
import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'
import { browser } from './browser.ts'
import { librechatServer } from './librechatServer.ts'

const PANEL = 'https://admin.example'

let backend: Backend
beforeAll(async () => {
  backend = await startBackend({ panelUrl: PANEL })
})
afterAll(() => backend.close())
beforeEach(() => {
  backend.knobs.clockOffsetMs = 0
  backend.knobs.sessionMs = 900_000
})

const serve = () =>
  librechatServer({
    baseUrl: backend.url,
    publicUrl: `${PANEL}/`,
    secrets: ['a secret that is long enough for a test of this'],
    sealedCookies: true,
  })

test('a session lives in its cookies, and another process opens it', async () => {
  const [first, second] = [serve(), serve()]
  let server = first
  const page = browser((request) => server.handle(request), PANEL)
  await page.navigate('/session/login/start')
  expect([...page.cookies.keys()]).toEqual(['__Host-session.0'])
  server = second
  expect((await page.get('/api/admin/users')).status).toBe(200)
  expect(await (await page.get('/session/')).json()).toMatchObject({ version: 1 })
})

test('C27: requests with an older cookie share the refresh, and none writes the old session back', async () => {
  backend.knobs.sessionMs = 2_000
  const server = serve()
  const page = browser((request) => server.handle(request), PANEL)
  await page.navigate('/session/login/start')
  const straggler = browser((request) => server.handle(request), PANEL)
  for (const [name, value] of page.cookies) straggler.cookies.set(name, value)
  backend.knobs.clockOffsetMs = 60_000
  backend.log.reset()
  expect((await page.get('/api/admin/users')).status).toBe(200)
  const renewed = new Map(page.cookies)
  expect((await straggler.get('/api/admin/users')).status).toBe(200)
  expect(backend.log.presentations.length).toBe(1)
  expect(await (await straggler.get('/session/')).json()).toMatchObject({ version: 2 })
  expect(renewed).not.toEqual(new Map())
  expect(await (await page.get('/session/')).json()).toMatchObject({ version: 2 })
})

test('a logout reaches every copy of the cookie in this process', async () => {
  const server = serve()
  const page = browser((request) => server.handle(request), PANEL)
  await page.navigate('/session/login/start')
  const copy = browser((request) => server.handle(request), PANEL)
  for (const [name, value] of page.cookies) copy.cookies.set(name, value)
  await page.post('/session/logout')
  expect(page.cookies.size).toBe(0)
  expect((await copy.get('/api/admin/users')).status).toBe(401)
})

test('a cookie that was tampered with, cut short or swapped is no session', async () => {
  const server = serve()
  const page = browser((request) => server.handle(request), PANEL)
  await page.navigate('/session/login/start')
  const value = page.cookies.get('__Host-session.0') ?? ''
  for (const bad of [
    value.slice(0, -1),
    `${value.slice(0, -2)}AA`,
    value.replace('1.', '2.'),
    'x',
    '1.v2.a.b',
  ]) {
    const thief = browser((request) => server.handle(request), PANEL)
    thief.cookies.set('__Host-session.0', bad)
    expect((await thief.get('/session/')).status, bad.slice(-5)).toBe(401)
    expect(thief.cookies.size).toBe(0)
  }
})

test('S10: a session that no browser could carry is refused, and its owner is told with its size', async () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => {})
  const notices: ServerNotice[] = []
  const token = 'a token much longer than any cookie '.repeat(400).replaceAll(' ', '-')
  const user = { id: 'u', email: 'u@example.com', name: 'U', role: 'ADMIN' }
  const server = librechatServer({
    baseUrl: backend.url,
    publicUrl: PANEL,
    secrets: ['x'.repeat(32)],
    sealedCookies: true,
    observe: (notice) => notices.push(notice),
    fetch: async () => Response.json({ token, user }),
  })
  const page = browser((request) => server.handle(request), PANEL)
  const answer = await page.post('/session/login', { email: 'u@example.com', password: 'p' })
  expect([answer.status, await answer.json()]).toEqual([503, { error: 'misconfigured' }])
  expect(page.cookies.size).toBe(0)
  expect(notices).toContainEqual({ type: 'loginRefused', status: 503, code: 'misconfigured' })
  const text = told.mock.calls.flat().join()
  told.mockRestore()
  expect(text).toMatch(/^A session of \d{5} bytes does not fit into 5 cookies/)
  expect(text).not.toContain('a-token')
})

test('a store and sealed cookies exclude each other', () => {
  const options = { baseUrl: backend.url, publicUrl: PANEL, secrets: ['x'.repeat(32)], sealedCookies: true }
  expect(() => librechatServer({ ...options, store: memoryServerStore() })).toThrow('exclude each other')
})
