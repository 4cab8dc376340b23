import type { Clock } from '../session/clock.ts'
import type { SessionSignal } from '../session/notice.ts'

export interface PageSignals {
  readonly idleAfterMs: number
  readonly clock: Clock
  /** Told of the user's activity in this page. */
  readonly onActive?: () => void
}

/** Signs of the user are reported once in this time: a wheel makes hundreds. */
const STEP_MS = 10_000
/**
 * The ends of what a user does: what was pressed has done its work when it is told. A pointer that only moves is no
 * sign, a nudge of the desk does it.
 */
const ACTIVITY = ['pointerup', 'keyup', 'wheel', 'touchend'] as const

/** Reports what happens to the page, until `stop`. `seen`: the user is at work, in another tab. */
export function watchPage(
  { idleAfterMs, clock, onActive }: PageSignals,
  report: (signal: SessionSignal) => void,
) {
  const listeners = new AbortController()
  const { signal } = listeners
  let reportedAt = -Infinity
  let disarm = () => {}

  const wake = () => report('woke')
  const leave = () => {
    reportedAt = -Infinity
    report('userIdle')
  }
  function arm() {
    disarm()
    disarm = clock.setTimer(leave, idleAfterMs, 'background')
  }
  function seen() {
    arm()
    report('userActive')
  }
  function act() {
    const now = clock.monotonic()
    if (now - reportedAt < STEP_MS) return
    reportedAt = now
    arm()
    // A click comes after the pointer is up: it finds the page as the user has seen it.
    const later = clock.setTimer(() => report('userActive'), 0, 'background')
    signal.addEventListener('abort', later)
    onActive?.()
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
  arm()
  return {
    seen,
    stop() {
      listeners.abort()
      disarm()
    },
  }
}

/** A page, and not a server or a worker. */
export const isPage = () => typeof window !== 'undefined' && typeof document !== 'undefined'
