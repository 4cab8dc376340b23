import type { Clock } from '../base/clock.ts'

/** A page that stays invisible is worse than what it may show. */
const LONGEST_MS = 5_000
/**
 * `visibility` alone does not hide an element that is `visible` inside, and `opacity` alone does not hide the top
 * layer.
 */
const COVER = { visibility: 'hidden', opacity: '0' }

/**
 * Hides a page that returns from the back-forward cache until the user is known: until the promise of `settle` has
 * settled, for five seconds at most. Returns a function that stops this.
 */
export function coverPage(clock: Clock, settle: () => Promise<unknown>): () => void {
  const { style } = document.documentElement
  const listeners = new AbortController()
  const { signal } = listeners
  let disarm = () => {}
  /** If the page was cached several times, the last time counts. */
  let visits = 0

  function uncover() {
    disarm()
    for (const name of Object.keys(COVER)) style.removeProperty(name)
  }

  // This happens on the way into the cache, so that nothing is painted on the way out.
  function cover({ persisted }: PageTransitionEvent) {
    if (!persisted) return
    visits++
    disarm()
    for (const [name, value] of Object.entries(COVER)) style.setProperty(name, value, 'important')
  }

  function show({ persisted }: PageTransitionEvent) {
    if (!persisted) return
    const visit = visits
    disarm = clock.setTimer(uncover, LONGEST_MS, 'background')
    // The page shows the new state a moment later.
    const soon = () => {
      if (visit !== visits || signal.aborted) return
      disarm()
      disarm = clock.setTimer(uncover, 0, 'background')
    }
    settle().then(soon, soon)
  }

  window.addEventListener('pagehide', cover, { signal })
  window.addEventListener('pageshow', show, { signal })
  return () => {
    listeners.abort()
    uncover()
  }
}
