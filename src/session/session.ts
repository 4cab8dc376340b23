import type { ActorRefFrom } from 'xstate'
import type { sessionMachine } from '../../machines/session.machine.ts'
import type { SessionState } from '../../machines/session.select.ts'
import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import type { SessionClock } from '../base/sessionClock.ts'
import type { LoginAnswer, LoginOptions } from './login.ts'

/** The actor of a running session. */
export type SessionActorRef = ActorRefFrom<typeof sessionMachine>

/** The members of every session, whether the page or its server keeps the tokens. */
export interface BaseSession<User extends UserIdentity = SessionUser> {
  /**
   * The platform's `fetch` for calls of the session. Rejects before anything is sent with `LoggedOut`, `SessionExpired`,
   * `SessionChanged`, `RefreshUnavailable`, `Misconfigured`, `Disposed`, or the reason of `signal`.
   */
  readonly fetch: typeof globalThis.fetch
  /**
   * Refreshes now, unless the last refresh was a moment ago. In a backoff it waits for the next attempt. `by: 'user'`
   * ("stay signed in") counts as activity. Resolves when there is a good bearer; rejects like `fetch`.
   */
  refresh(options?: { readonly by?: 'user' | 'force' }): Promise<void>
  /**
   * Ends the session here at once, then at the backend if the backend permits that. Resolves after at most one second,
   * and never rejects. If the backend cannot be reached, it tries again in the background.
   */
  logout(): Promise<void>
  /** Calls `listener` in a microtask after each change. Returns a function that stops it. */
  subscribe(listener: (state: SessionState<User>) => void): () => void
  /** The same object until something changes. */
  getSnapshot(): SessionState<User>
  /** The state at the creation of the session, always: a server renders it, and its page is hydrated with it. */
  getInitialSnapshot(): SessionState<User>
  /** The clock of `expiresAt`, `retryAt` and `idleEndsAt` of the snapshot, and of timers. */
  readonly clock: SessionClock
  /**
   * The running actor, for inspection and selectors. It holds no token. It emits the notices of its transitions:
   * `on('expired', …)`. A listener of `on` that throws ends a Node process; a listener of `observe` does not.
   */
  readonly actorRef: SessionActorRef
  /** Stops everything. Waiting callers get `Disposed`. A running refresh still reaches the store. */
  dispose(): void
}

/** A session that holds its tokens. */
export interface Session<User extends UserIdentity = SessionUser> extends BaseSession<User> {
  /**
   * Starts a session from the backend's answer to a login or an exchange. It replaces the previous session.
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
