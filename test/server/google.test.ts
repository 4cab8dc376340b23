import { describe, expect, test } from 'vitest'
import { librechatLogin } from 'xstate-session/librechat-login'
import { accounts } from '../../examples/backend/accounts.ts'
import { loginHost } from './loginHost.ts'
import { PANEL, world } from './world.ts'

const { sub, id } = accounts.googleAdmin

describe("LibreChat's login with Google", () => {
  test('begins at Google, comes back at a path of its own, and is renewed there', async () => {
    const { backend, serve, pass } = await world({ knobs: { sessionMs: 60_000, reuseTokens: false } })
    const { page } = serve({ google: true })
    const { url } = await page.openid({ provider: 'google', returnTo: '/users' }, sub)
    expect(url.pathname).toBe('/users')
    const before = await (await page.get('/session/')).json()
    expect(before.user.id).toBe(id)
    for (let round = 0; round < 2; round++) {
      pass(50_000)
      expect((await page.post('/session/refresh')).status).toBe(200)
    }
    const after = await (await page.get('/session/')).json()
    expect(after.version).toBe(before.version + 2)
    const sent = backend.log.presentations.map(({ outcome }) => outcome)
    expect(sent).toEqual(['ok-same', 'ok-same'])
  })

  test('both providers are open in one browser at once: each callback knows its own', async () => {
    const { serve, backend, pass } = await world({ knobs: { sessionMs: 60_000 } })
    const { page } = serve({ google: true })
    const openid = await page.begun()
    const google = await page.begun({ provider: 'google' })
    expect(new URL(openid).pathname).toBe('/api/admin/oauth/openid')
    expect(new URL(google).pathname).toBe('/api/admin/oauth/google')
    const back = await page.elsewhere(openid, accounts.openidAdmin.sub)
    expect(back.pathname).toBe('/auth/openid/callback')
    await page.navigate(back.href)
    pass(50_000)
    expect((await page.post('/session/refresh')).status).toBe(200)
    expect(backend.log.presentations.at(-1)?.outcome).toBe('ok-rotated')
  })

  test('of a user who has a name at the OpenID provider too, only the OpenID login says that name', async () => {
    const part = librechatLogin({ baseUrl: 'https://chat.example/', google: true })({
      ...loginHost('chat'),
      fetch: async () =>
        Response.json({
          token: 'bearer',
          refreshToken: 'r',
          user: { id: 'ada', openidId: 'a-sub', email: 'ada@example.com', role: 'ADMIN' },
        }),
    })
    const [openid, google] = await Promise.all(
      (part.callbackPaths ?? []).map((path) => {
        const url = `${PANEL}${path}?code=${'a'.repeat(64)}`
        return part.callback?.({ request: new Request(url), clientIp: undefined } as never, 'a verifier')
      }),
    )
    expect(openid).toMatchObject({ done: { strategy: 'openid', sub: 'a-sub' } })
    expect(google).toMatchObject({ done: { strategy: 'google' } })
    expect(google).not.toHaveProperty('done.sub')
  })

  test('a provider that the login has not is refused, and nobody leaves', async () => {
    const { serve } = await world()
    for (const provider of ['google', 'saml', 'toString', 7])
      expect((await serve().page.post('/session/login/start', { provider })).status).toBe(400)
    const { status } = await serve().page.get(`/auth/google/callback?code=${'a'.repeat(64)}`)
    expect(status).toBe(404)
  })
})

describe('GET session/logins', () => {
  test('tells which providers the backend has, and asks it once in a minute', async () => {
    const { backend, serve, pass, calls } = await world()
    const { page } = serve({ google: true })
    const listed = async () => (await (await page.get('/session/logins')).json()).logins
    const asked = () => calls('/api/admin/oauth/openid/check')
    expect(await listed()).toEqual([
      { name: 'librechat', ways: ['credentials', 'redirect'], providers: ['openid', 'google'] },
    ])
    backend.knobs.openidConfigured = false
    for (let times = 0; times < 20; times++) await listed()
    expect(asked()).toBe(1)
    pass(60_000)
    await listed()
    await expect.poll(listed).toMatchObject([{ providers: ['google'] }])
    expect(asked()).toBe(2)
  })

  test('without any provider nobody is led to one; a backend that is away changes nothing', async () => {
    const { backend, serve, pass } = await world({ knobs: { openidConfigured: false } })
    const { page } = serve()
    const listed = async () => (await (await page.get('/session/logins')).json()).logins
    expect(await listed()).toEqual([{ name: 'librechat', ways: ['credentials'], providers: [] }])
    backend.faults.inject('openidCheck', { kind: 'respond', status: 502, body: '<h1>Bad gateway</h1>' })
    pass(60_000)
    await listed()
    expect(await listed()).toMatchObject([{ providers: [] }])
  })
})
