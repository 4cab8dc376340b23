import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type AnyActorRef, createActor, setup } from 'xstate'
import { type BffSession, bffSessionOf, createBffSession, createBffSessionLogic } from 'xstate-session/bff'
import { accounts } from '../../examples/backend/accounts.ts'
import { fakeClock } from '../fakeClock.ts'
import { PANEL, world } from '../server/world.ts'
import {
  ada,
  type Call,
  error,
  LIFE,
  MINUTE,
  outcomeOf,
  SECOND,
  sentTo,
  stubApi,
} from '../session/fixture.ts'
import { behind, bob, gone, json, loginOf, stubServer } from './fixture.ts'

describe('at the start', () => {
  test('the session asks its server, and is pending until the answer', async () => {
    const { api, snapshot, settle, paths } = behind()
    expect(snapshot()).toMatchObject({ state: 'loggedOut', isPending: true })
    await settle()
    expect(snapshot()).toMatchObject({ state: 'active', isPending: false, user: ada, epoch: 5, version: 1 })
    expect(paths()).toEqual(['GET /session'])
    expect(api.calls[0]?.init.credentials).toBe('same-origin')
    expect(api.calls[0]?.headers.get('x-csrf')).toBe('1')
  })

  test('nobody is logged in: those who waited, and the chart, are told', async () => {
    const { server, session, snapshot, settle } = behind()
    server.session = null
    const toChart = sentTo(session)
    const call = outcomeOf(session.fetch('/api/x'))
    await settle()
    expect(snapshot()).toMatchObject({ state: 'loggedOut', isPending: false, reason: 'never' })
    expect(call.error).toMatchObject(error('logged_out'))
    expect(toChart).toHaveBeenCalledWith(expect.objectContaining({ type: 'session.ended', reason: 'never' }))
  })

  test('facts that came with the page are known at once, and nothing is asked', async () => {
    const rendered = { user: ada, login: loginOf('A'), epoch: 9, version: 3, expiresAt: LIFE, serverNow: 0 }
    const { snapshot, settle, paths, clock } = behind({ facts: rendered })
    expect(snapshot()).toMatchObject({ state: 'active', isPending: false, user: ada, epoch: 9, version: 3 })
    expect(snapshot().expiresAt).toBe(clock.wall() + LIFE)
    await settle()
    expect(paths()).toEqual([])
  })

  test('null came with the page: logged out at once, and nothing is asked', async () => {
    const { snapshot, settle, paths } = behind({ facts: null })
    expect(snapshot()).toMatchObject({ state: 'loggedOut', isPending: false, reason: 'never' })
    await settle()
    expect(paths()).toEqual([])
  })

  test('a server that does not answer is asked again, less and less often; callers are told after their patience', async () => {
    const { server, session, snapshot, pass, settle, api } = behind()
    server.failing = () => Promise.reject(new TypeError('Failed to fetch'))
    await settle()
    const call = outcomeOf(session.fetch('/api/x'))
    for (let second = 0; second < 30; second++) await pass(SECOND)
    expect(call.error).toMatchObject(error('refresh_unavailable'))
    expect(snapshot().isPending).toBe(true)
    // After 0, 1, 3, 7, 15 and 25 s.
    expect(api.calls.length).toBe(6)
    server.failing = undefined
    await pass(10 * SECOND)
    expect(snapshot()).toMatchObject({ state: 'active', user: ada })
  })

  test('I28: all who wait share one timer, and each leaves after its own patience', async () => {
    const { server, session, pass, settle, clock } = behind()
    server.failing = () => new Promise(() => {})
    const calls = Array.from({ length: 100 }, () => outcomeOf(session.fetch('/api/x')))
    await settle()
    await pass(SECOND)
    const late = outcomeOf(session.fetch('/api/x'))
    await settle()
    expect(clock.pending().filter(({ kind }) => kind === 'foreground')).toHaveLength(1)
    await pass(7 * SECOND)
    expect([calls.every(({ isSettled }) => isSettled), late.isSettled]).toEqual([true, false])
    await pass(SECOND)
    expect(late.error).toMatchObject(error('refresh_unavailable'))
    expect(clock.pending().filter(({ kind }) => kind === 'foreground')).toEqual([])
  })

  test('a server that hangs is given up after 10 s, and asked again', async () => {
    const { server, pass, settle, snapshot } = behind()
    server.failing = () => new Promise(() => {})
    await settle()
    server.failing = undefined
    await pass(10 * SECOND)
    expect(snapshot().isPending).toBe(true)
    await pass(SECOND)
    expect(snapshot()).toMatchObject({ state: 'active' })
  })

  test('a disposed session asks no more', async () => {
    const { server, session, pass, settle, api, clock } = behind()
    server.failing = () => new Response(null, { status: 502 })
    await settle()
    session.dispose()
    expect(clock.pending()).toEqual([])
    await pass(MINUTE)
    expect(api.calls.length).toBe(1)
    expect(clock.pending()).toEqual([])
  })

  test('a session that is known looks for at most ten seconds', async () => {
    const { server, session, found, pass, api, snapshot } = behind()
    await found()
    server.failing = () => new Response(null, { status: 502 })
    const looked = outcomeOf(session.look())
    const at: number[] = []
    for (let second = 0; second < 60; second++) {
      await pass(second && SECOND)
      while (at.length < api.calls.length) at.push(second)
    }
    expect([at, looked.isSettled, snapshot().state]).toEqual([[0, 1, 3, 7], true, 'active'])
  })

  test('a snapshot of an earlier page says nothing: the server is asked', async () => {
    const { api } = stubServer()
    const logic = createBffSessionLogic({
      baseUrl: 'https://chat.example/',
      fetch: api.fetch,
      clock: fakeClock(),
    })
    const first = createActor(logic).start()
    await expect.poll(() => bffSessionOf(first).getSnapshot().state).toBe('active')
    const snapshot = first.getPersistedSnapshot()
    first.stop()
    for (const value of ['active', 'refreshing']) {
      api.calls.length = 0
      const failed = vi.fn()
      const again = createActor(logic, { snapshot: { ...snapshot, value } as never })
      again.subscribe({ error: failed })
      again.start()
      onTestFinished(() => void again.stop())
      expect(bffSessionOf(again).getSnapshot().isPending).toBe(true)
      await expect.poll(() => bffSessionOf(again).getSnapshot().state).toBe('active')
      expect(api.calls.map(({ url }) => url)).toEqual(['https://chat.example/session'])
      expect(failed).not.toHaveBeenCalled()
    }
  })

  test('an actor of somebody else has no session, and says so', () => {
    const stranger = createActor(setup({}).createMachine({}))
    expect(() => bffSessionOf(stranger)).toThrow(expect.objectContaining(error('misconfigured')))
  })

  test('a login that comes before the answer counts', async () => {
    let release = (_: Response) => {}
    const { server, session, snapshot, settle, pass } = behind()
    server.failing = () =>
      new Promise((resolve) => {
        release = resolve
      })
    await settle()
    server.failing = undefined
    server.next = { user: ada, login: loginOf('C'), epoch: 6, version: 1 }
    const login = session.login({ email: 'ada', password: 'secret' })
    await settle()
    await pass(5 * SECOND)
    await login
    release(gone())
    await settle()
    expect(snapshot()).toMatchObject({ state: 'active', epoch: 6 })
  })
})

describe('calls', () => {
  test('X27 carry the cookie and the CSRF header, no bearer, and no stand-in for one', async () => {
    const { session, api, found } = behind()
    await found()
    await session.fetch('/api/admin/users', { method: 'POST', body: '{}', headers: { accept: 'text/plain' } })
    await session.fetch(
      new Request('https://chat.example/api/x', { headers: { 'x-own': '1' }, credentials: 'omit' }),
    )
    for (const { init, headers, authorization } of api.calls) {
      expect(init.credentials).toBe('same-origin')
      expect(headers.get('x-csrf')).toBe(loginOf('A'))
      expect(authorization).toBeNull()
      expect([...headers].join()).not.toContain('kept')
    }
    expect(api.calls.map(({ url, method, body }) => [url, method, body])).toEqual([
      ['https://chat.example/api/admin/users', 'POST', '{}'],
      ['https://chat.example/api/x', 'GET', ''],
    ])
    expect(api.calls[0]?.headers.get('accept')).toBe('text/plain')
    expect(api.calls[1]?.headers.get('x-own')).toBe('1')
  })

  test('X4 to other origins pass as they are, also without a session', async () => {
    const { session, api, server } = behind()
    server.session = null
    for (const url of ['https://other.example/x', '//evil.example/x', 'http://chat.example/x'])
      await session.fetch(url)
    const foreign = api.calls.filter(({ url }) => !url.startsWith('https://chat.example/'))
    expect(foreign).toHaveLength(3)
    for (const { headers, init } of foreign) {
      expect([...headers]).toEqual([])
      expect(init.credentials).toBeUndefined()
    }
  })

  test('there is no token to get', () => {
    expect(behind().session).not.toHaveProperty('getToken')
  })

  test('of a parent machine, which hears of the end first, do not leave any more', async () => {
    const api = stubApi(() => json(200, {}))
    const facts = { user: ada, login: loginOf('A'), epoch: 1, version: 1, expiresAt: LIFE, serverNow: 0 }
    const logic = createBffSessionLogic({
      baseUrl: 'https://chat.example/',
      facts,
      fetch: api.fetch,
      clock: fakeClock(),
    })
    const calls: Promise<Response>[] = []
    let session: BffSession | undefined
    const parent = createActor(
      setup({ actors: { session: logic } }).createMachine({
        invoke: {
          id: 'session',
          src: 'session',
          onSnapshot: {
            actions({ event }) {
              if (session && event.snapshot.value === 'loggedOut') calls.push(session.fetch('/api/x'))
            },
          },
        },
      }),
    ).start()
    onTestFinished(() => void parent.stop())
    session = bffSessionOf(parent.getSnapshot().children.session as AnyActorRef)
    await session.logout()
    expect(calls).toHaveLength(1)
    await expect(calls[0]).rejects.toMatchObject(error('logged_out'))
    expect(api.calls.map(({ url }) => url)).toEqual(['https://chat.example/session/logout'])
  })

  test('of a parent machine that has disposed of the session are none, and it hears nothing any more', async () => {
    const { api, clock } = stubServer()
    let report = (_: 'woke') => {}
    const logic = createBffSessionLogic({
      baseUrl: 'https://chat.example/',
      fetch: api.fetch,
      clock,
      signals(listener) {
        report = listener
        return () => {
          report = () => expect.unreachable('it has stopped listening')
        }
      },
    })
    const machine = setup({ actors: { session: logic } }).createMachine({
      invoke: { id: 'session', src: 'session' },
    })
    const parent = createActor(machine).start()
    onTestFinished(() => void parent.stop())
    const session = bffSessionOf(parent.getSnapshot().children.session as AnyActorRef)
    await expect.poll(() => session.getSnapshot().state).toBe('active')
    session.dispose()
    expect([session.getSnapshot().state, clock.pending()]).toEqual(['loggedOut', []])
    expect(() => report('woke')).toThrow('it has stopped listening')
    await expect(session.fetch('/api/x')).rejects.toMatchObject(error('disposed'))
    expect(api.calls).toHaveLength(1)
  })

  test('wait for no refresh: the server refreshes', async () => {
    const { session, server, found, pass, state } = behind()
    await found()
    server.failing = ({ url }) => (url.endsWith('/refresh') ? new Promise<Response>(() => {}) : undefined)
    await pass(LIFE)
    expect(state()).toBe('retrying')
    await pass(SECOND)
    expect(state()).toBe('refreshing')
    expect((await session.fetch('/api/x')).status).toBe(200)
  })

  test('are sent while the server cannot refresh, and the session stays', async () => {
    const { session, server, found, pass, snapshot } = behind()
    await found()
    server.failing = ({ url }) =>
      url.endsWith('/refresh')
        ? json(503, { error: 'refresh_unavailable' }, { 'retry-after': '40' })
        : undefined
    await pass(LIFE - 30 * SECOND)
    expect(snapshot()).toMatchObject({ state: 'retrying', isUsable: true })
    await pass(30 * SECOND)
    expect(snapshot()).toMatchObject({ state: 'retrying', isUsable: false, isAuthenticated: true })
    expect((await session.fetch('/api/x')).status).toBe(200)
    for (let step = 0; step < 300; step++) await pass(5 * SECOND)
    expect(snapshot()).toMatchObject({ state: 'retrying', reason: null })
    server.failing = undefined
    for (let step = 0; step < 12; step++) await pass(5 * SECOND)
    expect(snapshot()).toMatchObject({ state: 'active', isUsable: true })
  })

  test('an answer without a body belongs to its login, too', async () => {
    const { session, server, found, settle } = behind()
    await found()
    let answer = (_: Response) => {}
    server.failing = () =>
      new Promise((resolve) => {
        answer = resolve
      })
    const call = outcomeOf(session.fetch('/api/x'))
    await settle()
    server.failing = undefined
    server.next = { user: bob, login: loginOf('B'), epoch: 8, version: 1 }
    await session.login({ email: 'bob', password: 'secret' })
    answer(new Response(null, { status: 204 }))
    await settle()
    expect(call.error).toMatchObject(error('session_changed'))
  })

  test('an aborted call leaves alone', async () => {
    const { session, server, settle } = behind()
    server.failing = () => new Promise(() => {})
    const controller = new AbortController()
    const call = outcomeOf(session.fetch('/api/x', { signal: controller.signal }))
    controller.abort(new Error('gone'))
    await settle()
    expect(call.error).toMatchObject({ message: 'gone' })
  })
})

test('a browser that stores nothing for the tabs is told of', async () => {
  const { found, told } = behind({
    page: {
      open(guest) {
        guest.storageFailed()
        return { lock: (task) => task(), read: () => undefined, share() {}, leave() {}, close() {} }
      },
    },
  })
  await found()
  expect(told('warning')).toMatchObject([{ code: 'storage' }])
})

test('the words of the server count with their status alone', async () => {
  const { session, server, found, state } = behind()
  await found()
  for (const status of [200, 403, 503]) {
    server.failing = () => json(status, { error: 'other_login' })
    expect((await session.fetch('/api/x')).status).toBe(status)
    expect(state()).toBe('active')
  }
})

describe('what another tab says of the login', () => {
  const shared = { login: loginOf('A'), version: 2, endsAt: fakeClock().wall() + LIFE }
  test.each([
    ['news', shared, 2, []],
    ['no news', { ...shared, version: 1 }, 1, ['GET /session']],
    ['of another login', { ...shared, login: loginOf('B') }, 1, ['GET /session']],
    ['of a bearer that has ended', { ...shared, endsAt: fakeClock().wall() }, 1, ['GET /session']],
    ['nothing', undefined, 1, ['GET /session']],
  ])('%s: what is not of use to the page, it asks its server', async (_, read, version, asked) => {
    let hear = async (_: 'renewed') => {}
    const { found, snapshot, paths } = behind({
      page: {
        open(guest) {
          hear = guest.hear
          return { lock: (task) => task(), read: () => read, share() {}, leave() {}, close() {} }
        },
      },
    })
    await found()
    await hear('renewed')
    expect([snapshot().state, snapshot().user, snapshot().version, paths()]).toEqual([
      'active',
      ada,
      version,
      asked,
    ])
  })
})

describe('a 401', () => {
  test.each([
    ['idle', 'expired', 'idle'],
    ['absoluteLifetime', 'expired', 'absoluteLifetime'],
    ['refreshOutcomeUnknown', 'expired', 'refreshOutcomeUnknown'],
    ['backChannel', 'loggedOut', 'backChannel'],
    ['user', 'loggedOut', 'elsewhere'],
    [undefined, 'loggedOut', 'elsewhere'],
  ] as const)('ends the session for the reason that the server gives: %s', async (given, state, reason) => {
    const { session, server, found, snapshot, paths } = behind()
    await found()
    server.session = null
    server.reason = given
    const answers = await Promise.all([1, 2, 3].map(() => session.fetch('/api/x')))
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401])
    expect(snapshot()).toMatchObject({ state, reason, isAuthenticated: false })
    expect(paths().filter((path) => path.startsWith('POST'))).toEqual([])
    await expect(session.fetch('/api/x')).rejects.toMatchObject({ reason })
  })

  test('X20 of the API alone ends nothing, and costs no question: the server has asked already', async () => {
    const { session, server, found, snapshot, pass, paths } = behind()
    await found()
    server.failing = ({ url }) => (url.includes('/api/') ? new Response('no', { status: 401 }) : undefined)
    for (let second = 0; second < 60; second++) {
      const answer = await session.fetch('/api/x')
      expect([answer.status, await answer.text()]).toEqual([401, 'no'])
      await pass(SECOND)
    }
    expect(snapshot()).toMatchObject({ state: 'active', user: ada })
    expect(new Set(paths())).toEqual(new Set(['GET /api/x']))
  })
})

describe('refreshes', () => {
  test('the timer asks where the server refreshes, not before: one POST for each life', async () => {
    const { found, pass, paths, snapshot, told } = behind({ random: () => 0.999 })
    await found()
    for (let second = 0; second < 3 * 900; second++) await pass(SECOND)
    expect(paths()).toEqual(Array(3).fill('POST /session/refresh'))
    expect(snapshot()).toMatchObject({ state: 'active', epoch: 5, version: 4 })
    expect(told('refreshed')).toHaveLength(3)
  })

  test('the clock of the server may be off', async () => {
    const { server, found, pass, paths, snapshot, clock } = behind()
    server.skewMs = 40 * 60 * MINUTE
    await found()
    expect(snapshot().expiresAt).toBe(clock.wall() + LIFE)
    await pass(LIFE - 31 * SECOND)
    expect(paths()).toEqual([])
    await pass(SECOND)
    expect(paths()).toEqual(['POST /session/refresh'])
  })

  test('what other tabs have renewed is caught up with', async () => {
    const { session, server, found, snapshot } = behind()
    await found()
    server.session = { user: ada, login: loginOf('A'), epoch: 5, version: 7 }
    await session.refresh()
    expect(snapshot()).toMatchObject({ state: 'active', epoch: 5, version: 7 })
  })

  test("U75: versions are the server's: an answer without news is none", async () => {
    const { session, found, pass, snapshot, told, paths } = behind()
    await found()
    for (let times = 0; times < 3; times++) {
      await session.refresh()
      await pass(10 * SECOND)
    }
    expect(paths()).toEqual(Array(3).fill('POST /session/refresh'))
    expect(snapshot()).toMatchObject({ state: 'active', isUsable: true, version: 1 })
    expect(told('refreshed')).toEqual([])
  })

  test('U75: a page that was told of a later version than the server has follows the server', async () => {
    const { session, server, found, snapshot } = behind()
    server.session = { user: ada, login: loginOf('A'), epoch: 5, version: 9 }
    await found()
    // Its store fell back.
    server.session = { user: ada, login: loginOf('A'), epoch: 5, version: 3 }
    await session.refresh()
    expect(snapshot()).toMatchObject({ state: 'active', isUsable: true, version: 3 })
  })

  test('a changed profile is taken over', async () => {
    const { session, server, found, snapshot } = behind()
    await found()
    server.session = { user: { ...ada, role: 'USER' }, login: loginOf('A'), epoch: 5, version: 2 }
    await session.refresh()
    expect(snapshot().user).toMatchObject({ role: 'USER' })
  })

  test('X18 somebody else has logged in in another tab: the page belongs to them, and knows it', async () => {
    const { session, server, found, snapshot, told, settle } = behind()
    await found()
    server.session = { user: bob, login: loginOf('B'), epoch: 6, version: 1 }
    await session.refresh().catch(() => {})
    await settle()
    expect(snapshot()).toMatchObject({ state: 'active', user: bob, epoch: 6, version: 1 })
    expect(told('changed')).toMatchObject([{ what: 'user' }])
  })
})

describe('the user', () => {
  const activity = (calls: readonly Call[]) => calls.map(({ headers }) => headers.get('x-user-activity'))

  test('at work is told with every request of the next minute, and not longer', async () => {
    const { session, api, found, signal, pass } = behind()
    await found()
    await session.fetch('/api/x')
    await signal('userActive')
    await session.fetch('/api/x')
    await pass(MINUTE - 1)
    await session.fetch('/api/x')
    await pass(1)
    await session.fetch('/api/x')
    await signal('userActive')
    await signal('userIdle')
    await session.fetch('/api/x')
    expect(activity(api.calls)).toEqual([null, '1', '1', null, null])
  })

  test('is never told to be at work without signals', async () => {
    const { session, api, found, pass } = behind({ signals: () => () => {} })
    await found()
    for (let second = 0; second < 1_000; second++) await pass(SECOND)
    await session.fetch('/api/x')
    expect(new Set(activity(api.calls))).toEqual(new Set([null]))
  })

  test('who asks to stay signed in is at work', async () => {
    const { session, api, found } = behind()
    await found()
    await session.refresh({ by: 'user' })
    expect(activity(api.calls)).toEqual(['1'])
  })
})

test('the answers of a `fetch` that knows no streams are read, too', async () => {
  const { fetch } = stubServer().api
  const { state, settle, session } = behind({
    fetch: async (...call) => Object.defineProperty(await fetch(...call), 'body', { value: undefined }),
  })
  await settle()
  expect(state()).toBe('active')
  await session.refresh()
  await session.logout()
  expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'user' })
})

describe('login and logout', () => {
  test('a login hands over what the server answered', async () => {
    const { session, server, found, snapshot, api } = behind()
    server.session = null
    await found()
    server.next = { user: bob, login: loginOf('B'), epoch: 8, version: 1 }
    expect(await session.login({ email: 'bob', password: 'secret' })).toEqual({ next: undefined })
    expect(JSON.parse(api.calls[0]?.body ?? '')).toEqual({ email: 'bob', password: 'secret' })
    expect(api.calls[0]?.headers.get('content-type')).toBe('application/json')
    expect(snapshot()).toMatchObject({ state: 'active', user: bob, epoch: 8 })
    expect((await session.fetch('/api/x')).status).toBe(200)
  })

  test('a second factor is the second step of the same login', async () => {
    const { session, server, found, snapshot, api, facts } = behind()
    server.session = null
    await found()
    server.failing = ({ url }) => {
      if (url.endsWith('/login')) return json(200, { next: 'twoFactor', attempt: 'of this page' })
      if (!url.endsWith('/next')) return undefined
      server.session = { user: bob, login: loginOf('B'), epoch: 8, version: 1 }
      return json(200, facts())
    }
    expect(await session.login({ email: 'bob', password: 'secret' })).toEqual({ next: 'twoFactor' })
    expect(snapshot()).toMatchObject({ state: 'loggedOut' })
    expect(await session.secondFactor({ code: '123456' })).toEqual({ next: undefined })
    expect(api.calls[1]?.url).toBe('https://chat.example/session/login/next')
    expect(JSON.parse(api.calls[1]?.body ?? '')).toEqual({ code: '123456', attempt: 'of this page' })
    expect(snapshot()).toMatchObject({ state: 'active', user: bob })
  })

  test.each([
    [() => json(401, { error: 'invalid_credentials' }), 'invalid_credentials', 401, false],
    [() => json(429, { error: 'rate_limited' }, { 'retry-after': '7' }), 'rate_limited', 429, true],
    [() => new Response('<html>', { status: 502 }), 'unavailable', 502, true],
    [() => json(200, { token: 'T', user: bob }), 'unavailable', 200, false],
    [() => Promise.reject(new TypeError('Failed to fetch')), 'unavailable', undefined, true],
  ] as const)(
    'a login that is refused says why, and changes nothing: %o',
    async (answer, reason, status, retryable) => {
      const { session, server, found, snapshot } = behind()
      await found()
      server.failing = ({ url }) => (url.endsWith('/login') ? answer() : undefined)
      const refused = await session.login({ email: 'ada', password: 'wrong' }).catch((caught) => caught)
      expect(refused).toMatchObject(error('login_refused', { reason, status, retryable }))
      expect(refused.retryAfterMs).toBe(status === 429 ? 7_000 : undefined)
      expect(snapshot()).toMatchObject({ state: 'active', user: ada })
      session.dispose()
      await expect(session.login({ email: 'ada', password: 'secret' })).rejects.toMatchObject(
        error('disposed'),
      )
    },
  )

  test('a logout that comes while a login is under way ends that login, too', async () => {
    const { session, server, found, snapshot, settle, paths, facts } = behind()
    server.session = null
    await found()
    let answer = () => {}
    server.failing = ({ url }) =>
      url.endsWith('/login')
        ? new Promise((resolve) => {
            answer = () => resolve(json(200, facts(server.session)))
          })
        : undefined
    const login = outcomeOf(session.login({ email: 'bob', password: 'secret' }))
    await settle()
    server.session = { user: bob, login: loginOf('B'), epoch: 8, version: 1 }
    await session.logout()
    answer()
    await settle()
    expect(login.error).toMatchObject(error('session_changed'))
    expect(snapshot()).toMatchObject({ state: 'loggedOut' })
    expect(paths()).toEqual(['POST /session/login', 'POST /session/logout'])
    expect(server.session).toBeNull()
  })

  test('U87: a login takes `?error=` of an earlier one out of the address, and nothing else', async () => {
    const shown: unknown[] = []
    const history = { state: { idx: 3 }, replaceState: (...args: unknown[]) => shown.push(args.map(String)) }
    vi.stubGlobal('history', history)
    onTestFinished(() => void vi.unstubAllGlobals())
    for (const [at, left] of [
      ['/login?error=auth_failed&to=%2Fusers#top', ['/login?to=%2Fusers#top']],
      ['/login?to=%2Fusers', []],
    ] as const) {
      vi.stubGlobal('location', new URL(at, 'https://chat.example'))
      const { session, server, found, settle } = behind()
      server.session = null
      await found()
      server.failing = ({ url }) =>
        url.endsWith('/login') ? json(401, { error: 'invalid_code' }) : undefined
      const refused = outcomeOf(session.login({ email: 'bob', password: 'wrong' }))
      await settle()
      expect([refused.error, shown.length]).toEqual([expect.anything(), 0])
      server.failing = undefined
      server.next = { user: bob, login: loginOf('B'), epoch: 8, version: 1 }
      void session.login({ email: 'bob', password: 'secret' })
      await settle()
      expect(shown.splice(0)).toEqual(
        left.map((url) => [String(history.state), '', `https://chat.example${url}`]),
      )
    }
  })

  test('a login by redirect begins with a POST, and goes where the server says, if that is a page', async () => {
    const gone: string[] = []
    const { session, server, found, api } = behind({ navigate: (url) => gone.push(url) })
    server.session = null
    await found()
    for (const location of ['https://id.example/authorize?x=1', 'javascript:alert(1)', 7]) {
      server.failing = () => json(200, { location })
      await session.loginWithRedirect({ returnTo: '/users?page=2' }).catch(() => {})
    }
    expect(gone).toEqual(['https://id.example/authorize?x=1'])
    const [call] = api.calls
    expect([call?.method, call?.headers.get('x-csrf')]).toEqual(['POST', '1'])
    expect(call?.url).toBe('https://chat.example/session/login/start')
    expect(JSON.parse(call?.body ?? '')).toEqual({ returnTo: '/users?page=2' })
    server.failing = () => json(503, { error: 'backend_unavailable' })
    await expect(session.loginWithRedirect({ returnTo: '/' })).rejects.toMatchObject(
      error('login_refused', { reason: 'backend_unavailable', status: 503 }),
    )
  })

  test.each(['user', 'force'] as const)(
    'U35: a refresh that is asked for (%s) before the server has told who is there is not forgotten',
    async (by) => {
      const { session, settle, paths, api, pass } = behind()
      const asked = outcomeOf(session.refresh({ by }))
      await settle()
      await pass(0)
      expect(paths()).toEqual(['GET /session', 'POST /session/refresh'])
      expect(asked).toEqual({ isSettled: true, value: undefined })
      expect(api.calls.at(-1)?.headers.get('x-user-activity')).toBe(by === 'user' ? '1' : null)
    },
  )

  test('U35: a refresh that is asked for after a limit has passed ends the session, though no timer rang', async () => {
    const { session, clock, found, paths, snapshot } = behind({ absoluteLifetimeMs: 10 * MINUTE })
    await found()
    clock.jumpWall(11 * MINUTE)
    await expect(session.refresh()).rejects.toMatchObject(
      error('session_expired', { reason: 'absoluteLifetime' }),
    )
    expect([paths(), snapshot().state]).toEqual([[], 'expired'])
  })

  test('U35: nor does it wait twice for a server that does not answer', async () => {
    const { session, server, pass } = behind()
    server.failing = () => Promise.reject(new TypeError('Failed to fetch'))
    const asked = outcomeOf(session.refresh())
    for (let seconds = 0; seconds < 8; seconds++) await pass(SECOND)
    expect(asked.error).toMatchObject(error('refresh_unavailable'))
  })

  test('a call that came before that waits for no refresh, however long one takes', async () => {
    const { session, server, clock, settle, pass, paths, state } = behind()
    server.endsAt = clock.wall()
    server.failing = ({ url }) => (url.endsWith('/refresh') ? new Promise<Response>(() => {}) : undefined)
    const call = outcomeOf(session.fetch('/api/users'))
    await settle()
    await pass(0)
    expect([call.value?.status, state(), paths().at(-1)]).toEqual([
      200,
      'refreshing',
      'POST /session/refresh',
    ])
  })

  test('U39: an error is read by the wall clock, the snapshot by the clock of the session, whatever that was set to', async () => {
    const { session, server, clock, found, settle, pass, snapshot } = behind({ refresh: 'onDemand' })
    await found()
    await pass(LIFE)
    clock.jumpWall(-60 * MINUTE)
    server.failing = () => json(429, { error: 'x' }, { 'retry-after': '120' })
    const asked = outcomeOf(session.refresh())
    await settle()
    expect((snapshot().retryAt ?? 0) - session.clock.now()).toBe(120 * SECOND)
    expect(asked.error).toMatchObject(error('refresh_unavailable', { retryAt: clock.wall() + 120 * SECOND }))
  })

  test('U34: that the API asks for a stronger login is told; the session goes on', async () => {
    const { session, server, found, told, state, api } = behind()
    await found()
    const challenge = 'Bearer error="insufficient_user_authentication", max_age=300'
    server.failing = () => json(401, { error: 'x' }, { 'www-authenticate': challenge })
    expect((await session.fetch('/api/keys')).headers.get('www-authenticate')).toBe(challenge)
    await Promise.resolve()
    expect([told('stepUpRequired'), state(), api.calls.length]).toEqual([
      [{ type: 'stepUpRequired', epoch: 5, version: 1 }],
      'active',
      1,
    ])
    server.failing = () => json(503, { error: 'x' }, { 'www-authenticate': challenge })
    await session.fetch('/api/keys')
    expect(told('stepUpRequired')).toHaveLength(1)
  })

  test('U11: a way back that no server would keep is left out, whoever asks to come back there', async () => {
    const { session, server, found, api } = behind({ navigate: () => {} })
    server.session = null
    server.failing = () => json(200, { location: 'https://id.example/' })
    await found()
    await session.loginWithRedirect({ returnTo: `/users#${'x'.repeat(100_000)}`, purpose: 'stepUp' })
    expect(JSON.parse(api.calls.at(-1)?.body ?? '')).toEqual({ purpose: 'stepUp' })
  })

  test('a logout ends the session here at once, and at the server', async () => {
    const { session, found, snapshot, paths } = behind()
    await found()
    const done = session.logout()
    expect(snapshot()).toMatchObject({ state: 'loggedOut', reason: 'user' })
    await done
    expect(paths()).toEqual(['POST /session/logout'])
  })

  test('X17 a refresh that is answered after the logout does not bring the session back', async () => {
    let release = (_: Response) => {}
    const { session, server, found, snapshot, settle, facts, paths } = behind()
    await found()
    server.failing = ({ url }) =>
      url.endsWith('/refresh')
        ? new Promise((resolve) => {
            release = resolve
          })
        : undefined
    const late = json(200, facts())
    const refresh = outcomeOf(session.refresh())
    await session.logout()
    release(late)
    await settle()
    expect(refresh.error).toMatchObject(error('logged_out'))
    expect(snapshot()).toMatchObject({ state: 'loggedOut', reason: 'user' })
    expect(paths()).toEqual(['POST /session/refresh', 'POST /session/logout'])
  })

  test('U60: a page of somebody in between is no logout, whatever its status: tried again, and told', async () => {
    const { server, session, found, pass, paths, told } = behind()
    await found()
    server.failing = () =>
      new Response('<!doctype html>Sign in to the network', { headers: { 'content-type': 'text/html' } })
    void session.logout()
    for (let second = 0; second < 10; second++) await pass(SECOND)
    expect(paths().filter((path) => path === 'POST /session/logout')).toHaveLength(3)
    expect(told('warning')).toMatchObject([{ code: 'notRevoked' }])
  })

  test('a logout is not tried again after the time of an attempt', async () => {
    const { session, server, found, pass, told, paths } = behind({ attemptTimeoutMs: 4 * SECOND })
    await found()
    server.failing = () => new Response(null, { status: 502 })
    void session.logout()
    for (let second = 0; second < 10; second++) await pass(SECOND)
    expect(paths()).toEqual(Array(2).fill('POST /session/logout'))
    expect(told('warning')).toMatchObject([{ code: 'notRevoked' }])
  })

  test('a session that has expired is over, whatever the server says of its login later', async () => {
    const { session, server, found, notices, snapshot } = behind()
    await found()
    server.failing = () => gone('refreshRejected')
    await session.fetch('/api/x')
    server.failing = undefined
    server.session = { user: { ...ada, role: 'USER' }, login: loginOf('A'), epoch: 5, version: 2 }
    notices.length = 0
    await session.look()
    expect([snapshot().state, notices]).toEqual(['expired', []])
  })

  test('a logout that cannot reach the server is tried again, and told', async () => {
    const { session, server, found, pass, told, paths } = behind()
    await found()
    server.failing = () => new Response(null, { status: 502 })
    void session.logout()
    for (let second = 0; second < 10; second++) await pass(SECOND)
    expect(paths()).toEqual(Array(3).fill('POST /session/logout'))
    expect(told('warning')).toMatchObject([{ code: 'notRevoked' }])
  })
})

describe('the logout of the identity provider', () => {
  test('is where the server sends the browser after a logout, if that is a page', async () => {
    const went: string[] = []
    for (const redirect of ['/session/ended/1', 'https://id.example/end?x=1', 'javascript:alert(1)', 7]) {
      const { session, server, found } = behind({ navigate: (url) => went.push(url) })
      await found()
      server.failing = ({ url }) => (url.endsWith('/logout') ? json(200, { redirect }) : undefined)
      await session.logout()
    }
    expect(went).toEqual(['https://chat.example/session/ended/1', 'https://id.example/end?x=1'])
  })

  test('takes nobody away who has logged in again meanwhile', async () => {
    const went: string[] = []
    const { session, server, found, settle, pass } = behind({ navigate: (url) => went.push(url) })
    await found()
    let answer = (_: Response) => {}
    server.failing = ({ url }) => {
      if (url.endsWith('/logout')) return new Promise((resolve) => (answer = resolve))
      server.session = null
      return undefined
    }
    void session.logout()
    server.next = { user: bob, login: loginOf('B'), epoch: 8, version: 1 }
    const login = session.login({ email: 'bob', password: 'secret' })
    await settle()
    await pass(5 * SECOND)
    await login
    answer(json(200, { redirect: 'https://id.example/end' }))
    await settle()
    expect(went).toEqual([])
    expect(session.getSnapshot()).toMatchObject({ state: 'active', user: bob })
  })
})

describe('with the real server', () => {
  /** A page of that server, in a browser that keeps its cookies. All that reaches it is noted. */
  async function pageOf() {
    const { backend, clock, serve, pass, sends } = await world()
    const issued = new Set<string>()
    const { server, page } = serve({
      async fetch(input, init) {
        const answer = await fetch(input, init)
        const text = await answer.clone().text()
        for (const [, token] of text.matchAll(/"(?:token|refreshToken)":"([^"]+)"/g))
          issued.add(String(token))
        for (const line of answer.headers.getSetCookie()) issued.add(line.replace(/^[^=]*=|;.*$/g, ''))
        return answer
      },
    })
    const seen: string[] = []
    const answers: Response[] = []
    const browserFetch: typeof fetch = async (input, init) => {
      const request = new Request(input, init)
      request.headers.set('cookie', [...page.cookies].map(([n, v]) => `${n}=${v}`).join('; '))
      request.headers.set('sec-fetch-site', 'same-origin')
      const answer = await server.handle(request)
      for (const line of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (line.includes('Max-Age=0')) page.cookies.delete(name)
        else page.cookies.set(name, value)
      }
      answers.push(answer)
      seen.push([...answer.headers].join(), await answer.clone().text())
      return answer
    }
    const open = () => {
      const session = createBffSession({ baseUrl: PANEL, fetch: browserFetch, clock })
      onTestFinished(() => session.dispose())
      return session
    }
    return { backend, page, open, pass, sends, issued, seen, answers, browserFetch }
  }

  const known = (session: BffSession) => expect.poll(() => session.getSnapshot().isPending).toBe(false)

  test('X27 a whole life of a page: no token of the backend, nor of the provider, reaches it', async () => {
    const { open, pass, sends, issued, seen, answers, page } = await pageOf()
    const session = open()
    await known(session)
    expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'never' })

    const { email, password } = accounts.localAdmin
    await session.login({ email, password })
    expect(session.getSnapshot()).toMatchObject({ state: 'active', user: { email }, version: 1 })
    expect((await session.fetch('/api/admin/users')).status).toBe(200)

    pass(20 * MINUTE)
    await session.refresh()
    expect(session.getSnapshot()).toMatchObject({ state: 'active', version: 2 })
    expect(sends()).toBe(1)

    const again = open()
    await known(again)
    expect(again.getSnapshot()).toMatchObject({
      state: 'active',
      version: 2,
      epoch: session.getSnapshot().epoch,
    })

    await session.logout()
    expect(page.cookies.size).toBe(0)
    expect((await again.fetch('/api/admin/users')).status).toBe(401)
    expect(again.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'elsewhere' })

    expect(issued.size).toBeGreaterThanOrEqual(4)
    const bytes = seen.join('\n') + JSON.stringify([session, again])
    for (const token of issued) expect(token === '' || !bytes.includes(token)).toBe(true)
    for (const answer of answers) expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('a session that idled too long tells its page so', async () => {
    const { open, page, pass } = await pageOf()
    await page.navigate('/session/login/start')
    const session = open()
    await known(session)
    expect(session.getSnapshot()).toMatchObject({ state: 'active' })
    pass(31 * MINUTE)
    expect((await session.fetch('/api/admin/users')).status).toBe(401)
    expect(session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'idle' })
  })
})

describe('when the page wakes', () => {
  /** A page with a session. */
  async function asleep() {
    const page = behind()
    await page.found()
    return page
  }

  test('it learns that its user has logged out in another tab, before it calls anything', async () => {
    const { server, wake, settle, snapshot, paths } = await asleep()
    server.session = null
    server.reason = 'user'
    wake()
    await settle()
    expect(snapshot()).toMatchObject({ isAuthenticated: false, user: null })
    expect(paths()).toEqual(['GET /session'])
  })

  test('it learns that somebody else has logged in', async () => {
    const { server, wake, settle, snapshot } = await asleep()
    server.session = { user: bob, login: loginOf('B'), epoch: 9, version: 1 }
    wake()
    await settle()
    expect(snapshot()).toMatchObject({ state: 'active', user: bob, epoch: 9, version: 1 })
  })

  test('it takes what another tab has renewed', async () => {
    const { server, wake, settle, snapshot, paths } = await asleep()
    server.session = { user: ada, login: loginOf('A'), epoch: 5, version: 4 }
    wake()
    await settle()
    expect(snapshot()).toMatchObject({ state: 'active', version: 4 })
    expect(paths()).toEqual(['GET /session'])
  })

  test('it asks once, however many events tell of it, and without news nothing changes', async () => {
    const { wake, settle, snapshot, paths } = await asleep()
    const before = snapshot()
    wake()
    wake()
    wake()
    await settle()
    expect(paths()).toEqual(['GET /session'])
    expect(snapshot()).toBe(before)
    wake()
    await settle()
    expect(paths()).toEqual(['GET /session', 'GET /session'])
  })

  test('without an answer nothing changes, and the next time it asks again', async () => {
    const { server, wake, settle, snapshot, paths } = await asleep()
    const before = snapshot()
    server.failing = () => json(503, {})
    wake()
    await settle()
    expect(snapshot()).toBe(before)
    wake()
    await settle()
    expect(paths()).toEqual(['GET /session', 'GET /session'])
  })

  test('a session that is disposed of while it asks takes no answer', async () => {
    const { server, session, wake, settle, facts } = await asleep()
    let answer = (_: Response) => {}
    const late = new Promise<Response>((resolve) => {
      answer = resolve
    })
    const rejections: unknown[] = []
    const note = (reason: unknown) => void rejections.push(reason)
    process.on('unhandledRejection', note)
    onTestFinished(() => void process.off('unhandledRejection', note))
    server.failing = () => late
    wake()
    session.dispose()
    answer(json(200, { ...facts(), version: 9 }))
    await settle()
    expect(rejections).toEqual([])
    expect(session.getSnapshot().version).toBe(1)
  })

  test('a logout in another page is believed at once, and asked about when it wakes: the server may say otherwise', async () => {
    const { signal, settle, snapshot, paths } = await asleep()
    await signal('loggedOut')
    expect(snapshot()).toMatchObject({ state: 'loggedOut', reason: 'elsewhere' })
    expect(paths()).toEqual([])
    await signal('woke')
    await settle()
    expect(paths()).toEqual(['GET /session'])
    expect(snapshot()).toMatchObject({ state: 'active', user: ada, epoch: 5 })
  })

  test('a logout that comes first is not undone by an answer that was under way', async () => {
    const { server, session, wake, settle, snapshot, facts } = await asleep()
    let answer = (_: Response) => {}
    const late = new Promise<Response>((resolve) => {
      answer = resolve
    })
    const known = json(200, { ...facts(), version: 9 })
    server.failing = ({ method }) => (method === 'GET' ? late : undefined)
    wake()
    await session.logout()
    answer(known)
    await settle()
    expect(snapshot()).toMatchObject({ state: 'loggedOut', reason: 'user' })
  })
})
