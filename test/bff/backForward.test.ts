// @vitest-environment jsdom
import { describe, expect, onTestFinished, test } from 'vitest'
import { createBffSession } from 'xstate-session/bff'
import { browserPage } from 'xstate-session/browser'
import { channels, locks } from '../browser/platform.ts'
import { fakeClock } from '../fakeClock.ts'
import { flush, HOUR, SECOND } from '../session/fixture.ts'
import { bob, loginOf, stubServer } from './fixture.ts'

const isCovered = () => document.documentElement.style.visibility === 'hidden'
const move = (type: 'pagehide' | 'pageshow', persisted: boolean) =>
  window.dispatchEvent(new PageTransitionEvent(type, { persisted }))

/** A page that has found its session; each answer of the server waits for `answer`, once `isSlow`. */
async function page() {
  channels()
  locks()
  localStorage.clear()
  const { api, server, clock } = stubServer(fakeClock())
  server.endsAt += HOUR
  const waiting: (() => void)[] = []
  const it = { isSlow: false }
  const session = createBffSession({
    baseUrl: 'https://chat.example',
    clock,
    random: () => 0,
    page: browserPage(),
    observe: () => {},
    async fetch(input, init) {
      if (it.isSlow) await new Promise<void>((resolve) => waiting.push(resolve))
      return api.fetch(input, init)
    },
  })
  onTestFinished(() => session.dispose())
  const settle = async () => {
    for (let turns = 0; turns < 10; turns++) await flush()
    clock.advance(0)
  }
  await settle()
  const seen: string[] = []
  return {
    it,
    server,
    clock,
    session,
    settle,
    waiting,
    asked: () => api.calls.length,
    seen,
    async answer() {
      for (const go of waiting.splice(0)) go()
      await settle()
    },
    /** What a user sees from now on, at each change. */
    watch() {
      const look = () => seen.push(isCovered() ? 'covered' : (session.getSnapshot().user?.id ?? 'nobody'))
      session.subscribe(look)
      const observer = new MutationObserver(look)
      observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] })
      onTestFinished(() => observer.disconnect())
    },
    async away(ms: number) {
      move('pagehide', true)
      clock.advance(ms)
      await settle()
    },
    /** All that browsers tell of one awakening, in any order. */
    wake(...events: ('pageshow' | 'visible' | 'focus' | 'resume' | 'message')[]) {
      for (const event of events) {
        if (event === 'pageshow') move('pageshow', true)
        if (event === 'visible') document.dispatchEvent(new Event('visibilitychange'))
        if (event === 'focus') window.dispatchEvent(new Event('focus'))
        if (event === 'resume') document.dispatchEvent(new Event('resume'))
        if (event === 'message') new BroadcastChannel('xstate-session').postMessage({ v: 1, hint: 'changed' })
      }
    },
  }
}

describe('a page out of the back-forward cache', () => {
  test.each([
    ['pageshow', 'visible', 'focus'],
    ['visible', 'focus', 'pageshow'],
    ['message', 'pageshow', 'resume', 'focus'],
  ] as const)(
    'U72: stays covered until it is known who is logged in, whoever asked: %s, %s, %s',
    async (...events) => {
      const { it, server, settle, answer, asked, away, wake, watch, seen } = await page()
      await away(60 * SECOND)
      expect(isCovered()).toBe(true)
      watch()
      server.session = null
      it.isSlow = true
      const before = asked()
      wake(...events)
      await settle()
      expect(isCovered()).toBe(true)
      await answer()
      expect(isCovered()).toBe(false)
      expect(asked() - before).toBe(1)
      expect(seen.filter((what) => what !== 'covered')).toEqual(['nobody'])
    },
  )

  test('U72: is shown as soon as it is known that nothing has changed', async () => {
    const { it, settle, answer, away, wake, session } = await page()
    await away(SECOND)
    it.isSlow = true
    wake('pageshow')
    await settle()
    expect(isCovered()).toBe(true)
    await answer()
    expect(isCovered()).toBe(false)
    expect(session.getSnapshot()).toMatchObject({ state: 'active', user: { id: 'ada' } })
  })

  test('U72: is covered through a second question, where the first finds somebody else', async () => {
    const { server, settle, away, wake, watch, seen } = await page()
    await away(60 * SECOND)
    watch()
    server.session = { user: bob, login: loginOf('B'), epoch: 9, version: 1 }
    wake('pageshow', 'focus')
    await settle()
    expect(seen.filter((what) => what !== 'covered')).toEqual(['bob'])
  })

  test('U72: a question from before it left does not count: it may have been answered before the logout', async () => {
    const { it, server, settle, answer, away, wake, watch, waiting, seen, asked } = await page()
    it.isSlow = true
    wake('focus')
    await settle()
    expect(waiting).toHaveLength(1)
    await away(3 * SECOND)
    watch()
    const before = asked()
    wake('pageshow', 'visible')
    await settle()
    // The old one is answered as of before.
    await answer()
    server.session = null
    expect(isCovered()).toBe(true)
    await answer()
    expect(isCovered()).toBe(false)
    expect(asked() - before).toBe(2)
    expect(seen.filter((what) => what !== 'covered')).toEqual(['nobody'])
  })

  test('U72: is shown after five seconds, whatever becomes of its question', async () => {
    const { it, clock, settle, away, wake, session, waiting } = await page()
    await away(60 * SECOND)
    it.isSlow = true
    wake('pageshow', 'focus')
    await settle()
    clock.advance(5 * SECOND - 1)
    expect(isCovered()).toBe(true)
    clock.advance(1)
    expect(isCovered()).toBe(false)
    expect(session.getSnapshot()).toMatchObject({ state: 'active' })
    expect(waiting).toHaveLength(1)
  })

  test('U72: that leaves again before it is known is covered anew', async () => {
    const { it, clock, settle, answer, away, wake } = await page()
    await away(SECOND)
    it.isSlow = true
    wake('pageshow')
    await settle()
    await away(2 * SECOND)
    await answer()
    clock.advance(10 * SECOND)
    expect(isCovered()).toBe(true)
    wake('pageshow')
    await settle()
    await answer()
    expect(isCovered()).toBe(false)
  })

  test('that was only loaded, or closed, is never covered; and no cover stays behind a session that ends', async () => {
    const { session } = await page()
    move('pageshow', false)
    move('pagehide', false)
    expect(isCovered()).toBe(false)
    move('pagehide', true)
    expect(isCovered()).toBe(true)
    session.dispose()
    expect(isCovered()).toBe(false)
  })
})
