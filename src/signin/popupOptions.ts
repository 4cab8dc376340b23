/** A login in a window of its own. */
export interface PopupOptions {
  /** Cancels the login, which then fails with `login_cancelled`; its window is closed, where it can still be reached. */
  readonly signal?: AbortSignal
  /**
   * The user has come back to this page, and no answer has: offer to cancel, by `signal`. Without it a login whose window
   * seems to be closed then fails with `login_cancelled`. With a `Cross-Origin-Opener-Policy` an open window seems so, too.
   */
  readonly onReturn?: () => void
}
