// @vitest-environment jsdom
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createSession, type SessionSignal } from 'xstate-session'
import { browserSignals } from 'xstate-session/browser'
import { type FakeClock, fakeClock } from '../fakeClock.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND

function watch(idleAfterMs = 5 * MINUTE) {
  const clock = fakeClock()
  const told: SessionSignal[] = []
  const stop = browserSignals({ clock, idleAfterMs })((signal) => told.push(signal))
  onTestFinished(stop)
  return { clock, told, stop }
}

function show(visibility: DocumentVisibilityState) {
  const spy = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(visibility)
  document.dispatchEvent(new Event('visibilitychange'))
  spy.mockRestore()
}

const press = (clock: FakeClock) => {
  document.body.dispatchEvent(new Event('keyup', { bubbles: true }))
  clock.advance(0)
}

describe('the page', () => {
  test('that is online again is told of', () => {
    const { told } = watch()
    window.dispatchEvent(new Event('online'))
    expect(told).toEqual(['networkRestored'])
  })

  test.each([
    ['is shown', () => show('visible')],
    ['gets the focus', () => window.dispatchEvent(new Event('focus'))],
    [
      'comes out of the cache',
      () => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })),
    ],
    ['is thawed', () => document.dispatchEvent(new Event('resume'))],
  ])('that %s is awake', (_, happen) => {
    const { told } = watch()
    happen()
    expect(told).toEqual(['woke'])
  })

  test('that is hidden, or shown because it was loaded, says nothing', () => {
    const { told } = watch()
    show('hidden')
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: false }))
    expect(told).toEqual([])
  })
})

describe('the user', () => {
  test('at work is told of every ten seconds, however much is typed', () => {
    const { clock, told } = watch()
    for (let n = 0; n < 100; n++) press(clock)
    expect(told).toEqual(['userActive'])
    clock.advance(9 * SECOND)
    press(clock)
    expect(told).toEqual(['userActive'])
    clock.advance(SECOND)
    press(clock)
    expect(told).toEqual(['userActive', 'userActive'])
  })

  test('who is away is told of once, and at once when back', () => {
    const { clock, told } = watch()
    press(clock)
    clock.advance(5 * MINUTE)
    clock.advance(60 * MINUTE)
    expect(told).toEqual(['userActive', 'userIdle'])
    press(clock)
    expect(told).toEqual(['userActive', 'userIdle', 'userActive'])
  })

  test('who never did anything is away too', () => {
    const { clock, told } = watch(MINUTE)
    clock.advance(MINUTE)
    expect(told).toEqual(['userIdle'])
  })

  test('whose work stops the propagation of its events is at work', () => {
    const { clock, told } = watch()
    const field = document.body.appendChild(document.createElement('input'))
    onTestFinished(() => field.remove())
    field.addEventListener('keyup', (event) => event.stopPropagation())
    field.dispatchEvent(new Event('keyup', { bubbles: true }))
    clock.advance(0)
    expect(told).toEqual(['userActive'])
  })
})

describe('the end', () => {
  test('nothing listens and nothing is armed', () => {
    const { clock, told, stop } = watch()
    press(clock)
    stop()
    stop()
    window.dispatchEvent(new Event('online'))
    document.dispatchEvent(new Event('resume'))
    press(clock)
    show('visible')
    expect(told).toEqual(['userActive'])
    expect(clock.pending()).toEqual([])
  })

  test('where there is no window, there is nothing to report', () => {
    const clock = fakeClock()
    vi.stubGlobal('window', undefined)
    onTestFinished(() => void vi.unstubAllGlobals())
    browserSignals({ clock })(() => {})()
    expect(clock.pending()).toEqual([])
  })

  test('a time that is none is refused', () => {
    for (const idleAfterMs of [0, -1, Number.NaN])
      expect(() => browserSignals({ idleAfterMs })).toThrow('idleAfterMs')
  })
})

describe('a session', () => {
  test('T7: whose timer is late looks at the clock as soon as its page is seen again', async () => {
    const clock = fakeClock()
    const session = createSession({
      baseUrl: 'https://chat.example',
      lifetimeMs: 15 * MINUTE,
      strategies: { openid: { needsRefreshToken: true, refresh: () => new Promise(() => {}) } },
      signals: browserSignals({ clock }),
      clock,
    })
    onTestFinished(() => session.dispose())
    await session.login({ token: 'B1', refreshToken: 'R1', user: { id: 'ada' } }, { provider: 'openid' })
    // Time has passed, and no timer has rung.
    clock.jumpWall(20 * MINUTE)
    expect(session.getSnapshot().state).toBe('active')
    show('visible')
    expect(session.getSnapshot().state).toBe('refreshing')
  })
})
