/** A login in a window of its own. */
export interface PopupOptions {
  /** Cancels the login, which then fails with `login_cancelled`. Its window is closed if it can still be reached. */
  readonly signal?: AbortSignal
  /**
   * The user has come back to this page without an answer: offer to cancel, by `signal`. Without this function, a login
   * whose window seems closed fails with `login_cancelled`. With a `Cross-Origin-Opener-Policy` an open window seems
   * closed too.
   */
  readonly onReturn?: () => void
}
