/** Covers a page that comes back out of the browser's cache until it is known who is logged in by now. */
export interface Curtain {
  /** Starts to cover pages that leave; answers a function that stops. */
  hang(): () => void
  lift(): void
}

export function createCurtain(): Curtain {
  const lift = () => document.documentElement.style.removeProperty('visibility')
  return {
    lift,
    hang() {
      // On its way into the cache, so that nothing is painted on its way out.
      const onHide = ({ persisted }: PageTransitionEvent) =>
        persisted && document.documentElement.style.setProperty('visibility', 'hidden')
      window.addEventListener('pagehide', onHide)
      return () => {
        window.removeEventListener('pagehide', onHide)
        lift()
      }
    },
  }
}
