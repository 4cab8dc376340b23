import { expect, test } from 'vitest'
import { toNodeListener } from 'xstate-session/node'
import { memoryServerStore } from 'xstate-session/server'
import { fakeClock } from '../fakeClock.ts'
import { browser } from './browser.ts'
import { type LibrechatServerOptions, librechatServer } from './librechatServer.ts'
import { JSON_TYPE, onPort } from './onPort.ts'
import { PANEL, SECRET, world } from './world.ts'

const FIVE = ['email', 'name', 'username', 'role', 'avatar'] as const

/** A backend whose user has fields of any length, and a server before it. */
async function serving(
  lengths: Partial<Record<(typeof FIVE)[number], number>>,
  more: Partial<LibrechatServerOptions> = {},
) {
  const texts = Object.fromEntries(
    Object.entries(lengths).map(([name, length]) => [name, 'x'.repeat(length)]),
  )
  const user = { id: 'u', role: 'ADMIN', ...texts }
  let issued = 0
  const { url } = await onPort((incoming, outgoing) => {
    const token = `e30.${btoa(JSON.stringify({ iat: ++issued, exp: issued + 900 })).replaceAll('=', '')}.c2ln`
    outgoing.writeHead(200, { ...JSON_TYPE, 'set-cookie': `refreshToken=r${issued}; Path=/` })
    outgoing.end(
      JSON.stringify(
        incoming.url?.includes('/auth') || incoming.url?.includes('/login') ? { token, user } : { user },
      ),
    )
  })
  const clock = fakeClock(Date.now())
  const server = librechatServer({
    baseUrl: url,
    publicUrl: PANEL,
    secrets: [SECRET],
    rateLimit: false,
    clock,
    ...(!more.sealedCookies && { store: memoryServerStore({ clock }) }),
    ...more,
  })
  return { page: browser((request) => server.handle(request), PANEL), clock, user, server }
}

const logIn = { email: 'a', password: 'p' }

test('U11: whatever the user is called and looks like, the server opens a session and refreshes it', async () => {
  const { page, clock, user } = await serving({ avatar: 400_000, name: 5_000, username: 5_000 })
  const login = await page.post('/session/login', logIn)
  expect([login.status, (await login.json()).user]).toEqual([200, user])
  clock.advance(899_000)
  const renewed = await page.post('/session/refresh')
  expect([renewed.status, await renewed.json()]).toMatchObject([200, { version: 2, user }])
  expect((await page.get('/session/verify')).status).toBe(200)
  expect((await page.get('/api/admin/users')).status).toBe(200)
})

test.each([
  ['a picture', { avatar: 70_000 }, ['avatar']],
  ['a name', { name: 70_000 }, ['name']],
  [
    'all there is',
    { avatar: 70_000, name: 70_000, username: 70_000, email: 70_000 },
    ['avatar', 'name', 'username', 'email'],
  ],
] as const)('U11: %s that no cookie could hold is left out of a sealed session', async (_, lengths, left) => {
  const { page, clock, user } = await serving(lengths, { sealedCookies: true })
  const login = await page.post('/session/login', logIn)
  const kept = Object.fromEntries(Object.entries(user).filter(([name]) => !left.includes(name as never)))
  expect([login.status, (await login.json()).user]).toEqual([200, kept])
  expect((await (await page.get('/session/')).json()).user).toEqual(kept)
  clock.advance(899_000)
  const renewed = await page.post('/session/refresh')
  expect([renewed.status, await renewed.json()]).toMatchObject([200, { version: 2 }])
  expect((await page.get('/session/')).status).toBe(200)
})

test.each([
  [300, 5_000],
  [5_000, 5_000],
  [0, 70_000],
  [3_000, 11_000],
])(
  'U11: a session whose user has a name of %i and a picture of %i is let in by a server on a socket',
  async (name, avatar) => {
    const { page, clock, server } = await serving({ name, avatar }, { sealedCookies: true })
    await page.post('/session/login', logIn)
    clock.advance(899_000)
    await page.post('/session/refresh')
    const { url } = await onPort(toNodeListener(server.handle, { origin: PANEL }))
    const cookie = [...page.cookies].map(([key, value]) => `${key}=${value}`).join('; ')
    // A header of a length that neither Node nor nginx takes would be answered before anybody reads it.
    expect(cookie.length).toBeLessThan(8_000)
    expect((await fetch(`${url}/session/`, { headers: { cookie } })).status).toBe(200)
  },
)

test('U11: what is left out costs no new cookie with each request', async () => {
  const { page, clock } = await serving({ avatar: 70_000, name: 4_000 }, { sealedCookies: true })
  await page.post('/session/login', logIn)
  clock.advance(899_000)
  await page.post('/session/refresh')
  const answer = await page.get('/session/')
  expect([answer.status, answer.headers.getSetCookie()]).toEqual([200, []])
})

test.each([3_000, 9_000, 50_000])(
  'U11: a way back of %i characters does not cost the login',
  async (length) => {
    const { serve } = await world()
    const { page } = serve()
    const { response, url } = await page.openid({ returnTo: `/users?filter=${'x'.repeat(length)}` })
    expect([response.status, url.pathname]).toEqual([302, '/'])
    expect((await page.get('/session/')).status).toBe(200)
  },
)
