import type { SessionState } from '../../machines/session.select.ts'
import type {
  ExpiredReason,
  LoggedOutReason,
  SessionUser,
  UserIdentity,
} from '../../machines/session.types.ts'
import { assertSession } from '../base/assertSession.ts'
import { optionsOf } from '../base/optionsOf.ts'
import { readUser } from '../base/readUser.ts'
import type { BaseSession } from '../session/session.ts'
import { assertLogin, type SignInAt, signInAt } from './pageLogins.ts'
import { shownAccount } from './shownAccount.ts'
import { whenKnown } from './whenKnown.ts'

/** The settings of your panel for refine. */
export interface RefineOptions<User extends UserIdentity = SessionUser> {
  /**
   * Logs in with the input of the login form, and passes the answer to `session.login`. The form shows its errors. It
   * may resolve to `{ redirectTo }`. Or `{ logins, provider }` of a page that logs in at a provider: the login leaves
   * the page for it, and the page of its `redirectUri` calls `logins.handleCallback()`.
   */
  readonly login: ((params: unknown) => Promise<{ readonly redirectTo?: string } | undefined>) | SignInAt
  /** The page for a user without a session. @default '/login' */
  readonly loginPath?: string
  /** The page after the login. @default '/' */
  readonly homePath?: string
  /** The text for a user whose session has ended. @default `Your session has ended (reason).` */
  readonly textOf?: (reason: ExpiredReason | LoggedOutReason) => string
  /** The result of `usePermissions`. @default the user's role */
  readonly permissionsOf?: (state: SessionState<User>) => unknown
}

interface Refusal {
  readonly name: string
  readonly message: string
}

/** The part of refine's `AuthProvider` that a session provides. */
export interface RefineAuthProvider {
  /** Logs in as the option `login` says. */
  login(params: unknown): Promise<{ success: boolean; redirectTo?: string; error?: Refusal }>
  /** Logs out, and resolves to the login page. */
  logout(params?: unknown): Promise<{ success: true; redirectTo: string }>
  /** Whether there is a session; waits while that is unknown. */
  check(params?: unknown): Promise<{ authenticated: boolean; redirectTo?: string; error?: Refusal }>
  /** Logs out only if the session itself has ended. */
  onError(error: unknown): Promise<{ logout?: boolean; redirectTo?: string; error?: Refusal }>
  /** The user who is logged in; `null`: nobody. */
  getIdentity(params?: unknown): Promise<{
    readonly id: string
    readonly name?: string
    readonly avatar?: string
    readonly email?: string
  } | null>
  /** The result of the option `permissionsOf`. */
  getPermissions(params?: unknown): Promise<unknown>
}

/**
 * The `authProvider` of refine 5. No status of an error logs a user out: a 401 that a refresh has solved, a 403 and an
 * outage do not end a session. Only the session itself knows when it has ended.
 *
 * @example
 * const authProvider = refineAuthProvider(session, {
 *   async login(form) {
 *     await session.login(form as BffCredentials)
 *     return undefined
 *   },
 * })
 */
export function refineAuthProvider<User extends UserIdentity = SessionUser>(
  session: BaseSession<User>,
  options: RefineOptions<User>,
): RefineAuthProvider {
  assertSession(session, 'refineAuthProvider')
  const {
    login,
    loginPath = '/login',
    homePath = '/',
    textOf = (reason: ExpiredReason | LoggedOutReason) => `Your session has ended (${reason}).`,
    permissionsOf = ({ user }: SessionState<User>) => readUser(user)?.role,
  } = optionsOf('refineAuthProvider', options)
  assertLogin(login, 'refineAuthProvider')
  const toRefusal = (reason: ExpiredReason | LoggedOutReason) =>
    reason === 'never' || reason === 'user'
      ? {}
      : { error: { name: 'Session ended', message: textOf(reason) } }

  const shown = shownAccount(session)

  return {
    async login(params) {
      try {
        if (typeof login === 'object') {
          const { redirectTo } = (params ?? {}) as { readonly redirectTo?: unknown }
          // refine stays on its page until the page has left.
          await signInAt(login, redirectTo ?? homePath)
          return { success: true }
        }
        const redirectTo = (await login(params))?.redirectTo ?? homePath
        shown.show(session.getSnapshot())
        return { success: true, redirectTo }
      } catch (error) {
        const message = error instanceof Error ? error.message : 'The login failed.'
        return { success: false, error: { name: 'Login failed', message } }
      }
    },
    async logout() {
      // refine also calls this when it finds that the session has ended: the session's reason then stays.
      await shown.logout()
      return { success: true, redirectTo: loginPath }
    },
    async check() {
      const { reason } = shown.show(await whenKnown(session))
      return reason === null
        ? { authenticated: true }
        : { authenticated: false, redirectTo: loginPath, ...toRefusal(reason) }
    },
    async onError() {
      const state = session.getSnapshot()
      if (state.isPending || state.reason === null) return {}
      shown.show(state)
      return { logout: true, redirectTo: loginPath, ...toRefusal(state.reason) }
    },
    async getIdentity() {
      const user = readUser(shown.show(await whenKnown(session)).user)
      if (!user) return null
      const { id, email, avatar, name = user.username ?? email } = user
      return { id, ...(name && { name }), ...(avatar && { avatar }), ...(email && { email }) }
    },
    getPermissions: async () => permissionsOf(shown.show(await whenKnown(session))),
  }
}
