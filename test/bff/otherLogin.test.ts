import { describe, expect, test } from 'vitest'
import { error, flush, outcomeOf, SECOND } from '../session/fixture.ts'
import { type Behind, behind, bob, gone, json, loginOf, other } from './fixture.ts'

/** In another window somebody else logs in: the browser's cookie is theirs from now on. */
function logInElsewhere({ server }: Behind) {
  server.session = { user: bob, login: loginOf('B'), epoch: 6, version: 1 }
}

const bytes = (text: string) => new TextEncoder().encode(text)

async function shownAs(user: 'ada' | 'bob' | undefined) {
  const page = behind()
  if (user === undefined) page.server.session = null
  if (user === 'bob') logInElsewhere(page)
  await page.found()
  return page
}

describe('every request says which login the page believes in', () => {
  test('U3: the calls of a page, its refresh and its logout name the login that it shows', async () => {
    const page = await shownAs('ada')
    await page.session.fetch('/api/x')
    await page.session.fetch('/api/x', { method: 'POST', headers: { 'x-csrf': '1' } })
    await page.session.refresh()
    await page.session.logout()
    expect(page.api.calls.map(({ headers }) => headers.get('x-csrf'))).toEqual(Array(4).fill(loginOf('A')))
  })

  test('U3: a page that shows nobody says so', async () => {
    const page = await shownAs(undefined)
    page.server.next = { user: bob, login: loginOf('B'), epoch: 6, version: 1 }
    await page.session.login({ email: 'bob', password: 'secret' })
    expect(page.api.calls[0]?.headers.get('x-csrf')).toBe('1')
    expect(new URL((await shownAs(undefined)).session.url('/api/x')).searchParams.get('session-login')).toBe(
      '1',
    )
  })

  test('U3: an address for what sets no headers names the login, and keeps what it had', async () => {
    const { session } = await shownAs('ada')
    const named = `session-login=${loginOf('A')}`
    expect(session.url('/api/export.csv')).toBe(`https://chat.example/api/export.csv?${named}`)
    expect(session.url('api/events?page=2&session-login=x#top')).toBe(
      `https://chat.example/api/events?page=2&${named}#top`,
    )
    for (const foreign of [
      'https://evil.example/x',
      '//evil.example/x',
      'blob:https://chat.example/1',
      'data:,x',
    ])
      expect(() => session.url(foreign)).toThrow(expect.objectContaining(error('misconfigured')))
  })

  test('U3: what is sent by other means takes its headers along', async () => {
    const page = await shownAs('ada')
    expect(page.session.headers()).toEqual({ 'x-csrf': loginOf('A') })
    await page.signal('userActive')
    expect(page.session.headers()).toEqual({ 'x-csrf': loginOf('A'), 'x-user-activity': '1' })
    await page.session.logout()
    expect(page.session.headers()).toMatchObject({ 'x-csrf': '1' })
  })

  test('U3: an address keeps nobody away who logs in again', async () => {
    const page = await shownAs('ada')
    logInElsewhere(page)
    page.wake()
    await page.settle()
    expect(page.session.url('/x')).toBe(`https://chat.example/x?session-login=${loginOf('B')}`)
  })
})

describe('another login', () => {
  test('U3: of 21 calls of a page of A none is executed as B, none is sent twice, and the page becomes the one of B', async () => {
    const page = await shownAs('ada')
    logInElsewhere(page)
    const states: string[] = []
    page.session.subscribe(({ state, reason, user }) => states.push(`${state} ${reason} ${user?.id}`))
    const calls = Array.from({ length: 21 }, () => page.session.fetch('/api/x', { method: 'POST' }))
    const answers = await Promise.allSettled(calls)
    await page.settle()
    expect(answers.map((answer) => 'reason' in answer && answer.reason.code)).toEqual(
      Array(21).fill('session_changed'),
    )
    expect(page.server.executed).toEqual([])
    expect(page.paths()).toEqual([...Array(21).fill('POST /api/x'), 'GET /session'])
    expect(states).toEqual(['loggedOut elsewhere undefined', 'active null bob'])
    expect(page.told('loggedOut')).toMatchObject([{ reason: 'elsewhere' }])
    expect(page.told('changed')).toMatchObject([{ what: 'user' }])
    await page.session.fetch('/api/x', { method: 'POST' })
    expect(page.server.executed).toEqual(['POST /api/x as bob'])
  })

  test.each([
    ['a call', (page: Behind) => page.session.fetch('/api/x')],
    ['a refresh', (page: Behind) => page.session.refresh()],
    ['a login', (page: Behind) => page.session.login({ email: 'ada', password: 'secret' })],
    ['a login by redirect', (page: Behind) => page.session.loginWithRedirect({ returnTo: '/' })],
  ])('U3: %s of a page of A is not done for B, and the page shows B', async (_, act) => {
    const page = await shownAs('ada')
    logInElsewhere(page)
    page.server.failing = ({ url }) => (/\/(login|start)$/.test(url) ? other() : undefined)
    const outcome = outcomeOf<unknown>(act(page))
    await page.settle()
    expect(outcome.error).toMatchObject({ code: expect.stringMatching(/^(session_changed|logged_out)$/) })
    expect(page.snapshot()).toMatchObject({ state: 'active', user: bob, reason: null })
  })

  test('U3: a logout in a page of A leaves the session of B alone, and the page shows B', async () => {
    const page = await shownAs('ada')
    logInElsewhere(page)
    const left = page.session.logout()
    expect(page.snapshot()).toMatchObject({ state: 'loggedOut', reason: 'user' })
    await left
    await page.settle()
    expect(page.server.session).toMatchObject({ user: bob })
    expect(page.snapshot()).toMatchObject({ state: 'active', user: bob })
    expect(page.paths()).toEqual(['POST /session/logout', 'GET /session'])
  })

  test('U3: a look of a page of A finds B, whether the server tells at once or only that it is somebody else', async () => {
    for (const tellsAtOnce of [true, false]) {
      const page = await shownAs('ada')
      logInElsewhere(page)
      page.server.failing = ({ headers }) =>
        !tellsAtOnce && headers.get('x-csrf') === loginOf('A') ? other() : undefined
      page.wake()
      await page.settle()
      expect(page.snapshot()).toMatchObject({ state: 'active', user: bob })
      expect(page.told('changed')).toMatchObject([{ what: 'user' }])
    }
  })

  test('U3: another login of the same user is another one, too', async () => {
    const page = await shownAs('ada')
    page.server.session = { user: page.snapshot().user as object, login: loginOf('C'), epoch: 5, version: 1 }
    await expect(page.session.fetch('/api/x')).rejects.toMatchObject(error('session_changed'))
    await page.settle()
    expect(page.snapshot()).toMatchObject({ state: 'active', user: { id: 'ada' } })
    expect(page.snapshot().epoch).not.toBe(5)
    expect(page.told('changed')).toEqual([])
    expect((await page.session.fetch('/api/x')).status).toBe(200)
  })

  test('U3: what was answered to A reaches nobody who sees the page of B', async () => {
    const page = await shownAs('ada')
    let answer = (_: Response) => {}
    page.server.failing = ({ url }) =>
      url.endsWith('/slow') ? new Promise((resolve) => (answer = resolve)) : undefined
    const slow = outcomeOf(page.session.fetch('/api/slow'))
    await flush()
    logInElsewhere(page)
    page.wake()
    await page.settle()
    answer(new Response('of ada'))
    await page.settle()
    expect(slow.error).toMatchObject(error('session_changed'))
  })

  test('U3: a 409 of the API is an answer like any other', async () => {
    const page = await shownAs('ada')
    page.server.failing = ({ url }) => (url.includes('/api/') ? json(409, { error: 'conflict' }) : undefined)
    const answer = await page.session.fetch('/api/x', { method: 'PUT' })
    expect([answer.status, await answer.json()]).toEqual([409, { error: 'conflict' }])
    expect(page.snapshot()).toMatchObject({ state: 'active' })
  })

  test('U3: who is there cannot be found out: the page shows nobody, and asks again when it is looked at', async () => {
    const page = await shownAs('ada')
    logInElsewhere(page)
    page.server.failing = ({ url }) =>
      url.endsWith('/session') ? new Response(null, { status: 502 }) : undefined
    await page.session.fetch('/api/x').catch(() => {})
    for (let second = 0; second < 20; second++) await page.pass(SECOND)
    expect(page.snapshot()).toMatchObject({ state: 'loggedOut', reason: 'elsewhere', user: null })
    page.server.failing = undefined
    page.wake()
    await page.settle()
    expect(page.snapshot()).toMatchObject({ state: 'active', user: bob })
  })
})

describe('an end that the server tells', () => {
  test.each([0, SECOND, 4 * SECOND])('U73: ends the page at once, also %i ms after a renewal', async (ms) => {
    const page = await shownAs('ada')
    await page.session.refresh()
    await page.pass(ms)
    page.server.session = null
    page.server.reason = 'idle'
    expect((await page.session.fetch('/api/x')).status).toBe(401)
    expect(page.snapshot()).toMatchObject({ state: 'expired', reason: 'idle', isAuthenticated: false })
    expect(page.paths().filter((path) => path.startsWith('POST /session'))).toHaveLength(1)
  })

  test('U73: a look that finds nobody ends the page at once', async () => {
    const page = await shownAs('ada')
    await page.session.refresh()
    page.server.session = null
    page.wake()
    await page.settle()
    expect(page.snapshot()).toMatchObject({ state: 'loggedOut', reason: 'elsewhere' })
  })

  test('U73: an answer to a call of an earlier login ends nothing of the next', async () => {
    const page = await shownAs('ada')
    let answer = (_: Response) => {}
    page.server.failing = ({ url }) =>
      url.endsWith('/slow') ? new Promise((resolve) => (answer = resolve)) : undefined
    const slow = outcomeOf(page.session.fetch('/api/slow'))
    await flush()
    await page.session.logout()
    page.server.next = { user: bob, login: loginOf('B'), epoch: 6, version: 1 }
    await page.session.login({ email: 'bob', password: 'secret' })
    answer(gone('user'))
    await page.settle()
    expect(slow.isSettled).toBe(true)
    expect(page.snapshot()).toMatchObject({ state: 'active', user: bob })
  })

  test.each([
    [
      'HTML',
      () => new Response('<html>Sign in</html>', { status: 401, headers: { 'content-type': 'text/html' } }),
    ],
    ['no body', () => new Response(null, { status: 401 })],
    ['JSON of its own', () => json(401, { error: 'unauthorized' })],
    ['no session, as text', () => new Response('{"error":"no_session"}', { status: 401 })],
    ['no session, with another status', () => json(403, { error: 'no_session' })],
    ['what came after a redirect', () => Object.defineProperty(gone(), 'redirected', { value: true })],
  ])('U73: any other 401 is an outage, not an end: %s', async (_, answer) => {
    const page = await shownAs('ada')
    page.server.failing = () => answer()
    expect([401, 403]).toContain((await page.session.fetch('/api/x')).status)
    expect(page.snapshot()).toMatchObject({ state: 'active' })
    page.wake()
    await page.settle()
    await page.session.refresh().catch(() => {})
    for (let minute = 0; minute < 120; minute++) await page.pass(60 * SECOND)
    expect(page.snapshot()).toMatchObject({ state: 'retrying', isAuthenticated: true, reason: null })
    page.server.failing = undefined
    for (let second = 0; second < 70; second++) await page.pass(SECOND)
    expect(page.snapshot()).toMatchObject({ state: 'active', user: { id: 'ada' } })
  })

  test('U60: no outage of its server ends the session of a page, whatever stands in its place', async () => {
    const outages = [
      () => Promise.reject(new TypeError('Failed to fetch')),
      () => new Response('Bad Gateway', { status: 502 }),
      () => new Response(null, { status: 404 }),
      () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } }),
      () => new Response(null, { status: 501 }),
      () => json(200, { user: null }),
      () => json(503, { error: 'draining' }),
      () => new Response(null, { status: 302, headers: { location: 'https://sso.example/login' } }),
    ]
    for (const outage of outages) {
      const page = await shownAs('ada')
      page.server.failing = outage
      for (let minute = 0; minute < 180; minute++) await page.pass(60 * SECOND)
      expect(page.snapshot()).toMatchObject({ isAuthenticated: true, reason: null })
      page.server.failing = undefined
      for (let second = 0; second < 70; second++) await page.pass(SECOND)
      expect(page.snapshot()).toMatchObject({ state: 'active', isUsable: true })
    }
  })

  test('a server that has no bearer at the moment says so, and the page says it too', async () => {
    const page = await shownAs('ada')
    await page.pass(10 * SECOND)
    page.server.failing = ({ url }) =>
      url.endsWith('/session')
        ? undefined
        : json(503, { error: 'refresh_unavailable' }, { 'retry-after': '20' })
    expect((await page.session.fetch('/api/x')).status).toBe(503)
    await page.settle()
    expect(page.snapshot()).toMatchObject({ state: 'retrying', isUsable: false, isAuthenticated: true })
    page.server.failing = undefined
    await page.pass(20 * SECOND)
    expect(page.snapshot()).toMatchObject({ state: 'active', isUsable: true })
  })

  test.each([
    ['has no end', (controller: ReadableStreamDefaultController) => controller.enqueue(bytes('{'))],
    [
      'is larger than any word of the server',
      (controller: ReadableStreamDefaultController) => {
        controller.enqueue(bytes('{"error":"no_session","more":"'))
        for (let kiB = 0; kiB < 1_100; kiB++) controller.enqueue(bytes('x'.repeat(1_024)))
        controller.enqueue(bytes('"}'))
        controller.close()
      },
    ],
  ])('a 401 whose body %s reaches its caller, and ends nothing', async (_, fill) => {
    const page = await shownAs('ada')
    page.server.failing = ({ url }) =>
      url.endsWith('/session')
        ? undefined
        : new Response(new ReadableStream({ start: fill }), {
            status: 401,
            headers: { 'content-type': 'application/json' },
          })
    const call = page.session.fetch('/api/x')
    await flush()
    await page.pass(5 * SECOND)
    expect((await call).status).toBe(401)
    expect(page.snapshot()).toMatchObject({ isAuthenticated: true, reason: null })
  })
})
