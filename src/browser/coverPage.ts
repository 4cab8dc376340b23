import type { Clock } from '../base/clock.ts'

/** A page that nobody can see is worse than what it may show. */
const LONGEST_MS = 5_000
/** `visibility` alone shows what is `visible` inside, `opacity` alone what is in the top layer. */
const COVER = { visibility: 'hidden', opacity: '0' }

/**
 * Covers a page that comes back out of the browser's cache until it is known who is logged in by now: until what `settle`
 * answers has settled, for five seconds at most. Answers a function that stops.
 */
export function coverPage(clock: Clock, settle: () => Promise<unknown>): () => void {
  const { style } = document.documentElement
  const listeners = new AbortController()
  const { signal } = listeners
  let disarm = () => {}
  /** Of several visits to the cache the last one counts. */
  let visits = 0

  function uncover() {
    disarm()
    for (const name of Object.keys(COVER)) style.removeProperty(name)
  }

  // On its way into the cache, so that nothing is painted on its way out.
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
    // What is shown follows the state a moment later.
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
