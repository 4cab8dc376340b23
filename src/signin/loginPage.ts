/** The page in which a user logs in. */
export interface LoginPage {
  /** The address of the page. */
  href(): string
  /** Leaves for another page. */
  leave(url: string): void
  /** Opens an empty window; `null`: the browser does not let it. Called in the user's click. */
  open(): Window | null
  /** Closes this window, where it is one that `open` has opened. */
  close(): void
  /** Puts another address in place of the page's own, without a look at it. */
  rename(url: string): void
  /** What this tab remembers under `key`, also after it was away; `undefined`: nothing. */
  recall(key: string): string | undefined
  /** Remembers it, or, with `undefined`, forgets it. Where the browser keeps nothing, nothing happens. */
  remember(key: string, value: string | undefined): void
}

/** The page of this window. */
export const browserLoginPage: LoginPage = {
  href: () => location.href,
  leave: (url) => location.assign(url),
  open: () => window.open('', '_blank', 'popup,width=500,height=720'),
  close: () => window.close(),
  rename: (url) => history.replaceState(history.state, '', url),
  recall(key) {
    try {
      return sessionStorage.getItem(key) ?? undefined
    } catch {
      return undefined
    }
  },
  remember(key, value) {
    try {
      if (value === undefined) sessionStorage.removeItem(key)
      else sessionStorage.setItem(key, value)
    } catch {
      // A browser that keeps nothing.
    }
  },
}
