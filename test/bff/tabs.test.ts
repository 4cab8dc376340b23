// @vitest-environment jsdom
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type BffFacts, type BffSession, createBffSession } from 'xstate-session/bff'
import { browserPage } from 'xstate-session/browser'
import { channels, locks } from '../browser/platform.ts'
import { fakeClock } from '../fakeClock.ts'
import { ada, flush, HOUR, LIFE, MINUTE, SECOND } from '../session/fixture.ts'
import { bob, loginOf, stubServer } from './fixture.ts'

/** Tabs of one browser, and the server behind which they are. */
function browser() {
  channels()
  locks()
  localStorage.clear()
  const stub = stubServer(fakeClock())
  // So short that nobody is away meanwhile.
  stub.server.endsAt = stub.clock.wall() + MINUTE
  const asked: string[] = []
  const settle = async () => {
    for (let turns = 0; turns < 20; turns++) await flush()
  }
  return {
    ...stub,
    asked,
    settle,
    async open(options: Parameters<typeof createBffSession>[0] = {}): Promise<BffSession> {
      const session = createBffSession({
        baseUrl: 'https://chat.example',
        clock: stub.clock,
        random: () => 0,
        page: browserPage(),
        async fetch(input, init) {
          asked.push(`${init?.method ?? 'GET'} ${new URL(String(input)).pathname}`)
          await flush()
          return stub.api.fetch(input, init)
        },
        ...options,
      })
      onTestFinished(() => session.dispose())
      await settle()
      return session
    },
  }
}

const told = (session: BffSession) => {
  const { state, user, version } = session.getSnapshot()
  return `${state} ${user?.id ?? 'nobody'} ${version}`
}

describe('U16: a page says to the other tabs what it starts with, where that is news to them', () => {
  test('a login by redirect, which no script of a page has made', async () => {
    const { server, open, settle } = browser()
    server.session = null
    const other = await open()
    expect(told(other)).toBe('loggedOut nobody 0')
    server.session = { user: ada, login: loginOf('A'), epoch: 5, version: 1 }
    const back = await open()
    await settle()
    expect([told(back), told(other)]).toEqual(['active ada 1', 'active ada 1'])
  })

  test('another login, and facts that its server has written into it', async () => {
    const { server, facts, open, settle } = browser()
    const other = await open()
    server.session = { user: bob, login: loginOf('B'), epoch: 6, version: 1 }
    await open({ facts: facts() as BffFacts })
    await settle()
    expect(told(other)).toBe('active bob 1')
  })

  test('that nobody is logged in any more', async () => {
    const { server, open, settle } = browser()
    const other = await open()
    server.session = null
    await open({ facts: null })
    await settle()
    expect(told(other)).toBe('loggedOut nobody 1')
  })

  test('the login that they know costs nobody a question', async () => {
    const { open, asked } = browser()
    await open()
    asked.length = 0
    await open()
    expect(asked).toEqual(['GET /session'])
  })

  test('without storage each tab tells once, and they do not tell each other for ever', async () => {
    const { server, clock, open, settle, asked } = browser()
    server.endsAt += HOUR
    vi.stubGlobal('localStorage', undefined)
    const tabs = [await open(), await open(), await open()]
    server.session = { user: bob, login: loginOf('B'), epoch: 6, version: 1 }
    await open()
    for (let second = 0; second < 30; second++) {
      clock.advance(SECOND)
      await settle()
    }
    expect(tabs.map(told)).toEqual(Array(3).fill('active bob 1'))
    expect(asked.length).toBeLessThan(40)
    asked.length = 0
    for (let second = 0; second < 30; second++) {
      clock.advance(SECOND)
      await settle()
    }
    expect(asked).toEqual([])
  })
})

test('C10: tabs behind a server whose timers ring at the same instant ask it once', async () => {
  const { clock, open, settle, asked } = browser()
  const tabs: BffSession[] = []
  while (tabs.length < 5) tabs.push(await open())
  asked.length = 0
  clock.advance(30 * SECOND)
  await settle()
  expect(tabs.map(told)).toEqual(Array(5).fill('active ada 2'))
  expect(asked).toEqual(['POST /session/refresh'])
})

test('U75: tabs that refresh a good bearer do not count past their server', async () => {
  const { clock, server, open, settle } = browser()
  const tabs = [await open(), await open()]
  for (let times = 0; times < 3; times++) {
    await Promise.all(tabs.map((tab) => tab.refresh()))
    clock.advance(6 * SECOND)
    await settle()
  }
  expect(tabs.map(told)).toEqual(Array(2).fill('active ada 1'))
  // So no true renewal is passed over.
  clock.advance(30 * SECOND)
  await settle()
  expect(server.session?.version).toBe(2)
  expect(tabs.map(told)).toEqual(Array(2).fill('active ada 2'))
})

test('U75: a version that storage claims holds until the server is asked', async () => {
  const { clock, open, settle } = browser()
  const tab = await open()
  localStorage.setItem(
    'xstate-session.facts',
    JSON.stringify({ v: 2, login: loginOf('A'), version: 999, endsAt: clock.wall() + LIFE }),
  )
  new BroadcastChannel('xstate-session').postMessage({ v: 1, hint: 'renewed' })
  await settle()
  clock.advance(6 * SECOND)
  await tab.refresh()
  await settle()
  expect(told(tab)).toBe('active ada 1')
  await tab.refresh()
  clock.advance(30 * SECOND)
  await settle()
  expect(told(tab)).toBe('active ada 2')
})

describe('a logout in one tab', () => {
  test('is a logout in all, at once, and storage that changes with it asks nobody', async () => {
    const { open, settle, asked } = browser()
    const [first, second] = [await open(), await open()] as const
    asked.length = 0
    const left = first.logout()
    expect([told(first), told(second)]).toEqual(['loggedOut nobody 1', 'loggedOut nobody 1'])
    await left
    await settle()
    expect(asked).toEqual(['POST /session/logout'])
  })

  test('that is told late does not end the next login', async () => {
    const { open, settle, asked } = browser()
    const tab = await open()
    asked.length = 0
    new BroadcastChannel('xstate-session').postMessage({ v: 1, hint: 'loggedOut', login: 'the-one-before' })
    await settle()
    expect([told(tab), asked]).toEqual(['active ada 1', []])
  })

  test('that is only said is asked about two seconds later', async () => {
    const { clock, open, settle, asked } = browser()
    const tab = await open()
    asked.length = 0
    new BroadcastChannel('xstate-session').postMessage({ v: 1, hint: 'loggedOut' })
    await settle()
    expect(told(tab)).toBe('loggedOut nobody 1')
    clock.advance(2 * SECOND)
    await settle()
    expect(told(tab)).toBe('active ada 1')
    expect(asked).toEqual(['GET /session'])
  })
})

describe('offline', () => {
  test('U42: a browser that says so, and is not, hinders nothing', async () => {
    const { open, settle, asked } = browser()
    const onLine = vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
    onTestFinished(() => onLine.mockRestore())
    const tab = await open()
    await settle()
    expect([asked, told(tab)]).toEqual([['GET /session'], 'active ada 1'])
  })
})
