import type { Clock } from '../session/clock.ts'

/** Covers a page that comes back out of the browser's cache until it is known who is logged in by now. */
export interface Curtain {
  /** Starts to cover pages that leave; answers a function that stops. */
  hang(): () => void
  lift(): void
}

/** A page that nobody can see is worse than what it may show. */
const MAX_COVER_MS = 5_000

/** The cover does not stay longer than five seconds, whatever becomes of the look that is to lift it. */
export function createCurtain(clock: Clock): Curtain {
  let disarm = () => {}
  function lift() {
    disarm()
    document.documentElement.style.removeProperty('visibility')
  }
  return {
    lift,
    hang() {
      const listeners = new AbortController()
      const { signal } = listeners
      // On its way into the cache, so that nothing is painted on its way out.
      window.addEventListener(
        'pagehide',
        ({ persisted }) => persisted && document.documentElement.style.setProperty('visibility', 'hidden'),
        { signal },
      )
      window.addEventListener(
        'pageshow',
        ({ persisted }) => {
          disarm()
          if (persisted) disarm = clock.setTimer(lift, MAX_COVER_MS, 'background')
        },
        { signal },
      )
      return () => {
        listeners.abort()
        lift()
      }
    },
  }
}
