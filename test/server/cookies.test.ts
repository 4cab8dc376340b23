import { request as httpRequest } from 'node:http'
import { describe, expect, test } from 'vitest'
import { toNodeListener } from 'xstate-session/node'
import { memoryServerStore } from 'xstate-session/server'
import { clientIp } from '../../src/server/clientIp.ts'
import { readJson } from '../../src/server/readJson.ts'
import { setCookieOf } from '../../src/wire/cookies.ts'
import { isJson, mediaTypeOf } from '../../src/wire/mediaType.ts'
import { type LibrechatServerOptions, librechatServer } from './librechatServer.ts'
import { onPort } from './onPort.ts'
import { PANEL, SECRET, world } from './world.ts'

/** Bytes that fit into a header and are no blanks there, though some parser takes them for blanks, or for nothing. */
const NOT_BLANK = ['\xa0', '\x85', '\xad']

/** A server on a real socket, and requests whose bytes are exactly those given. */
async function onSocket(more: Partial<LibrechatServerOptions> = {}) {
  const { serve, backend } = await world()
  const { server, page, notices, open } = serve(more)
  const { port } = await onPort(toNodeListener(server.handle, { origin: new URL(PANEL).origin }))
  const ask = (path: string, cookie: string) =>
    new Promise<{ status: number; body: string; cookies: string[] }>((resolve, reject) => {
      const request = httpRequest({ port, path, headers: { cookie } }, async (answer) => {
        let body = ''
        for await (const chunk of answer) body += chunk
        resolve({ status: answer.statusCode ?? 0, body, cookies: answer.headers['set-cookie'] ?? [] })
      })
      request.on('error', reject)
      request.end()
    })
  return { server, page, notices, open, backend, ask }
}

describe('U2: a name is what the browser says it is', () => {
  test.each(NOT_BLANK)('U2: one byte before or after the name makes another cookie: %j', async (sign) => {
    const { page, open, ask, backend } = await onSocket()
    await page.post('/session/login', backend.accounts.localAdmin)
    const attacker = open()
    await attacker.post('/session/login', backend.accounts.tenantAdmin)
    const [mine, evil] = [page, attacker].map((one) => one.cookies.get('__Host-session'))
    for (const tossed of [`${sign}__Host-session=${evil}`, `__Host-session${sign}=${evil}`]) {
      expect((await ask('/session/', tossed)).status).toBe(401)
      for (const cookie of [`${tossed}; __Host-session=${mine}`, `__Host-session=${mine}; ${tossed}`]) {
        const answer = await ask('/session/', cookie)
        expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('Ada Local')])
      }
    }
  })

  test('U2: blanks and tabs around a name are none of it, as in every browser', async () => {
    const { page, ask, backend } = await onSocket()
    await page.post('/session/login', backend.accounts.localAdmin)
    const id = page.cookies.get('__Host-session')
    expect((await ask('/session/', `a=b; \t __Host-session\t =\t${id} \t`)).status).toBe(200)
  })

  test('U2: what is no id of ours costs nobody a login, however much of it there is', async () => {
    const { page, ask, backend } = await onSocket()
    await page.post('/session/login', backend.accounts.localAdmin)
    const id = page.cookies.get('__Host-session')
    for (const garbage of ['x', '""', '=', 'A'.repeat(43), 'A'.repeat(42), '%00', '{}', `${id}x`]) {
      const cookie = `__Host-session=${garbage}; __Host-session=${id}; __Host-session=${garbage}y`
      const answer = await ask('/session/', cookie)
      expect([answer.status, answer.cookies], garbage).toEqual([200, []])
    }
    const many = Array.from({ length: 30 }, (_, n) => `__Host-session=${`${n}`.padStart(43, 'A')}`)
    expect((await ask('/session/', `${many.join('; ')}; __Host-session=${id}`)).status).toBe(200)
  })

  test.each(NOT_BLANK)('U2: nor does any other header mean more here than elsewhere: %j', async (sign) => {
    const headers = (name: string, value: string) => new Headers([[name, value]])
    expect(mediaTypeOf(headers('content-type', `application/json${sign}; charset=utf-8`))).not.toBe(
      'application/json',
    )
    expect(isJson(headers('content-type', `application/json${sign};x=y`))).toBe(false)
    const posted = new Request(PANEL, {
      method: 'POST',
      body: '{"email":"a"}',
      headers: headers('content-type', `application/json${sign};x=y`),
    })
    expect(await readJson(posted)).toBeUndefined()
    expect(setCookieOf(headers('set-cookie', `${sign}refreshToken=r; Path=/`), 'refreshToken')).toEqual({})
    expect(setCookieOf(headers('set-cookie', `refreshToken${sign}=r; Path=/`), 'refreshToken')).toEqual({})
    const forwarded = { headers: headers('x-forwarded-for', `1.2.3.4, 5.6.7.8${sign}, 9.9.9.9`) }
    expect(clientIp(2)(forwarded as Request, {})).toBeUndefined()
  })
})

const { localAdmin, tenantAdmin } = {
  localAdmin: { email: 'ada@local.example', password: 'demo-password' },
  tenantAdmin: { email: 'tess@local.example', password: 'demo-password' },
}

describe('U17: panels of one host', () => {
  /** Two panels, the second below the path of the first; and what a browser sends to each. */
  async function nested(secure: boolean, more: Partial<LibrechatServerOptions> = {}) {
    const { backend } = await world()
    const origin = secure ? 'https://admin.example' : 'http://localhost:3000'
    const serve = (path: string, secret: string) =>
      librechatServer({
        baseUrl: backend.url,
        publicUrl: `${origin}${path}`,
        secrets: [secret],
        rateLimit: false,
        ...more,
      })
    const outer = serve('/admin/', SECRET)
    const inner = serve('/admin/reports/', `${SECRET} of the other`)
    const logIn = async (server: typeof outer, path: string, who: object, cookie = '') => {
      const answer = await server.handle(
        new Request(`${origin}${path}session/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-csrf': '1', cookie },
          body: JSON.stringify(who),
        }),
      )
      expect(answer.status).toBe(200)
      const lines = answer.headers.getSetCookie().filter((line) => !line.includes('Max-Age=0'))
      return lines.map((line) => line.slice(0, line.indexOf(';'))).join('; ')
    }
    const look = (server: typeof outer, path: string, cookie: string) =>
      server.handle(new Request(`${origin}${path}session/`, { headers: { cookie } }))
    return { outer, inner, logIn, look, origin, backend }
  }

  test.each([
    [true, {}],
    [false, {}],
    [true, { sealedCookies: true }],
    [false, { sealedCookies: true }],
  ])(
    'U17: a login to each works beside the other, whichever comes first (secure %s, %j)',
    async (secure, more) => {
      const { outer, inner, logIn, look } = await nested(secure, more)
      const one = await logIn(outer, '/admin/', localAdmin)
      const two = await logIn(inner, '/admin/reports/', tenantAdmin, one)
      // Longer paths first (RFC 6265 section 5.4), but no server can rely on it.
      for (const cookie of [`${two}; ${one}`, `${one}; ${two}`]) {
        const answer = await look(inner, '/admin/reports/', cookie)
        expect([answer.status, answer.headers.getSetCookie()]).toEqual([200, []])
        expect(await answer.json()).toMatchObject({ user: { name: 'Tess Tenant' } })
      }
      expect(await (await look(outer, '/admin/', one)).json()).toMatchObject({ user: { name: 'Ada Local' } })
    },
  )

  test('U17: a left-over of an older path costs nobody a login; one of our own path is cleared', async () => {
    const { inner, logIn, look } = await nested(true)
    const old = `__Secure-session=${'A'.repeat(43)}`
    const now = await logIn(inner, '/admin/reports/', localAdmin, old)
    expect((await look(inner, '/admin/reports/', `${now}; ${old}`)).status).toBe(200)
    const nobody = await look(inner, '/admin/reports/', old)
    expect([nobody.status, nobody.headers.getSetCookie()]).toEqual([
      401,
      ['__Secure-session=; Max-Age=0; Path=/admin/reports; HttpOnly; SameSite=Lax; Secure'],
    ])
  })

  test('U17, X16: two that open are none: told, our own kept, and what has a domain cleared', async () => {
    const { backend } = await world()
    const notices: unknown[] = []
    const server = librechatServer({
      baseUrl: backend.url,
      publicUrl: 'https://admin.example.com/panel/',
      secrets: [SECRET],
      store: memoryServerStore(),
      observe: (notice) => notices.push(notice),
    })
    const ask = (path: string, cookie: string, init: RequestInit = {}) =>
      server.handle(
        new Request(`https://admin.example.com${path}`, { ...init, headers: { cookie, ...init.headers } }),
      )
    const logIn = async (who: object, cookie = '') =>
      ask('/panel/session/login', cookie, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-csrf': '1' },
        body: JSON.stringify(who),
      })
    const cookieOf = (answer: Response) =>
      answer.headers
        .getSetCookie()
        .filter((line) => /^__Secure-session=[\w-]{43};/.test(line))
        .map((line) => line.slice(0, line.indexOf(';')))
        .join('; ')
    const mine = cookieOf(await logIn(localAdmin))
    const planted = cookieOf(await logIn(tenantAdmin))
    const answer = await ask('/panel/session/', `${planted}; ${mine}`)
    expect(answer.status).toBe(401)
    expect(notices).toContainEqual({ type: 'turnedAway', code: 'cookieDuplicate' })
    const lines = answer.headers.getSetCookie()
    expect(lines.every((line) => line.includes('; Domain=') && line.includes('Max-Age=0'))).toBe(true)
    for (const [domain, path] of [
      ['example.com', '/'],
      ['admin.example.com', '/panel/'],
      ['example.com', '/panel/session/'],
    ])
      expect(lines).toContain(
        `__Secure-session=; Max-Age=0; Domain=${domain}; Path=${path}; HttpOnly; SameSite=Lax; Secure`,
      )
    // Neither is used for anything, and no login goes over them without clearing.
    const call = await ask('/panel/api/admin/users', `${planted}; ${mine}`)
    expect(call.status).toBe(401)
    const again = await logIn(localAdmin, `${planted}; ${mine}`)
    expect(again.headers.getSetCookie().some((line) => line.includes('Domain=example.com'))).toBe(true)
    expect((await ask('/panel/session/', cookieOf(again))).status).toBe(200)
  })

  test('U17: each panel may have a name of its own, for all of its cookies', async () => {
    const { serve, backend } = await world()
    const { page } = serve({ cookieName: 'reports' })
    await page.begun()
    await page.post('/session/login', backend.accounts.twoFactorAdmin)
    expect([...page.cookies.keys()].sort()).toEqual([
      '__Host-reports-login-librechat',
      '__Host-reports-pending',
    ])
    await page.openid()
    expect(page.cookies.has('__Host-reports')).toBe(true)
    const sealed = serve({ cookieName: 'reports', sealedCookies: true }).page
    await sealed.openid()
    expect([...sealed.cookies.keys()]).toEqual(['__Host-reports.0'])
  })

  test.each(['', 'a b', 'a;b', '__Host-x', 'ä', 'a'.repeat(65), 'a=b'])(
    'U17: %j is no name',
    (cookieName) => {
      expect(() => readOptions(cookieName)).toThrow('Option "cookieName"')
    },
  )
  const readOptions = (cookieName: string) =>
    librechatServer({ baseUrl: 'https://b.example', publicUrl: PANEL, secrets: [SECRET], cookieName })
})

describe('U17: the other cookies, too', () => {
  test('U17: a second factor and an attempt are found beside what leads nowhere', async () => {
    const { serve, backend } = await world()
    const { page, server, notices } = serve()
    const planted = [
      `__Host-session-pending=${'A'.repeat(43)}`,
      '__Host-session-login-librechat=v1.x.y',
    ].join('; ')
    const ask = (method: string, url: string, body?: object) =>
      server.handle(
        new Request(new URL(url, PANEL), {
          method,
          headers: {
            cookie: `${planted}; ${[...page.cookies].map((pair) => pair.join('=')).join('; ')}; ${planted}`,
            ...(body && { 'content-type': 'application/json', 'x-csrf': '1' }),
          },
          ...(body && { body: JSON.stringify(body) }),
        }),
      )
    const back = await page.elsewhere(await page.begun({ returnTo: '/users' }), 'olga')
    expect((await ask('GET', back.href)).headers.get('location')).toBe('/users')
    await page.post('/session/login', backend.accounts.twoFactorAdmin)
    expect((await ask('POST', '/session/login/next', { code: '123456' })).status).toBe(200)
    expect(notices.filter(({ type }) => type === 'turnedAway')).toEqual([])
  })

  test('U17: two that open are refused', async () => {
    const { serve, backend } = await world()
    const { page, open, server, notices } = serve()
    const attacker = open()
    for (const one of [page, attacker]) {
      await one.begun()
      await one.post('/session/login', backend.accounts.twoFactorAdmin)
    }
    const cookie = [attacker, page]
      .flatMap((one) => [...one.cookies].map((pair) => pair.join('=')))
      .join('; ')
    const code = await server.handle(
      new Request(`${PANEL}/session/login/next`, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/json', 'x-csrf': '1' },
        body: '{"code":"123456"}',
      }),
    )
    expect(code.status).toBe(401)
    const back = await server.handle(
      new Request(`${PANEL}/auth/openid/callback?code=${'a'.repeat(64)}`, { headers: { cookie } }),
    )
    expect(back.headers.get('location')).toBe('/login?error=login_not_started')
    const told = notices.filter((notice) => 'code' in notice && notice.code === 'cookieDuplicate')
    expect(told.length).toBeGreaterThanOrEqual(2)
    expect(backend.log.requests.filter(({ path }) => /exchange|verify-temp/.test(path))).toEqual([])
  })

  test('U17: whatever a sibling domain has planted, the next login clears, and is not in vain', async () => {
    const { backend } = await world()
    const server = librechatServer({
      baseUrl: backend.url,
      publicUrl: 'https://admin.example.com/panel/',
      secrets: [SECRET],
    })
    const ask = (path: string, cookie: string, body?: object) =>
      server.handle(
        new Request(`https://admin.example.com/panel/${path}`, {
          ...(body && { method: 'POST', body: JSON.stringify(body) }),
          headers: { cookie, ...(body && { 'content-type': 'application/json', 'x-csrf': '1' }) },
        }),
      )
    /** Its own cookies of an answer, and whether what has a domain is cleared. */
    const kept = (answer: Response) => {
      const lines = answer.headers.getSetCookie()
      const own = lines.filter((line) => !line.includes('Max-Age=0')).map((line) => line.split(';')[0])
      const isCleared = (name: string) =>
        lines.some((line) => line.startsWith(`${name}=; Max-Age=0; Domain=example.com; Path=/;`))
      return { own: own.join('; '), isCleared }
    }
    const begin = async (cookie = '') => {
      const openid = kept(await ask('session/login/start', cookie, {}))
      const password = kept(await ask('session/login', cookie, backend.accounts.twoFactorAdmin))
      return { openid, password }
    }
    const planted = await begin()
    const mine = await begin()
    const both = [planted, mine].flatMap(({ openid, password }) => [openid.own, password.own]).join('; ')
    const back = kept(await ask(`auth/openid/callback?code=${'a'.repeat(64)}`, both))
    expect([back.own, back.isCleared('__Secure-session-login-librechat')]).toEqual(['', true])
    const code = await ask('session/login/next', both, { code: '123456' })
    expect([code.status, kept(code).isCleared('__Secure-session-pending')]).toEqual([401, true])

    const next = await begin(both)
    expect(next.openid.isCleared('__Secure-session-login-librechat')).toBe(true)
    expect(next.password.isCleared('__Secure-session-pending')).toBe(true)
    // Nothing of what was planted has got into what is the browser's own.
    const attempts = next.password.own.split('=')[1]?.split('~') ?? []
    expect(attempts).toHaveLength(1)
    expect((await ask('session/login/next', next.password.own, { code: '123456' })).status).toBe(200)
  })

  test('U17: parts of two sealed sessions never make one', async () => {
    const { server, page, other } = await longSessions()
    await page.post('/session/login', { email: 'a', password: 'p' })
    await other.post('/session/login', { email: 'b', password: 'p' })
    const parts = (one: typeof page) => [...one.cookies].map((pair) => pair.join('='))
    expect(parts(page).length).toBeGreaterThan(1)
    const look = (cookie: string) =>
      server.handle(new Request(`${PANEL}/session/`, { headers: { cookie } })).then((answer) => answer.status)
    const [a0 = '', ...a] = parts(page)
    const [b0 = '', ...b] = parts(other)
    expect(await look([a0, ...b].join('; '))).toBe(401)
    expect(await look([b0, a0, ...b.slice(1), ...a].join('; '))).toBe(200)
    expect(await look([a0, ...a, b0, ...b].join('; '))).toBe(401)
  })
})

/** Sessions that take several cookies. */
async function longSessions() {
  const { serve } = await world()
  const { server, open } = serve({
    sealedCookies: true,
    fetch: async (_, init) => {
      const { email } = JSON.parse(String(init?.body ?? '{}')) as { email?: string }
      return Response.json({ token: `${email}${'t'.repeat(5_000)}`, user: { id: email } })
    },
  })
  return { server, page: open(), other: open() }
}
