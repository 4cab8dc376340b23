import type { Clock } from '../base/clock.ts'
import type { SessionSignal } from '../session/notice.ts'

/** How far the tabs of a browser know their session to be. Nothing of the user, no token. */
export interface SharedFacts {
  /** The name of the login. */
  readonly login: string
  /** Counts the renewals of that login at the server. */
  readonly version: number
  /** When the bearer ends, by this machine's clock; milliseconds since the Unix epoch. */
  readonly endsAt: number
}

/** What a page tells the session that lives in it. `renewed`: another tab has renewed the bearer. */
export type PageSignal = SessionSignal | 'renewed'

/** What a session is for the page that it lives in. */
export interface PageGuest {
  /** The clock of the session. */
  readonly clock: Clock
  /** When the session ends without a sign of the user; milliseconds, `Infinity`: never. */
  readonly idleTimeoutMs: number
  /** Hears what happens. Resolves when it is settled what became of the session by that. */
  hear(signal: PageSignal): Promise<void>
  /** The browser keeps nothing for the tabs to share. */
  storageFailed(): void
}

/** The page of a browser, and its other tabs, for the option `page`; `browserPage` makes one. */
export interface BffPage {
  /** Starts to listen and to tell; the session calls it at each of its starts. */
  open(guest: PageGuest): OpenPage
}

/** A page that listens and tells, until it is closed. */
export interface OpenPage {
  /** Runs `task` while no other tab runs one, as far as that can be had. */
  lock<T>(task: () => Promise<T>): Promise<T>
  /** What the tabs know; `undefined`: nothing, or nobody is logged in. */
  read(): SharedFacts | undefined
  /** What this page has learned; `null`: nobody is logged in. Where that is news, the other tabs hear of it. */
  share(facts: SharedFacts | null): void
  /** The user has logged out, this very moment. */
  leave(): void
  /** Stops to listen and to tell. */
  close(): void
}

/** No page: on a server, and where none was given. */
export const noPage: OpenPage = {
  lock: (task) => task(),
  read: () => undefined,
  share: () => {},
  leave: () => {},
  close: () => {},
}
