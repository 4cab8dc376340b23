/** The page in which a user logs in. */
export interface LoginPage {
  /** The address of the page. */
  href(): string
  /** Leaves for another page. */
  leave(url: string): void
  /** Opens an empty window; `null`: the browser blocks it. Call it in the user's click. */
  open(): Window | null
  /** Closes this window, if `open` has opened it. */
  close(): void
  /** Replaces the page's own address without loading it. */
  rename(url: string): void
  /** The value that this tab keeps under `key`, also after it was away; `undefined`: none. */
  recall(key: string): string | undefined
  /** Keeps the value, or deletes it with `undefined`. If the browser stores nothing, nothing happens. */
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
      // The browser stores nothing.
    }
  },
}
