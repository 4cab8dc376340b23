import type { Clock } from '../base/clock.ts'
import type { SessionSignal } from '../session/notice.ts'

/** What the tabs of a browser share about their session. Nothing of the user, no token. */
export interface SharedFacts {
  /** The name of the login. */
  readonly login: string
  /** Counts the renewals of that login at the server. */
  readonly version: number
  /** When the bearer ends, by this machine's clock; milliseconds since the Unix epoch. */
  readonly endsAt: number
}

/** The signals of a page to its session. `renewed`: another tab has renewed the bearer. */
export type PageSignal = SessionSignal | 'renewed'

/** The session's side for its page. */
export interface PageGuest {
  /** The clock of the session. */
  readonly clock: Clock
  /** When the session ends without user activity; milliseconds, `Infinity`: never. */
  readonly idleTimeoutMs: number
  /**
   * Handles a signal. `login`: the login that it is about, if that is known. Resolves when its effect on the session is
   * settled.
   */
  hear(signal: PageSignal, login?: string): Promise<void>
  /** The browser stores nothing that the tabs could share. */
  storageFailed(): void
}

/** The page of a browser, and its other tabs, for the option `page`; `browserPage` makes one. */
export interface BffPage {
  /** Starts to listen and to report; the session calls it at each of its starts. `undefined`: this is no browser. */
  open(guest: PageGuest): OpenPage | undefined
}

/** A page that listens and reports until it is closed. */
export interface OpenPage {
  /** Runs `task` while no other tab runs one, if the browser has locks. */
  lock<T>(task: () => Promise<T>): Promise<T>
  /** The shared facts of the tabs; `undefined`: there are none, or nobody is logged in. */
  read(): SharedFacts | undefined
  /** Shares the facts of this page; `null`: nobody is logged in. If they are new, the other tabs learn of them. */
  share(facts: SharedFacts | null): void
  /** The user has logged out of `login` at this moment; `undefined`: of none that is known. */
  leave(login: string | undefined): void
  /** Stops listening and reporting. */
  close(): void
}
