import { type Clock, systemClock } from '../session/clock.ts'
import type { SessionSignal } from '../session/notice.ts'

export interface BrowserSignalsOptions {
  /** After this much time without a sign of the user the user counts as away; milliseconds. @default 300_000 */
  readonly idleAfterMs?: number
  /** @default the platform's clocks and timers */
  readonly clock?: Clock
}

/** Signs of the user are reported once in this time: a wheel makes hundreds. */
const STEP_MS = 10_000
/** A pointer that only moves is no sign: a nudge of the desk does it. */
const ACTIVITY = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const

/**
 * What a page tells its session, for the option `signals`: that the network is back, that the page runs again after
 * it was hidden, frozen or cached, and whether somebody is at work. Without a window it reports nothing.
 */
export function browserSignals({ idleAfterMs = 300_000, clock = systemClock }: BrowserSignalsOptions = {}) {
  if (!(idleAfterMs > 0)) throw new RangeError('Option "idleAfterMs" must be milliseconds above 0.')
  return (report: (signal: SessionSignal) => void): (() => void) => {
    if (typeof window === 'undefined' || typeof document === 'undefined') return () => {}
    const listeners = new AbortController()
    const { signal } = listeners
    let reportedAt = -Infinity
    let disarm = () => {}

    const wake = () => report('woke')
    const leave = () => {
      reportedAt = -Infinity
      report('userIdle')
    }
    function act() {
      const now = clock.monotonic()
      if (now - reportedAt < STEP_MS) return
      reportedAt = now
      disarm()
      disarm = clock.setTimer(leave, idleAfterMs, 'background')
      report('userActive')
    }

    window.addEventListener('online', () => report('networkRestored'), { signal })
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && wake(), {
      signal,
    })
    // A timer of a hidden, frozen or cached page is late; each of these may be the first moment that it runs again.
    document.addEventListener('resume', wake, { signal })
    window.addEventListener('focus', wake, { signal })
    // Every page is shown once when it is loaded; only one that comes out of the cache has slept.
    window.addEventListener('pageshow', ({ persisted }) => persisted && wake(), { signal })
    for (const type of ACTIVITY) window.addEventListener(type, act, { signal, passive: true, capture: true })
    disarm = clock.setTimer(leave, idleAfterMs, 'background')
    return () => {
      listeners.abort()
      disarm()
    }
  }
}
