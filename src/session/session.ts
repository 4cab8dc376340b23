import type { ActorRefFrom } from 'xstate'
import type { sessionMachine } from '../../machines/session.machine.ts'
import type { SessionState } from '../../machines/session.select.ts'
import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import type { SessionClock } from '../base/sessionClock.ts'
import type { LoginAnswer, LoginOptions } from './login.ts'

/** The actor of a running session. */
export type SessionActorRef = ActorRefFrom<typeof sessionMachine>

/** What every session has, whether the page or its server keeps the tokens. */
export interface BaseSession<User extends UserIdentity = SessionUser> {
  /**
   * The platform's `fetch` for calls of the session. Rejects before anything is sent with `LoggedOut`, `SessionExpired`,
   * `SessionChanged`, `RefreshUnavailable`, `Misconfigured`, `Disposed`, or the reason of `signal`.
   */
  readonly fetch: typeof globalThis.fetch
  /**
   * Refreshes now, unless the last refresh was a moment ago; in a backoff, at the next attempt. `by: 'user'` ("stay
   * signed in") counts as activity. Resolves when there is a good bearer; rejects like `fetch`.
   */
  refresh(options?: { readonly by?: 'user' | 'force' }): Promise<void>
  /**
   * Ends the session here at once, then at the backend as far as it allows. Resolves after at most one second,
   * never rejects; a backend that cannot be reached is tried again in the background.
   */
  logout(): Promise<void>
  /** Calls `listener` in a microtask after each change. Returns a function that stops that. */
  subscribe(listener: (state: SessionState<User>) => void): () => void
  /** The same object until something changes. */
  getSnapshot(): SessionState<User>
  /** The state that the session was created in, always: what a server renders, and what its page is hydrated with. */
  getInitialSnapshot(): SessionState<User>
  /** The time that `expiresAt`, `retryAt` and `idleEndsAt` of the snapshot are told in, and timers. */
  readonly clock: SessionClock
  /**
   * The running actor, for inspection and selectors. Holds no token. It emits what its transitions tell: `on('expired',
   * …)`. A listener of `on` that throws ends a Node process; one of `observe` does not.
   */
  readonly actorRef: SessionActorRef
  /** Stops everything. Waiting callers get `Disposed`. A refresh in the air still reaches the store. */
  dispose(): void
}

/** A session that holds its tokens, as an embedder holds it. */
export interface Session<User extends UserIdentity = SessionUser> extends BaseSession<User> {
  /**
   * Starts a session from what the backend answered to a login or an exchange. Replaces the one before.
   * Resolves when it is stored; without a `store` it is active at once.
   * Rejects with `InvalidAnswer` or `Misconfigured`, and then changes nothing.
   */
  login(answer: LoginAnswer, options: LoginOptions): Promise<void>
  /**
   * The platform's `fetch` with a fresh bearer for the allowed origins, and one retry after a 401.
   * Rejects like `getToken` before anything is sent, and with `RedirectBlocked`.
   */
  readonly fetch: typeof globalThis.fetch
  /**
   * A bearer that is good now. Refreshes first if one is due, and waits for that at most `patienceMs`.
   * Rejects with `LoggedOut`, `SessionExpired`, `SessionChanged`, `RefreshUnavailable`, `Misconfigured`,
   * `Disposed`, or the reason of `signal`.
   */
  getToken(options?: { readonly signal?: AbortSignal | null }): Promise<string>
}
