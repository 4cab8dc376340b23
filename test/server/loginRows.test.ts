import type { Browser } from 'playwright-core'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { toNodeListener } from 'xstate-session/node'
import {
  createSessionServer,
  memoryServerStore,
  type RunningLogin,
  type ServerLogin,
  type SessionServer,
  type SessionServerOptions,
} from 'xstate-session/server'
import type { RefreshOutcome } from '../../src/session/strategy.ts'
import { launchChromium } from '../browser/launchChromium.ts'
import { browser } from './browser.ts'
import { onPort } from './onPort.ts'
import { movableClock, PANEL, SECRET } from './world.ts'

/** A login with a password and one by redirect; `refresh` and the API answer when the test lets them. */
function world(more: Partial<SessionServerOptions> = {}) {
  const clock = movableClock()
  const revoked: (string | undefined)[] = []
  const held = {
    renewal: undefined as (() => void) | undefined,
    calls: [] as (() => void)[],
    isHolding: false,
  }
  const strategy: RunningLogin['strategies'][string] = {
    needsRefreshToken: true,
    async refresh({ refreshToken = '' }): Promise<RefreshOutcome> {
      if (held.isHolding)
        await new Promise<void>((resolve) => {
          held.renewal = resolve
        })
      return { kind: 'ok', bearer: 'next', refreshToken: `${refreshToken}+`, life: { expiresIn: 600 } }
    },
    async revoke({ refreshToken }) {
      revoked.push(refreshToken)
      return true
    },
  }
  const done = (id: unknown) => ({
    done: {
      answer: { token: 'bearer', refreshToken: `of ${id}`, user: { id }, expiresIn: 60 },
      strategy: 'own',
    },
  })
  let states = 0
  const part: ServerLogin = ({ callbackPath }) => ({
    identity: 'own',
    apiUrl: 'https://api.example/',
    strategies: { own: strategy },
    bindsCallback: true,
    callbackPaths: [callbackPath],
    submit: async (_, { id }) => done(id),
    async begin({ input }) {
      const state = `a-state-of-its-own-${states++}`
      return { location: new URL(`https://id.example/?state=${state}`), state, keep: String(input.loginHint) }
    },
    callback: async (_, keep) => done(keep),
  })
  const server = createSessionServer({
    publicUrl: PANEL,
    secrets: [SECRET],
    logins: { one: part },
    api: { '/api/': { target: 'https://api.example/' } },
    clock,
    async fetch() {
      if (held.isHolding) await new Promise<void>((resolve) => void held.calls.push(resolve))
      return Response.json({})
    },
    ...more,
  })
  const page = browser((request) => server.handle(request), PANEL)
  const idOf = () => page.cookies.get('__Host-session') ?? ''
  /** What a copy of a cookie opens. */
  const opens = async (id: string) =>
    (await server.handle(new Request(`${PANEL}/session/`, { headers: { cookie: `__Host-session=${id}` } })))
      .status
  const back = (location: string) => {
    const state = new URL(location).searchParams.get('state')
    return page.navigate(`/session/callback/one?code=c&state=${state}`)
  }
  return { server, page, clock, revoked, held, idOf, opens, back }
}

describe('the identifier of a session', () => {
  const PLANTED = 'x'.repeat(43)

  test('L22: what was planted before a login opens nothing after it', async () => {
    const { page, idOf, opens, back } = world()
    for (const login of [
      () => page.post('/session/login', { id: 'ada' }),
      async () => back(await page.begun({ loginHint: 'ada' })),
    ]) {
      page.cookies.clear()
      page.cookies.set('__Host-session', PLANTED)
      await login()
      expect(idOf()).not.toBe(PLANTED)
      expect([await opens(PLANTED), await opens(idOf())]).toEqual([401, 200])
    }
  })

  test.each([
    ['a second login', 'ada', undefined],
    ['a step-up', 'ada', 'stepUp'],
    ['a change of user', 'bob', 'switchUser'],
  ])(
    'L22: %s brings a new identifier and a new secret, and the old ones are dead at once',
    async (_, who, purpose) => {
      const { server, page, idOf, opens, back } = world()
      await page.post('/session/login', { id: 'ada' })
      const [id, login] = [idOf(), await page.login()]
      if (purpose) await back(await page.begun({ purpose, loginHint: who }))
      else await page.post('/session/login', { id: who })
      expect([idOf() === id, (await page.login()) === login]).toEqual([false, false])
      expect([await opens(id), await opens(idOf())]).toEqual([401, 200])
      // What a page of before asks for is not done.
      const stale = await page.post('/session/logout', undefined, { headers: { 'x-csrf': login } })
      expect([stale.status, await opens(idOf())]).toEqual([409, 200])
      expect(server).toBeDefined()
    },
  )

  test('L52: a copied cookie opens nothing after a logout', async () => {
    const { page, idOf, opens } = world()
    await page.post('/session/login', { id: 'ada' })
    const id = idOf()
    expect(await opens(id)).toBe(200)
    await page.post('/session/logout')
    expect(await opens(id)).toBe(401)
  })
})

describe('a logout', () => {
  const NAMELESS: [string, string, Record<string, string>][] = [
    ['a GET', 'GET', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }],
    ['a HEAD', 'HEAD', {}],
    ['a prefetch', 'GET', { 'sec-purpose': 'prefetch' }],
    ['an image of another site', 'GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' }],
    ['a form of another site', 'POST', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['a form of an old browser', 'POST', { origin: 'https://evil.example' }],
    ['a form without an origin', 'POST', { origin: 'null' }],
    ['a form that says nothing', 'POST', {}],
  ]
  test.each(NAMELESS)('L43: %s ends no session', async (_, method, headers) => {
    const { server, page } = world()
    await page.post('/session/login', { id: 'ada' })
    const cookie = [...page.cookies].map((pair) => pair.join('=')).join('; ')
    for (const path of ['logout', 'logout/provider']) {
      const request = new Request(`${PANEL}/session/${path}`, {
        method,
        headers: { ...headers, cookie },
      })
      const answer = await server.handle(request)
      expect(answer.headers.getSetCookie().filter((line) => line.startsWith('__Host-session='))).toEqual([])
    }
    expect((await page.get('/session/')).status).toBe(200)
  })

  test.each(NAMELESS)(
    'L43: %s ends no session by `end` of the server, either',
    async (_, method, headers) => {
      const { server, page } = world()
      await page.post('/session/login', { id: 'ada' })
      const login = await page.login()
      const cookie = [...page.cookies].map((pair) => pair.join('=')).join('; ')
      const request = (query = '') =>
        new Request(`${PANEL}/leave${query}`, { method, headers: { ...headers, cookie } })
      const nobody = new Request(request(), { headers: { cookie, 'x-csrf': '1' } })
      for (const one of [request(), nobody]) {
        const end = await server.end(one)
        expect([end.isEnded, await end.cookies()]).toEqual([false, []])
      }
      expect((await page.get('/session/')).status).toBe(200)
      // The login's name is what a foreign page does not know.
      expect(await server.end(request(`?session-login=${login}`))).toMatchObject({ isEnded: true })
    },
  )

  /** Every way in which a renewal, a logout and calls of before it can come to an end. */
  const ORDERS = [
    ['renewal', 'calls', 'logout'],
    ['renewal', 'logout', 'calls'],
    ['calls', 'renewal', 'logout'],
    ['calls', 'logout', 'renewal'],
    ['logout', 'renewal', 'calls'],
    ['logout', 'calls', 'renewal'],
  ] as const

  test.each(
    ORDERS.flatMap((order) =>
      [false, true].map((sealedCookies) => ({ order: order.join(', '), sealedCookies })),
    ),
  )(
    'L41: with 20 requests and a renewal in flight ($order): the session stays dead, $sealedCookies',
    async (row) => {
      const { server, page, clock, revoked, held, opens } = world({ sealedCookies: row.sealedCookies })
      await page.post('/session/login', { id: 'ada' })
      const login = await page.login()
      const cookie = [...page.cookies].map((pair) => pair.join('=')).join('; ')
      const ask = (path: string, init: RequestInit = {}) =>
        server.handle(new Request(`${PANEL}${path}`, { ...init, headers: { cookie, 'x-csrf': login } }))
      held.isHolding = true
      // Ten with the bearer of the record, ten that wait for the renewal.
      const calls = Array.from({ length: 10 }, () => ask('/api/x'))
      await expect.poll(() => held.calls.length).toBe(10)
      clock.pass(45_000)
      calls.push(...Array.from({ length: 10 }, () => ask('/api/x')))
      await expect.poll(() => held.renewal).toBeDefined()
      const release = {
        async renewal() {
          held.renewal?.()
          await new Promise((resolve) => setImmediate(resolve))
        },
        async calls() {
          held.isHolding = false
          for (const call of held.calls.reverse()) call()
          await new Promise((resolve) => setImmediate(resolve))
        },
        logout: () => ask('/session/logout', { method: 'POST' }),
      }
      let ended: Response | undefined
      for (const step of row.order.split(', ') as (keyof typeof release)[]) {
        const answer = await release[step]()
        if (answer) ended = answer
      }
      held.isHolding = false
      for (const call of held.calls) call()
      const answers = await Promise.all(calls)
      expect(ended?.status).toBe(200)
      // No answer to a request of before gives the browser a session again.
      const given = answers.flatMap(({ headers }) => headers.getSetCookie())
      expect(given.filter((line) => !line.includes('Max-Age=0')).length === 0 || row.sealedCookies).toBe(true)
      expect((await ask('/session/')).status).toBe(401)
      expect((await ask('/api/x')).status).toBe(401)
      if (!row.sealedCookies) expect(await opens(cookie.split('=')[1] ?? '')).toBe(401)
      // Whatever is the newest token by then is revoked; the older one was spent for it.
      await expect.poll(() => revoked).toContain('of ada+')
    },
  )
})

describe('panels on one host', () => {
  let chromium: Browser | undefined
  afterAll(() => chromium?.close())

  test('L49: on other ports and below each other, with one store and one secret: each has its own login', async () => {
    chromium = await launchChromium()
    const store = memoryServerStore()
    const panels: { readonly root: string; readonly server: SessionServer }[] = []
    const listen = async () => {
      const mine: typeof panels = []
      const { port } = await onPort((request, response) => {
        const path = request.url ?? '/'
        const panel = mine.findLast(({ root }) => path.startsWith(new URL(root).pathname))
        if (panel && path.includes('session/'))
          return toNodeListener(panel.server.handle, { origin: new URL(panel.root).origin })(
            request,
            response,
          )
        return response.setHeader('content-type', 'text/html').end('<p>a panel</p>')
      })
      return (path: string) => {
        const root = `http://localhost:${port}${path}`
        mine.push({ root, server: world({ publicUrl: root, store }).server })
        panels.push(...mine.slice(-1))
      }
    }
    const [first, second] = [await listen(), await listen()]
    first('/')
    first('/reports/')
    second('/')
    const context = await chromium.newContext()
    onTestFinished(() => context.close())
    const tab = await context.newPage()
    const inPanel = async (root: string, path: string, id?: string) => {
      await tab.goto(root)
      return tab.evaluate(
        async ([at, who]) => {
          const json = { 'content-type': 'application/json', 'x-csrf': '1' }
          const init = who ? { method: 'POST', headers: json, body: JSON.stringify({ id: who }) } : {}
          const answer = await fetch(`session/${at}`, init)
          return answer.ok ? ((await answer.json()) as { user: { id: string } }).user.id : answer.status
        },
        [path, id] as const,
      )
    }
    for (const [at, { root }] of panels.entries())
      expect(await inPanel(root, 'login', `user ${at}`)).toBe(`user ${at}`)
    const seen = []
    for (const { root } of panels) seen.push(await inPanel(root, ''))
    expect(seen).toEqual(['user 0', 'user 1', 'user 2'])
  }, 60_000)
})
