import type { Clock } from '../base/clock.ts'
import type { SessionSignal } from '../session/notice.ts'
import { watchUser } from './userSigns.ts'

export interface PageSignals {
  readonly idleAfterMs: number
  /** When the session ends without user activity. @default Infinity */
  readonly idleTimeoutMs?: number
  readonly clock: Clock
  /** Called with the user's activity in this page. */
  readonly onActive?: () => void
}

/**
 * User activity is reported once in this time, because a wheel makes hundreds of events. A shorter limit makes it more
 * often.
 */
const STEP_MS = 10_000
/** Reports what happens to the page, until `stop`. `seen`: the user is active in another tab. */
export function watchPage(
  { idleAfterMs, idleTimeoutMs = Infinity, clock, onActive }: PageSignals,
  report: (signal: SessionSignal) => void,
) {
  const listeners = new AbortController()
  const { signal } = listeners
  const stepMs = Math.min(STEP_MS, idleAfterMs / 2, idleTimeoutMs / 2)
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
    if (now - reportedAt < stepMs) return
    reportedAt = now
    arm()
    // A click comes after the pointer is up, and finds the page as the user has seen it.
    const later = clock.setTimer(() => report('userActive'), 0, 'background')
    signal.addEventListener('abort', later)
    onActive?.()
  }

  window.addEventListener('online', () => report('networkRestored'), { signal })
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && wake(), {
    signal,
  })
  // A timer of a hidden, frozen or cached page is late. Each of these events may be the first moment in which it runs
  // again.
  document.addEventListener('resume', wake, { signal })
  window.addEventListener('focus', wake, { signal })
  // Every page is shown once when it is loaded. Only a page from the cache has slept.
  window.addEventListener('pageshow', ({ persisted }) => persisted && wake(), { signal })
  const stopUser = watchUser(clock, act)
  arm()
  return {
    seen,
    stop() {
      listeners.abort()
      stopUser()
      disarm()
    },
  }
}

/** A page, not a server or a worker. */
export const isPage = () => typeof window !== 'undefined' && typeof document !== 'undefined'
