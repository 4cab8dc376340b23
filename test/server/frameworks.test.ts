import { describe, expect, test } from 'vitest'
import {
  createSessionServer,
  memoryServerStore,
  type RunningLogin,
  type ServerCookie,
  type ServerLogin,
  type ServerNotice,
  type SessionServerOptions,
} from 'xstate-session/server'
import { readFacts } from '../../src/bff/facts.ts'
import { browser } from './browser.ts'
import { movableClock, PANEL, SECRET } from './world.ts'

const staying: RunningLogin['strategies'][string] = {
  needsRefreshToken: false,
  refresh: async () => ({ kind: 'refused', cause: 'unavailable' }),
}

/** A backend of one's own: each renewal makes the next bearer; a logout revokes, and leads to the provider. */
function world(more: Partial<SessionServerOptions> = {}) {
  const counts = { renewals: 0, revoked: [] as (string | undefined)[] }
  const notices: ServerNotice[] = []
  const calls: (string | null)[] = []
  const staff: ServerLogin = () => ({
    identity: 'https://id.example',
    apiUrl: 'https://api.example/',
    strategies: {
      own: {
        needsRefreshToken: true,
        async refresh({ refreshToken = '' }) {
          counts.renewals++
          return {
            kind: 'ok',
            bearer: `${refreshToken}+${counts.renewals}`,
            refreshToken,
            life: { expiresIn: 60 },
          }
        },
        async revoke({ refreshToken }) {
          counts.revoked.push(refreshToken)
          return true
        },
      },
    },
    endSession: async () => new URL('https://id.example/end?id_token_hint=ey'),
  })
  const clock = movableClock()
  const server = createSessionServer({
    publicUrl: PANEL,
    secrets: [SECRET],
    logins: { staff },
    api: { '/api/': { target: 'https://api.example/' } },
    clock,
    observe: (notice) => notices.push(notice),
    fetch: async (input, init) => {
      calls.push(new Request(input, init).headers.get('authorization'))
      return Response.json({})
    },
    ...more,
  })
  const page = browser((request) => server.handle(request), PANEL)
  const headers = () => new Headers({ cookie: [...page.cookies].map((pair) => pair.join('=')).join('; ') })
  const answer = (id = 'ada') => ({ token: `${id}0`, refreshToken: id, user: { id }, expiresIn: 60 })
  /** As `cookies().set(name, value, options)` of a framework. */
  const set = (cookies: readonly ServerCookie[]) => {
    for (const { name, value, options } of cookies)
      if (options.maxAge > 0) page.cookies.set(name, value)
      else page.cookies.delete(name)
  }
  async function open(id?: string) {
    const session = await server.open(answer(id), { request: { headers: headers() }, via: 'staff' })
    set(await session.cookies())
    return session
  }
  return { server, page, headers, set, open, answer, clock, counts, notices, calls }
}

describe.each([{ sealedCookies: false }, { sealedCookies: true }])(
  'a framework sets headers itself %o',
  (more) => {
    test('a login of its own begins a session, known by headers alone', async () => {
      const { server, page, headers, open, notices } = world(more)
      const opened = await open()
      expect(opened.user).toEqual({ id: 'ada' })
      expect(await (await page.get('/session/')).json()).toMatchObject({
        user: { id: 'ada' },
        login: opened.login,
      })
      const seen = await server.getSession({ headers: headers() }, { readOnly: true })
      expect([seen.user?.id, seen.login]).toEqual(['ada', opened.login])
      expect(notices.filter(({ type }) => type === 'login')).toHaveLength(1)
    })

    test('what shows no method may change something: it names its login', async () => {
      const { server, headers, open } = world(more)
      const { login } = await open()
      expect((await server.getSession({ headers: headers() })).user).toBeNull()
      expect((await server.getSession({ headers: headers() }, { login })).user?.id).toBe('ada')
    })

    test('facts start a page that asks for nothing', async () => {
      const { server, page, headers, open } = world(more)
      expect((await server.getSession({ headers: headers() }, { readOnly: true })).facts).toBeNull()
      await open()
      const { facts } = await server.getSession({ headers: headers() }, { readOnly: true })
      const asked = (await (await page.get('/session/')).json()) as object
      expect(readFacts(JSON.parse(JSON.stringify(facts)))).toEqual({
        ...readFacts(asked),
        lifeMs: expect.any(Number),
      })
    })

    test('refresh renews once for all, and the cookies hold what came', async () => {
      const { server, headers, open, set, counts, calls, page } = world(more)
      const { login, facts } = await open()
      const session = await server.getSession({ headers: headers() }, { login })
      const again = await server.getSession({ headers: headers() }, { login })
      const [renewed] = await Promise.all([session.refresh(), again.refresh()])
      expect(counts.renewals).toBe(1)
      expect([renewed.version, renewed.epoch]).toEqual([facts.version + 1, facts.epoch])
      await session.fetch('/api/x')
      expect(calls).toEqual(['Bearer ada+1'])
      set(await session.cookies())
      expect(await (await page.get('/session/')).json()).toMatchObject({ version: 2 })
    })

    test('end revokes, deletes the cookies, and leads to the provider', async () => {
      const { server, page, headers, open, set, counts } = world(more)
      const { login } = await open()
      expect(await server.end({ headers: headers() })).toMatchObject({ isEnded: false })
      expect(await server.end({ headers: headers() }, { login: 'x' })).toMatchObject({ isEnded: false })
      expect((await page.get('/session/')).status).toBe(200)
      const end = await server.end({ headers: headers() }, { login })
      expect(end).toMatchObject({ isEnded: true, redirect: `${PANEL}/session/logout/provider` })
      expect(counts.revoked).toEqual(['ada'])
      set(await end.cookies())
      expect((await page.navigate(end.redirect ?? '')).url.href).toBe(
        'https://id.example/end?id_token_hint=ey',
      )
      expect((await page.get('/session/')).status).toBe(401)
      expect(await server.end({ headers: headers() })).toMatchObject({ isEnded: true })
    })

    test('a second login ends the first', async () => {
      const { page, open, counts } = world(more)
      await open()
      const before = [...page.cookies]
      await open('bob')
      expect(counts.revoked).toEqual(['ada'])
      expect(await (await page.get('/session/')).json()).toMatchObject({ user: { id: 'bob' } })
      page.cookies.clear()
      for (const [name, value] of before) page.cookies.set(name, value)
      expect((await page.get('/session/')).status).toBe(401)
    })

    test('whom `admit` refuses gets no session, and the grant is revoked', async () => {
      const { open, page, counts, notices } = world({ ...more, admit: ({ id }) => id !== 'bob' })
      await open()
      await expect(open('bob')).rejects.toMatchObject({ reason: 'not_admitted', status: 403 })
      await expect.poll(() => counts.revoked).toEqual(['bob'])
      expect(notices).toContainEqual({ type: 'loginRefused', status: 403, code: 'not_admitted' })
      expect(await (await page.get('/session/')).json()).toMatchObject({ user: { id: 'ada' } })
    })
  },
)

describe('a framework that asks amiss', () => {
  test('a read-only session sets nothing and renews nothing', async () => {
    const { server, headers, open, counts } = world()
    await open()
    const session = await server.getSession({ headers: headers() }, { readOnly: true })
    await expect(session.cookies()).rejects.toThrow(/read-only/)
    await expect(session.commit(new Response())).rejects.toThrow(/read-only/)
    await expect(session.refresh()).rejects.toThrow(/read-only/)
    expect(counts.renewals).toBe(0)
  })

  test('an answer that is none, and a login that there is not, are told', async () => {
    const { server, headers, answer } = world()
    const request = { headers: headers() }
    await expect(server.open({ ...answer(), token: '' }, { request, via: 'staff' })).rejects.toThrow(
      /"token"/,
    )
    await expect(server.open(answer(), { request, via: 'x' })).rejects.toThrow(/`via`.*staff/)
    await expect(server.open(answer(), { request, via: 'staff', strategy: 'x' })).rejects.toThrow(
      /`strategy`.*own/,
    )
    await expect(server.open(answer(), { request: {} as never, via: 'staff' })).rejects.toThrow(
      /open must be/,
    )
    await expect(server.end({ headers: { cookie: 'x' } } as never)).rejects.toThrow(/end must be/)
    // As `node:http` has it.
    const path = { headers: headers(), url: '/leave?secret=1', method: 'POST' }
    for (const asked of [
      server.getSession(path),
      server.end(path, { login: 'x' }),
      server.open(answer(), { request: path, via: 'staff' }),
    ]) {
      const error = await asked.catch((reason) => reason)
      expect(error).toMatchObject({
        code: 'misconfigured',
        message: expect.stringMatching(/`url`.*absolute/),
      })
      expect(error.message).not.toContain('secret=1')
    }
  })

  test('cookies of a login that this release does not have stay, and the page asks by itself', async () => {
    const store = memoryServerStore()
    const { headers, open, answer } = world({ store })
    await open()
    const request = { headers: headers() }
    const part: ServerLogin = () => ({
      identity: 'x',
      apiUrl: 'https://x.example/',
      strategies: { x: staying },
    })
    const { server } = world({ store, logins: { other: part } })
    const session = await server.getSession(request, { readOnly: true })
    expect([session.user, 'facts' in session]).toEqual([null, false])
    expect(await (await server.getSession(request)).cookies()).toEqual([])
    const end = await server.end(request)
    expect([end.isEnded, await end.cookies()]).toEqual([false, []])
    await expect(server.open(answer(), { request, via: 'other' })).rejects.toMatchObject({
      reason: 'login_unknown',
    })
  })

  test('of several that a sibling may have planted those under the path of the panel are deleted, too', async () => {
    const { server, headers, open, page } = world({ publicUrl: `${PANEL}/admin/` })
    const both: string[] = []
    for (const id of ['ada', 'bob']) {
      page.cookies.clear()
      await open(id)
      both.push(headers().get('cookie') ?? '')
    }
    const end = await server.end({ headers: new Headers({ cookie: both.join('; ') }) })
    expect(end.isEnded).toBe(false)
    const cookies = await end.cookies()
    expect(cookies.map(({ options }) => options.path)).toEqual(['/', '/admin', '/admin/'])
    expect(new Set(cookies.map(({ name }) => name)).size).toBe(1)
  })

  test('the parts of a cookie are those of its header', async () => {
    const { open } = world()
    const session = await open()
    const [cookie] = await session.cookies()
    expect(cookie).toEqual({
      name: '__Host-session',
      value: expect.stringMatching(/^[\w-]{43}$/),
      options: { path: '/', httpOnly: true, sameSite: 'lax', secure: true, maxAge: 604_800 },
      header: `__Host-session=${cookie?.value}; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax; Secure`,
    })
    const answer = await session.commit(new Response())
    expect(answer.headers.getSetCookie()).toEqual([cookie?.header])
  })
})
