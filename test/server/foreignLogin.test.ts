import { describe, expect, test } from 'vitest'
import type { LibrechatServerOptions } from './librechatServer.ts'
import { PANEL, world } from './world.ts'

const MINUTE = 60_000
const OPENID = 'olga'
const OTHER = 'dora'

/** A browser in which Ada has logged in by password; and what strangers may do to it. */
async function adasBrowser(more: Partial<LibrechatServerOptions> = {}) {
  const all = await world()
  const { page, notices, open, server } = all.serve(more)
  await page.post('/session/login', all.backend.accounts.localAdmin)
  const whoIn = async (one = page) => {
    const answer = await one.get('/session/')
    return answer.status === 200 ? ((await answer.json()) as { user: { name: string } }).user.name : undefined
  }
  /** A code that somebody else has obtained, without any challenge. */
  const strangersCode = (account = OPENID) =>
    page.elsewhere(`${all.backend.url}/api/admin/oauth/openid`, account)
  return { ...all, page, notices, open, server, whoIn, strangersCode }
}

describe('U1: nobody but a page of ours begins a login', () => {
  test('U1: a navigation begins none, wherever it comes from', async () => {
    const { serve } = await world()
    const { page } = serve()
    for (const site of ['cross-site', 'same-site', 'same-origin', 'none']) {
      const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
      const answer = await page.get('/session/login/start?returnTo=/users', { headers })
      expect([answer.status, answer.headers.get('allow'), answer.headers.get('location')]).toEqual([
        405,
        'POST',
        null,
      ])
      expect(answer.headers.getSetCookie()).toEqual([])
    }
  })

  test.each([
    ['a form of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['a script of another site', { origin: 'https://evil.example', 'x-csrf': '1' }],
    ['a sandboxed frame', { origin: 'null', 'x-csrf': '1' }],
    ['a sibling domain', { origin: PANEL, 'sec-fetch-site': 'same-site', 'x-csrf': '1' }],
    ['a page of ours without the header', { origin: PANEL, 'sec-fetch-site': 'same-origin' }],
  ])('U1: a POST of %s begins none', async (_, headers) => {
    const { server } = (await world()).serve()
    const request = new Request(`${PANEL}/session/login/start`, {
      method: 'POST',
      headers: headers as unknown as Record<string, string>,
    })
    const answer = await server.handle(request)
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []])
  })

  test.each([
    ['no JSON', 'text', { 'content-type': 'text/plain' }],
    ['no object', '[]', { 'content-type': 'application/json' }],
    ['an unknown purpose', '{"purpose":"other"}', { 'content-type': 'application/json' }],
  ])('U1: %s is refused, with what was expected', async (_, body, type) => {
    const { server } = (await world()).serve()
    const headers = { ...type, origin: PANEL, 'x-csrf': '1' } as unknown as Record<string, string>
    const answer = await server.handle(
      new Request(`${PANEL}/session/login/start`, { method: 'POST', headers, body }),
    )
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'invalid_request' }])
  })
})

describe('U1: a living session is replaced only by an attempt that was begun for that', () => {
  test("U1: a stranger's code, in a browser that was made to begin a login, changes nothing", async () => {
    const { page, whoIn, strangersCode, notices, backend, server } = await adasBrowser({
      openidBackendLogout: true,
    })
    await page.begun()
    const code = await strangersCode()
    const { url } = await page.navigate(code.href)
    expect(url.pathname + url.search).toBe('/login?error=other_user')
    expect(await whoIn()).toBe('Ada Local')
    expect(notices).toContainEqual({
      type: 'loginRefused',
      status: 302,
      code: 'other_user',
      session: expect.any(String),
    })
    expect(notices.filter(({ type }) => type === 'login').length).toBe(1)
    // The grant is not left lying about.
    await server.drain()
    expect(backend.log.requests.filter(({ path }) => path === '/api/auth/logout')).toMatchObject([
      { status: 200 },
    ])
  })

  test('U1: nor does it where nothing was begun: it is not even exchanged', async () => {
    const { page, whoIn, strangersCode, calls } = await adasBrowser()
    const { url } = await page.navigate((await strangersCode()).href)
    expect(url.pathname + url.search).toBe('/')
    expect(await whoIn()).toBe('Ada Local')
    expect(calls('/api/admin/oauth/exchange')).toBe(0)
  })

  test('U1: an attempt from before the login does not count for the session', async () => {
    const { serve, backend } = await world()
    const { page } = serve()
    const location = await page.begun()
    await page.post('/session/login', backend.accounts.localAdmin)
    expect((await page.navigate(location)).url.search).toBe('?error=other_user')
    expect(await (await page.get('/session/')).json()).toMatchObject({ user: { name: 'Ada Local' } })
  })

  test('U1: stepping up takes the same user, and no other', async () => {
    const { serve } = await world()
    const { page, open } = serve()
    await page.openid()
    const before = page.cookies.get('__Host-session') ?? ''
    const { url } = await page.openid({ purpose: 'stepUp', returnTo: '/keys' }, OTHER)
    expect(url.search).toBe('?error=other_user')
    expect(page.cookies.get('__Host-session')).toBe(before)
    // The attempt is still there: whoever meddled has not ended it.
    const again = await page.openid({ purpose: 'stepUp', returnTo: '/keys' })
    expect(again.url.pathname).toBe('/keys')
    expect(page.cookies.get('__Host-session')).not.toBe(before)
    const old = open()
    old.cookies.set('__Host-session', before)
    expect((await old.get('/session/')).status).toBe(401)
  })

  test('U1: switching takes anybody, in the session that it was begun in, and in no other', async () => {
    const { page, whoIn, backend } = await adasBrowser()
    const location = await page.begun({ purpose: 'switchUser' })
    await page.post('/session/logout')
    await page.post('/session/login', backend.accounts.tenantAdmin)
    expect((await page.navigate(location)).url.search).toBe('?error=other_user')
    expect(await whoIn()).toBe('Tess Tenant')
    await page.openid({ purpose: 'switchUser' })
    expect(await whoIn()).toBe('Olga Openid')
  })

  test('U1: a purpose is for the session that the page shows', async () => {
    const { page, whoIn, backend } = await adasBrowser()
    const adas = await page.login()
    await page.post('/session/login', backend.accounts.tenantAdmin)
    const start = (named: string) =>
      page.post('/session/login/start', { purpose: 'switchUser' }, { headers: { 'x-csrf': named } })
    for (const named of [adas, '1']) {
      const answer = await start(named)
      expect([answer.status, await answer.json()]).toEqual([409, { error: 'other_login' }])
    }
    await page.post('/session/logout')
    expect((await start(adas)).status).toBe(401)
    expect(await whoIn()).toBeUndefined()
  })

  test('U1: a callback in a frame, by a script or as an image is none', async () => {
    const { serve } = await world()
    const { page } = serve()
    const code = await page.elsewhere(await page.begun(), OPENID)
    for (const dest of ['iframe', 'empty', 'image', 'script']) {
      const answer = await page.get(code.href, { headers: { 'sec-fetch-dest': dest } })
      expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []])
    }
    expect((await page.navigate(code.href)).url.pathname).toBe('/')
    expect((await page.get('/session/')).status).toBe(200)
  })
})

describe('U9: a verifier does not live long', () => {
  const challengeOf = (location: string) => new URL(location).searchParams.get('code_challenge')

  test('U9: it is handed out for five minutes, redeemed for five more, and never longer', async () => {
    const { serve, pass, backend } = await world()
    const { page } = serve()
    const first = challengeOf(await page.begun())
    pass(4.9 * MINUTE)
    const last = await page.begun()
    expect(challengeOf(last)).toBe(first)
    pass(0.2 * MINUTE)
    // Somebody who has seen the challenge gets a code for it.
    const seen = `${backend.url}/api/admin/oauth/openid?code_challenge=${first}`
    const code = await page.elsewhere(seen, OPENID)
    // Handed out no more, but those who have it may still come back.
    const copy = new Map(page.cookies)
    expect(challengeOf(await page.begun())).not.toBe(first)
    for (const [name, value] of copy) page.cookies.set(name, value)
    expect((await page.navigate(code.href)).url.search).toBe('')
    await page.post('/session/logout')
    for (const [name, value] of copy) page.cookies.set(name, value)
    pass(4.9 * MINUTE)
    const late = await page.elsewhere(seen, OPENID)
    expect((await page.navigate(late.href)).url.search).toBe('?error=login_not_started')
  })

  test('U9: 24 attempts over 96 minutes have many', async () => {
    const { serve, pass } = await world()
    const { page } = serve()
    const challenges = new Map<string | null, number>()
    for (let n = 0; n < 24; n++) {
      const challenge = challengeOf(await page.begun())
      challenges.set(challenge, (challenges.get(challenge) ?? 0) + 1)
      pass(4 * MINUTE)
    }
    expect(Math.max(...challenges.values())).toBe(2)
  })

  test("U9: somebody else's error cancels no attempt", async () => {
    const { serve } = await world()
    const { page } = serve()
    const location = await page.begun({ returnTo: '/users' })
    const failed = await page.navigate('/auth/openid/callback?error=access_denied')
    expect(failed.url.pathname + failed.url.search).toBe('/login?error=auth_failed')
    const { url } = await page.navigate(location)
    expect(url.pathname).toBe('/users')
  })

  test('U9, U15: many attempts fit into one cookie, whatever they are to lead back to', async () => {
    const { serve } = await world()
    const { page } = serve()
    for (let n = 0; n < 20; n++) await page.begun({ returnTo: `/users?filter=${'a'.repeat(200 * n)}` })
    const { url } = await page.openid({ returnTo: '/users' })
    expect([url.pathname, url.search]).toEqual(['/', ''])
    expect((await page.get('/session/')).status).toBe(200)
  })
})

describe('U15: several tabs log in', () => {
  test('U15: the second, whose user is in by now, goes home; neither lands where the other wanted to go', async () => {
    const { serve } = await world()
    const { page, notices } = serve()
    const one = await page.elsewhere(await page.begun({ returnTo: '/users' }), OPENID)
    const two = await page.elsewhere(await page.begun({ returnTo: '/settings' }), OPENID)
    expect((await page.navigate(one.href)).url.pathname).toBe('/')
    const session = page.cookies.get('__Host-session')
    const second = await page.navigate(two.href)
    expect(second.url.pathname + second.url.search).toBe('/')
    // The first one's session lives on.
    expect(page.cookies.get('__Host-session')).toBe(session)
    expect((await page.get('/session/')).status).toBe(200)
    expect(notices.filter(({ type }) => type === 'loginRefused')).toEqual([])
    expect([...page.cookies.keys()]).toEqual(['__Host-session'])
  })

  test('U15: one that wanted to go to the same place goes there', async () => {
    const { serve } = await world()
    const { page } = serve()
    const location = await page.begun({ returnTo: '/users' })
    await page.begun({ returnTo: '/users' })
    expect((await page.navigate(location)).url.pathname).toBe('/users')
  })

  test.each([
    ['with a code that was used', `code=${'a'.repeat(64)}`],
    ['with an error', 'error=access_denied'],
    ['with nothing', ''],
  ])('U15: a callback %s takes whoever is in already home', async (_, query) => {
    const { page, whoIn } = await adasBrowser()
    const { url } = await page.navigate(`/auth/openid/callback?${query}`)
    expect(url.pathname + url.search).toBe('/')
    expect(await whoIn()).toBe('Ada Local')
  })

  test('U15: whoever gave up stepping up is told, and stays', async () => {
    const { serve } = await world()
    const { page } = serve()
    await page.openid()
    await page.begun({ purpose: 'stepUp' })
    const { url } = await page.navigate('/auth/openid/callback?error=access_denied')
    expect(url.pathname + url.search).toBe('/login?error=auth_failed')
    expect((await page.get('/session/')).status).toBe(200)
  })
})

test('U16: a page can tell one login from another, whatever way it came about', async () => {
  const { serve, backend } = await world()
  const { page, open } = serve()
  const told: unknown[] = []
  const factsOf = async (one: typeof page) => (await one.get('/session/')).json()
  await page.openid()
  told.push((await factsOf(page)).login, (await factsOf(page)).login)
  await page.openid({ purpose: 'stepUp' })
  told.push((await factsOf(page)).login)
  const other = open()
  const answer = await other.post('/session/login', backend.accounts.localAdmin)
  told.push((await answer.json()).login, (await factsOf(other)).login)
  const [one, same, two, three, sameAsThree] = told
  expect([one, three]).toEqual([same, sameAsThree])
  expect(new Set([one, two, three]).size).toBe(3)
  for (const login of told) expect(login).toMatch(/^[\w-]{22}$/)
  // Nobody gets from it to the cookie, or back.
  expect([...page.cookies.values(), ...other.cookies.values()]).not.toContain(one)
})
