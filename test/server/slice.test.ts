import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ServerNotice } from 'xstate-session/server'
import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'
import { bothWays } from './bothWays.ts'
import { browser } from './browser.ts'
import { librechatServer } from './librechatServer.ts'

const PANEL = 'https://admin.example'

let backend: Backend
beforeAll(async () => {
  backend = await startBackend({ panelUrl: PANEL })
})
afterAll(() => backend.close())

function serve() {
  const notices: ServerNotice[] = []
  const server = librechatServer({
    baseUrl: backend.url,
    publicUrl: `${PANEL}/`,
    secrets: ['a secret that is long enough for a test of this'],
    observe: (notice) => notices.push(notice),
  })
  return { server, notices, page: browser((request) => server.handle(request), PANEL) }
}

bothWays(() => {
  test('an admin logs in with a password, calls the API and logs out', async () => {
    const { page } = serve()
    const { email, password } = backend.accounts.localAdmin
    const login = await page.post('/session/login', { email, password })
    expect(login.status).toBe(200)
    expect(await login.json()).toMatchObject({ user: { email }, version: 1 })
    expect([...page.cookies.keys()]).toEqual(['__Host-session'])
    expect((await page.get('/api/admin/users')).status).toBe(200)
    expect((await page.post('/session/logout')).status).toBe(200)
    expect(page.cookies.size).toBe(0)
    expect((await page.get('/api/admin/users')).status).toBe(401)
  })

  test('an admin logs in through the identity provider', async () => {
    const { page } = serve()
    const { url } = await page.navigate('/session/login/start?returnTo=/users?page=2%23top')
    expect(url.href).toBe(`${PANEL}/users?page=2#top`)
    expect([...page.cookies.keys()]).toEqual(['__Host-session'])
    const facts = await (await page.get('/session/')).json()
    expect(facts).toMatchObject({ user: { id: expect.any(String) }, version: 1 })
    expect((await page.get('/api/admin/users')).status).toBe(200)
  })

  test('many calls of a session whose bearer has ended cost one refresh', async () => {
    backend.knobs.sessionMs = 2_000
    const { page, notices } = serve()
    await page.navigate('/session/login/start')
    backend.knobs.clockOffsetMs += 60_000
    backend.log.reset()
    const answers = await Promise.all(Array.from({ length: 20 }, () => page.get('/api/admin/users')))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(backend.log.presentations.length).toBe(1)
    expect(notices.filter(({ type }) => type === 'refreshed').length).toBe(1)
    expect(await (await page.get('/session/')).json()).toMatchObject({ version: 2 })
  })
})
