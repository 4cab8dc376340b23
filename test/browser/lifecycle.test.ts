// @vitest-environment jsdom
import fc from 'fast-check'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type BaseSession, createSession, memoryStore } from 'xstate-session'
import { createBffSession } from 'xstate-session/bff'
import { browserOptions, browserPage, browserSignals } from 'xstate-session/browser'
import { createTabs } from '../../src/browser/tabs.ts'
import { type FakeClock, fakeClock } from '../fakeClock.ts'
import { flush, MINUTE, SECOND, stubStrategy } from '../session/fixture.ts'
import { channels, locks } from './platform.ts'
import { dispatchTrusted } from './trusted.ts'

const user = { id: 'ada' }

describe('messages of other tabs', () => {
  test('X23: ten thousand of them cost one look, and one more for all that came with it', () => {
    channels()
    const clock = fakeClock()
    const looks: number[] = []
    const stop = createTabs('flood', clock).listen({ changed: () => looks.push(clock.monotonic()) })
    onTestFinished(stop)
    const other = new BroadcastChannel('flood')
    for (let n = 0; n < 10_000; n++) other.postMessage({ v: 1, hint: 'changed' })
    expect(looks).toEqual([0])
    clock.advance(10 * SECOND)
    expect(looks).toEqual([0, 2 * SECOND])
    for (let n = 0; n < 10 * SECOND; n++) {
      other.postMessage({ v: 1, hint: 'changed' })
      clock.advance(1)
    }
    expect(looks.length).toBeLessThanOrEqual(2 + 6)
  })

  test('what cannot be read is worth one look, and what is known by another name is nothing', () => {
    channels()
    const heard: string[] = []
    const stop = createTabs('odd', fakeClock()).listen({
      changed: (login) => heard.push(`changed ${login}`),
      active: () => heard.push('active'),
    })
    onTestFinished(stop)
    const other = new BroadcastChannel('odd')
    for (const hint of ['toString', '__proto__', 'renewed', '', 7, null]) other.postMessage({ v: 1, hint })
    expect(heard).toEqual([])
    other.postMessage({ v: 2, hint: 'active', login: 7 })
    expect(heard).toEqual(['changed undefined'])
  })
})

test('a tab that listens twice is heard until the last of them has ended', () => {
  const open = channels()
  const tabs = createTabs('twice', fakeClock())
  const heard: string[] = []
  const other = createTabs('twice', fakeClock()).listen({ active: () => heard.push('active') })
  onTestFinished(other)
  tabs.notify('active')
  const [first, second] = [tabs.listen({}), tabs.listen({})]
  first()
  tabs.notify('active')
  expect(heard).toEqual(['active'])
  second()
  tabs.notify('active')
  expect([heard, open.size]).toEqual([['active'], 1])
})

test('where there are no channels, tabs say and hear nothing', () => {
  vi.stubGlobal('BroadcastChannel', undefined)
  onTestFinished(() => void vi.unstubAllGlobals())
  const tabs = createTabs('none', fakeClock())
  const stop = tabs.listen({ active: () => {} })
  tabs.notify('active')
  stop()
})

describe('the options of a page that holds its tokens', () => {
  const strategies = { it: stubStrategy().strategy }
  const given = { baseUrl: 'https://chat.example', strategies }

  test('on a server they stay as they are, and nobody is away', () => {
    vi.stubGlobal('window', undefined)
    onTestFinished(() => void vi.unstubAllGlobals())
    const { signals, ...rest } = browserOptions(given)
    expect(rest).toEqual(given)
    expect(signals?.(async () => {})).toBeInstanceOf(Function)
  })

  test('no vault, no store', () => {
    expect(browserOptions(given)).not.toHaveProperty('store')
    expect(browserOptions({ ...given, vault: 'memory' })).not.toHaveProperty('coordinator')
    expect(browserOptions({ ...given, vault: 'shared' })).toMatchObject({
      store: {},
      coordinator: {},
    })
  })

  test('a shared vault without keys that no script can read stays in memory, and says so', () => {
    vi.stubGlobal('crypto', {})
    onTestFinished(() => void vi.unstubAllGlobals())
    channels()
    const notices: object[] = []
    const clock = fakeClock()
    const options = browserOptions({
      ...given,
      clock,
      vault: 'shared',
      observe: (notice) => notices.push(notice),
    })
    expect(options).not.toHaveProperty('store')
    expect(notices).toEqual([])
    browserOptions({ ...given, clock, observe: (notice) => notices.push(notice) }).signals?.(async () => {})()
    expect(notices).toEqual([])
    options.signals?.(async () => {})()
    expect(notices).toEqual([{ type: 'warning', code: 'storage', epoch: 0, version: 0 }])
    expect(clock.pending()).toEqual([])
  })

  test('signals of the embedder are told beside those of the page, and end with them', () => {
    channels()
    const ended: string[] = []
    const told: string[] = []
    const options = browserOptions({
      ...given,
      clock: fakeClock(),
      signals(report) {
        void report('woke')
        return () => ended.push('theirs')
      },
    })
    const stop = options.signals?.(async (signal) => void told.push(signal))
    window.dispatchEvent(new Event('online'))
    expect(told).toEqual(['woke', 'networkRestored'])
    stop?.()
    window.dispatchEvent(new Event('online'))
    expect([told.length, ended]).toEqual([2, ['theirs']])
  })

  test('a logout is told to the other tabs, and what they tell is believed for two seconds at most', () => {
    channels()
    const clock = fakeClock()
    const told: string[] = []
    const [one, two] = [0, 1].map(() => browserOptions({ ...given, clock, name: 'panel' }))
    onTestFinished(one?.signals?.(async () => {}) ?? (() => {}))
    const stop = two?.signals?.(async (signal) => void told.push(signal))
    const logout = { type: 'loggedOut', reason: 'user', epoch: 1, version: 1 } as const
    one?.observe?.({ ...logout, reason: 'elsewhere' } as never)
    expect(told).toEqual([])
    one?.observe?.(logout as never)
    expect(told).toEqual(['loggedOut'])
    clock.advance(2 * SECOND - 1)
    expect(told).toEqual(['loggedOut'])
    clock.advance(1)
    expect(told).toEqual(['loggedOut', 'woke'])
    one?.observe?.(logout as never)
    stop?.()
    clock.advance(2 * SECOND)
    expect(told).toEqual(['loggedOut', 'woke', 'loggedOut'])
  })
})

describe('of the tabs of one browser', () => {
  type Hear = (signal: string) => Promise<void>
  const options = { baseUrl: 'https://chat.example', strategies: { it: stubStrategy().strategy } }
  const open = (clock: FakeClock, hear: Hear) =>
    browserPage().open({ clock, idleTimeoutMs: Infinity, hear, storageFailed: () => {} })

  test.each([
    [
      'browserOptions',
      (clock: FakeClock, hear: Hear) => browserOptions({ ...options, clock }).signals?.(hear),
    ],
    ['browserPage', (clock: FakeClock, hear: Hear) => open(clock, hear)?.close],
  ])('U49: the user of one is at work in all: %s', (_, start) => {
    channels()
    const clock = fakeClock()
    const told: string[] = []
    onTestFinished(start(clock, async (signal) => void told.push(signal)) ?? (() => {}))
    const other = createTabs('xstate-session', clock)
    const heard = vi.fn()
    onTestFinished(other.listen({ active: heard }))
    dispatchTrusted(document.body, 'keyup')
    clock.advance(0)
    expect(heard).toHaveBeenCalledOnce()
    clock.advance(4 * MINUTE)
    other.notify('active')
    expect(told).toEqual(['userActive', 'userActive'])
    clock.advance(5 * MINUTE - 1)
    expect(told).toHaveLength(2)
    clock.advance(1)
    expect(told).toEqual(['userActive', 'userActive', 'userIdle'])
  })

  test('a page says what is news to the others, and what kind of news', () => {
    channels()
    localStorage.clear()
    const clock = fakeClock()
    const page = open(clock, async () => {})
    onTestFinished(() => page?.close())
    const heard: string[] = []
    const hear = (hint: string) => (login?: string) => void heard.push(login ? `${hint} ${login}` : hint)
    const other = createTabs('xstate-session', clock)
    onTestFinished(
      other.listen({ renewed: hear('renewed'), changed: hear('changed'), loggedOut: hear('loggedOut') }),
    )
    const facts = { login: 'ABCDEFGH', version: 1, endsAt: clock.wall() + MINUTE }
    const steps = [facts, facts, { ...facts, version: 2 }, { ...facts, login: 'IJKLMNOP' }, null, null]
    for (const step of steps) {
      page?.share(step)
      clock.advance(2 * SECOND)
    }
    page?.leave('IJKLMNOP')
    expect(heard).toEqual(['changed', 'renewed', 'changed', 'changed', 'loggedOut IJKLMNOP'])
  })
})

describe('the end', () => {
  type Step = 'start' | 'stop' | 'dispose' | 'login' | 'refresh' | 'logout' | 'pass' | 'press'
  const step = fc.constantFrom<Step>(
    'start',
    'stop',
    'dispose',
    'login',
    'refresh',
    'logout',
    'pass',
    'press',
  )
  type Page = { readonly session: BaseSession; logIn(): Promise<unknown> }
  type Made = (clock: FakeClock) => Page
  const withTokens: Made = (clock) => {
    const session = createSession(
      browserOptions({
        baseUrl: 'https://chat.example',
        strategies: { it: stubStrategy().strategy },
        clock,
        random: () => 0,
        fetch: async () => new Response('ok'),
      }),
    )
    const answer = { token: 'B1', refreshToken: 'R1', user, expiresAt: clock.wall() + MINUTE }
    return { session, logIn: () => session.login(answer, { provider: 'it' }) }
  }
  const behindServer: Made = (clock) => {
    let version = 0
    const session = createBffSession({
      baseUrl: 'https://chat.example',
      facts: null,
      page: browserPage(),
      clock,
      random: () => 0,
      fetch: async () =>
        Response.json({
          user,
          login: 'A'.repeat(43),
          epoch: 1,
          version: ++version,
          serverNow: clock.wall(),
          expiresAt: clock.wall() + MINUTE,
        }),
    })
    return { session, logIn: () => session.login({ email: 'ada', password: 'secret' }) }
  }
  const kinds: readonly (readonly [string, Made])[] = [
    ['its own tokens', withTokens],
    ['a server', behindServer],
  ]

  test.each(kinds)(
    'C31: started, used and ended in any order, a page with %s leaves nothing behind',
    async (_, make) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          const open = channels()
          const used = locks()
          const clock = fakeClock()
          const pages: Page[] = []
          for (const what of steps) {
            const { session, logIn } = pages.at(-1) ?? {}
            if (what === 'start') pages.push(make(clock))
            if (what === 'stop') session?.actorRef.stop()
            if (what === 'dispose') session?.dispose()
            if (what === 'login') await logIn?.().catch(() => {})
            if (what === 'refresh') void session?.refresh().catch(() => {})
            if (what === 'logout') void session?.logout()
            if (what === 'pass') clock.advance(20 * SECOND)
            if (what === 'press') dispatchTrusted(document.body, 'keyup')
            await flush()
          }
          for (const { session } of pages) session.dispose()
          await flush()
          // What is in the air ends by its own deadline.
          clock.advance(2 * MINUTE)
          await flush()
          clock.advance(2 * MINUTE)
          await flush()
          expect(clock.pending()).toEqual([])
          expect([open.size, used.size]).toEqual([0, 0])
          for (const type of ['online', 'focus', 'storage']) window.dispatchEvent(new Event(type))
          for (const type of ['keydown', 'keyup']) dispatchTrusted(document.body, type)
          document.dispatchEvent(new Event('resume'))
          await flush()
          expect(clock.pending()).toEqual([])
        }),
        { numRuns: 50 },
      )
    },
  )
})

test('a mistake in the options is told by its name', () => {
  const strategies = { it: stubStrategy().strategy }
  const options = { baseUrl: 'https://chat.example', strategies }
  expect(() => browserOptions({ ...options, name: '' })).toThrow('"name"')
  expect(() => browserOptions({ ...options, idleAfterMs: 0 })).toThrow('"idleAfterMs"')
  expect(() => browserOptions({ ...options, vault: 'cookie' as never })).toThrow('"vault"')
  expect(() => browserOptions({ ...options, store: memoryStore(), vault: 'shared' })).toThrow('"vault"')
  expect(() => browserPage({ name: '' })).toThrow('"name"')
  for (const idleAfterMs of [0, Number.NaN])
    expect(() => browserPage({ idleAfterMs })).toThrow('"idleAfterMs"')
  expect(() => browserOptions(null as never)).toThrow('browserOptions')
  expect(() => browserPage(null as never)).toThrow('browserPage')
  expect(() => browserSignals(null as never)).toThrow('browserSignals')
})
