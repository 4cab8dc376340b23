/** The page in which a user logs in. */
export interface LoginPage {
  /** The address of the page. */
  href(): string
  /** Leaves for another page. */
  leave(url: string): void
  /** Puts another address in place of the page's own, without a look at it. */
  rename(url: string): void
}

/** The page of this window. */
export const browserLoginPage: LoginPage = {
  href: () => location.href,
  leave: (url) => location.assign(url),
  rename: (url) => history.replaceState(history.state, '', url),
}
