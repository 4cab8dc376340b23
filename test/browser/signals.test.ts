// @vitest-environment jsdom
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createSession, type SessionSignal } from 'xstate-session'
import { browserOptions, browserSignals } from 'xstate-session/browser'
import { type FakeClock, fakeClock } from '../fakeClock.ts'
import { dispatchTrusted } from './trusted.ts'

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
  dispatchTrusted(document.body, 'keyup')
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

  test('U49: at work is told of in time, however little time the session gives', async () => {
    const clock = fakeClock()
    const limits = [
      { idleAfterMs: 6 * SECOND },
      { idleAfterMs: 5 * MINUTE, idleTimeoutMs: 6 * SECOND },
    ] as const
    for (const { idleAfterMs, ...limit } of limits) {
      const session = createSession(
        browserOptions({
          baseUrl: 'https://chat.example',
          strategies: { openid: { needsRefreshToken: true, refresh: () => new Promise(() => {}) } },
          clock,
          idleAfterMs,
          ...limit,
        }),
      )
      onTestFinished(() => session.dispose())
      await session.login({ token: 'B1', user: { id: 'ada' } }, { provider: 'openid' })
      for (let seconds = 0; seconds < 30; seconds++) {
        press(clock)
        clock.advance(SECOND)
        expect(session.actorRef.getSnapshot()).toMatchObject({ value: 'active', context: { idle: false } })
      }
    }
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
    expect(clock.pending()).toEqual([{ inMs: MINUTE, kind: 'background' }])
    clock.advance(MINUTE)
    expect(told).toEqual(['userIdle'])
  })

  test('whose work stops the propagation of its events is at work', () => {
    const { clock, told } = watch()
    const field = document.body.appendChild(document.createElement('input'))
    onTestFinished(() => field.remove())
    field.addEventListener('keyup', (event) => event.stopPropagation())
    dispatchTrusted(field, 'keyup')
    clock.advance(0)
    expect(told).toEqual(['userActive'])
  })
})

describe('U45: the signs of a user', () => {
  const { body } = document
  const types = (...all: string[]) => all

  test.each(
    types(
      'pointerup',
      'touchend',
      'click',
      'contextmenu',
      'wheel',
      'keyup',
      'compositionend',
      'dragend',
      'drop',
    ),
  )('%s alone is one, of a person', (type) => {
    const { clock, told } = watch()
    body.dispatchEvent(new Event(type, { bubbles: true, composed: true }))
    clock.advance(0)
    expect(told).toEqual([])
    dispatchTrusted(body, type)
    clock.advance(0)
    expect(told).toEqual(['userActive'])
  })

  test.each(types('beforeinput', 'input', 'focusin', 'copy', 'cut', 'paste'))(
    '%s is none while a script runs, even where it is trusted',
    (type) => {
      const { clock, told } = watch()
      dispatchTrusted(body, type)
      clock.advance(10 * SECOND)
      expect(told).toEqual([])
    },
  )

  test.each(types('pointermove', 'mousemove', 'scroll', 'change', 'animationend'))('%s is none', (type) => {
    const { clock, told } = watch()
    dispatchTrusted(body, type)
    clock.advance(10 * SECOND)
    expect(told).toEqual([])
  })

  test.each(types('pointerdown', 'keydown'))(
    '%s is one after five seconds, if its end never comes',
    (type) => {
      const { clock, told } = watch()
      body.dispatchEvent(new Event(type, { bubbles: true, composed: true }))
      clock.advance(SECOND)
      dispatchTrusted(body, type)
      clock.advance(5 * SECOND - 1)
      expect(told).toEqual([])
      clock.advance(1)
      expect(told).toEqual(['userActive'])
    },
  )
})

describe('U45: the frames of a page', () => {
  function frame() {
    const element = document.body.appendChild(document.createElement('iframe'))
    onTestFinished(() => element.remove())
    return element
  }
  const { body } = document
  const bodyOf = (element: HTMLIFrameElement) => element.contentDocument?.body as HTMLElement
  const press = (element: HTMLIFrameElement, clock: FakeClock) => {
    dispatchTrusted(bodyOf(element), 'keyup')
    clock.advance(0)
  }

  test('work in a frame that is there counts, and no longer after the end', () => {
    const element = frame()
    const { clock, told, stop } = watch()
    press(element, clock)
    expect(told).toEqual(['userActive'])
    clock.advance(10 * SECOND)
    stop()
    press(element, clock)
    expect(told).toEqual(['userActive'])
  })

  test('work in a frame of a frame counts', () => {
    const outer = frame()
    const inner = bodyOf(outer).appendChild(document.createElement('iframe')) as HTMLIFrameElement
    const { clock, told } = watch()
    press(inner, clock)
    expect(told).toEqual(['userActive'])
  })

  test.each([
    ['has loaded', (element: HTMLElement) => element.dispatchEvent(new Event('load'))],
    [
      'gets the pointer',
      (element: HTMLElement) => element.dispatchEvent(new Event('pointerover', { bubbles: true })),
    ],
    [
      'gets the focus',
      (element: HTMLElement) => {
        const spy = vi.spyOn(document, 'activeElement', 'get').mockReturnValue(element)
        window.dispatchEvent(new Event('blur'))
        spy.mockRestore()
      },
    ],
  ])('work in a frame that comes later counts as soon as it %s', (_, happens) => {
    let isLoading = true
    const miss = (event: Event) => isLoading && event.stopImmediatePropagation()
    document.addEventListener('load', miss, { capture: true })
    onTestFinished(() => document.removeEventListener('load', miss, { capture: true }))
    const { clock, told } = watch()
    const element = frame()
    press(element, clock)
    expect(told).toEqual([])
    isLoading = false
    happens(element)
    press(element, clock)
    expect(told).toEqual(['userActive'])
  })

  test('a frame of another origin, and what is no frame, are passed over', () => {
    const { clock, told } = watch()
    const element = frame()
    vi.spyOn(element, 'contentDocument', 'get').mockReturnValue(null)
    element.dispatchEvent(new Event('load'))
    body.dispatchEvent(new Event('pointerover', { bubbles: true }))
    window.dispatchEvent(new Event('blur'))
    clock.advance(0)
    expect(told).toEqual([])
  })

  test('a frame that comes after the end is not listened to', () => {
    const { clock, told, stop } = watch()
    const element = frame()
    stop()
    element.dispatchEvent(new Event('load'))
    press(element, clock)
    expect(told).toEqual([])
    expect(clock.pending()).toEqual([])
  })
})

describe('the end', () => {
  test('nothing listens and nothing is armed', () => {
    const { clock, told, stop } = watch()
    press(clock)
    stop()
    stop()
    window.dispatchEvent(new Event('online'))
    window.dispatchEvent(new Event('focus'))
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))
    document.dispatchEvent(new Event('resume'))
    press(clock)
    show('visible')
    expect(told).toEqual(['userActive'])
    expect(clock.pending()).toEqual([])
  })

  test('what the user did in the last moment is told no more', () => {
    const { clock, told, stop } = watch()
    dispatchTrusted(document.body, 'keyup')
    stop()
    clock.advance(0)
    expect([told, clock.pending()]).toEqual([[], []])
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
