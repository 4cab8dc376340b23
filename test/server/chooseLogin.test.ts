import { describe, expect, test, vi } from 'vitest'
import {
  createSessionServer,
  type LoginChoice,
  type ServerLogin,
  type SessionServerOptions,
} from 'xstate-session/server'
import { browser } from './browser.ts'
import { movableClock, PANEL, SECRET } from './world.ts'

/** `staff` by redirect, `guests` by password. */
function world(chooseLogin: SessionServerOptions['chooseLogin']) {
  const part = (name: string): ReturnType<ServerLogin> => ({
    identity: name,
    apiUrl: `https://${name}.example/`,
    strategies: {
      own: { needsRefreshToken: false, refresh: async () => ({ kind: 'refused', cause: 'unavailable' }) },
    },
  })
  const staff: ServerLogin = ({ callbackPath }) => ({
    ...part('staff'),
    bindsCallback: true,
    callbackPaths: [callbackPath],
    begin: async () => ({
      location: new URL('https://id.example/'),
      state: 'a-state-of-its-own',
      keep: null,
    }),
    callback: async () => ({ refused: { status: 401, code: 'access_denied' } }),
  })
  const guests: ServerLogin = () => ({
    ...part('guests'),
    expected: () => 'a JSON object with "email" and "password"',
    submit: async (_, { email, password }) =>
      typeof password !== 'string'
        ? undefined
        : password === 'right'
          ? { done: { answer: { token: 't', user: { id: String(email) }, expiresIn: 60 }, strategy: 'own' } }
          : { refused: { status: 401, code: 'invalid_credentials' } },
  })
  const server = createSessionServer({
    publicUrl: PANEL,
    secrets: [SECRET],
    logins: { staff, guests },
    api: { '/api/': { target: 'https://api.example/', logins: ['staff', 'guests'] } },
    clock: movableClock(),
    ...(chooseLogin && { chooseLogin }),
  })
  const { handle } = server
  const page = { handle, ...browser(handle, PANEL) }
  const said = async (answer: Response | Promise<Response>) => {
    const { status, headers } = await answer
    return [status, headers.get('location') ?? (await (await answer).text())]
  }
  return { page, said }
}

const byDomain = ({ input }: LoginChoice) => {
  const address = String(input.loginHint ?? input.email)
  return address.endsWith('@corp.example')
    ? 'staff'
    : address.endsWith('@guest.example')
      ? 'guests'
      : undefined
}

describe('the server chooses a login by the request', () => {
  test('by what the page has sent, whatever it names', async () => {
    const { page, said } = world(byDomain)
    const start = await page.post('/session/login/start', { loginHint: 'a@corp.example', via: 'guests' })
    expect(await start.json()).toEqual({ location: 'https://id.example/' })
    const link = '/session/login/start?loginHint=a@corp.example'
    expect(await said(page.get(link, { headers: { 'sec-fetch-mode': 'navigate' } }))).toEqual([
      302,
      'https://id.example/',
    ])
    const login = await page.post('/session/login', {
      email: 'b@guest.example',
      password: 'right',
      via: 'staff',
    })
    expect(await login.json()).toMatchObject({ user: { id: 'b@guest.example' } })
  })

  test('by the request alone: such a login is listed', async () => {
    const { page } = world(async ({ request }) =>
      request.headers.get('x-tenant') === 'corp' ? 'staff' : undefined,
    )
    const listed = await page.get('/session/logins', { headers: { 'x-tenant': 'corp' } })
    expect(await listed.json()).toEqual({ logins: [{ name: 'staff', ways: ['redirect'] }] })
    expect(await (await page.get('/session/logins')).json()).toEqual({ logins: [] })
  })

  test('an answer does not betray which logins there are', async () => {
    const { page, said } = world(byDomain)
    const submits = [
      { email: 'x@guest.example', password: 'wrong' },
      { email: 'x@guest.example' },
      { email: 'x@corp.example', password: 'wrong' },
      { email: 'x@unknown.example', password: 'wrong' },
      { email: 'x@unknown.example' },
      { via: 'guests' },
      {},
    ]
    const refusals = []
    for (const body of submits) refusals.push(await said(page.post('/session/login', body)))
    expect(new Set(refusals.map(String))).toEqual(new Set(['401,{"error":"invalid_credentials"}']))
    const starts = [
      { loginHint: 'x@guest.example' },
      { loginHint: 'x@unknown.example' },
      { via: 'staff' },
      {},
    ]
    for (const body of starts) {
      expect(await said(page.post('/session/login/start', body))).toEqual([
        401,
        '{"error":"login_unavailable"}',
      ])
      const link = `/session/login/start?${new URLSearchParams(body as Record<string, string>)}`
      expect(await said(page.get(link, { headers: { 'sec-fetch-mode': 'navigate' } }))).toEqual([
        302,
        '/login?error=login_unavailable',
      ])
      const prefetch = await page.get(link, { headers: { 'sec-purpose': 'prefetch' } })
      expect(prefetch.status).toBe(403)
    }
    const ahead = await page.get('/session/login/start?loginHint=x@corp.example', {
      headers: { 'sec-purpose': 'prefetch' },
    })
    expect(ahead.status).toBe(403)
    expect(await (await page.get('/session/logins')).json()).toEqual({ logins: [] })
  })

  test('nor does any callback', async () => {
    const { page } = world(byDomain)
    const seen = async (method: string, path: string, headers: Record<string, string> = {}) => {
      const request = new Request(new URL(`/session/callback/${path}`, PANEL), { method, headers })
      const answer = await page.handle(request)
      const told = Object.fromEntries([...answer.headers].filter(([name]) => name !== 'location'))
      const to = answer.headers.get('location')?.replace(/callback\/[^?]*/, 'callback/it')
      return JSON.stringify([answer.status, to, told, await answer.text()])
    }
    const window = { 'sec-fetch-dest': 'document' }
    const asked: [string, string, Record<string, string>?][] = [
      ['GET', '', window],
      ['GET', '?error=access_denied&state=a-state-of-its-own', window],
      ['GET', '', { 'sec-fetch-dest': 'image' }],
      ['HEAD', ''],
      ['PUT', ''],
    ]
    for (const [method, query, headers] of asked) {
      const there = await seen(method, `staff${query}`, headers)
      for (const name of ['guests', 'nobody', 'constructor', '', 'staff/', 'staff/more', '%73taff'])
        expect(await seen(method, `${name}${query}`, headers)).toBe(there)
    }
    expect(await seen('GET', 'nobody')).toContain('/login?error=login_not_started')
    const posts = await Promise.all(['staff', 'guests', 'nobody'].map((name) => seen('POST', name)))
    expect(new Set(posts).size).toBe(1)
    // Where all logins are told, a path that is none is none.
    const open = world(undefined).page
    expect((await open.get('/session/callback/nobody')).status).toBe(404)
    expect((await open.get('/session/callback/staff')).status).toBe(302)
  })

  test.each<[string, SessionServerOptions['chooseLogin']]>([
    [
      'it throws',
      () => {
        throw new Error('no table')
      },
    ],
    ['it rejects', () => Promise.reject(new Error('no table'))],
    ['it names a login that there is not', () => 'nobody'],
    ['it names what every object has', () => 'constructor'],
  ])('%s: that is told on the console, and to no page', async (_, chooseLogin) => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { page, said } = world(chooseLogin)
    expect(await said(page.post('/session/login/start', {}))).toEqual([401, '{"error":"login_unavailable"}'])
    expect(await said(page.post('/session/login', { password: 'right' }))).toEqual([
      401,
      '{"error":"invalid_credentials"}',
    ])
    expect(told).toHaveBeenCalledTimes(2)
    told.mockRestore()
  })
})
