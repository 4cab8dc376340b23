import type { SessionState } from '../../machines/session.select.ts'
import type {
  ExpiredReason,
  LoggedOutReason,
  SessionUser,
  UserIdentity,
} from '../../machines/session.types.ts'
import { assertSession } from '../base/assertSession.ts'
import { systemClock } from '../base/clock.ts'
import { optionsOf } from '../base/optionsOf.ts'
import { readUser } from '../base/readUser.ts'
import type { BaseSession } from '../session/session.ts'
import { assertLogin, type SignInAt, signInAt } from './pageLogins.ts'
import { shownAccount } from './shownAccount.ts'
import { whenKnown } from './whenKnown.ts'

/** The settings of your panel for react-admin. */
export interface ReactAdminOptions<User extends UserIdentity = SessionUser> {
  /**
   * Logs in with the input of the login form, and passes the answer to `session.login`. The form shows its errors. It
   * may resolve to `{ redirectTo }`. Or `{ logins, provider }` of a page that logs in at a provider: the login leaves
   * the page for it, and react-admin's route `/auth-callback` is its `redirectUri`.
   */
  readonly login: ((params: unknown) => Promise<unknown>) | SignInAt
  /** The page for a user without a session; `false`: none. @default react-admin's own login page */
  readonly loginPath?: string | false
  /** The text for a user whose session has ended; `false`: none. @default react-admin's own text */
  readonly textOf?: (reason: ExpiredReason | LoggedOutReason) => string | false
  /** The result of `usePermissions`. @default the user's role */
  readonly permissionsOf?: (state: SessionState<User>) => unknown
}

/** The part of react-admin's `AuthProvider` that a session provides. */
export interface ReactAdminAuthProvider {
  /** Asks react-admin to pass the `signal` of its queries. */
  readonly supportAbortSignal: true
  /** Logs in as the option `login` says. */
  login(params: unknown): Promise<unknown>
  /** Ends a login at a provider, and resolves to its target. An error is shown. */
  handleCallback?(): Promise<{ readonly redirectTo: string }>
  /** Logs out, and resolves to the next page. */
  logout(params?: unknown): Promise<string | false | undefined>
  /** Resolves if there is a session; waits while that is unknown. */
  checkAuth(params?: { readonly signal?: AbortSignal }): Promise<void>
  /** Rejects only where the session itself has ended. */
  checkError(error: unknown): Promise<void>
  /** The user who is logged in, for the user menu. */
  getIdentity(params?: { readonly signal?: AbortSignal }): Promise<{
    readonly id: string
    readonly fullName?: string
    readonly avatar?: string
  }>
  /** The result of the option `permissionsOf`. */
  getPermissions(params?: { readonly signal?: AbortSignal }): Promise<unknown>
}

/** The form of a redirect to the login page. */
const LEAVING_MS = 500

/**
 * The `authProvider` of react-admin 5. No status of an error logs a user out: a 401 that a refresh has solved, a 403
 * and an outage do not end a session. Only the session itself knows when it has ended.
 *
 * @example
 * const authProvider = reactAdminAuthProvider(session, { login: (form) => session.login(form as BffCredentials) })
 */
export function reactAdminAuthProvider<User extends UserIdentity = SessionUser>(
  session: BaseSession<User>,
  options: ReactAdminOptions<User>,
): ReactAdminAuthProvider {
  assertSession(session, 'reactAdminAuthProvider')
  const {
    login,
    loginPath,
    textOf,
    permissionsOf = ({ user }: SessionState<User>) => readUser(user)?.role,
  } = optionsOf('reactAdminAuthProvider', options)
  assertLogin(login, 'reactAdminAuthProvider')
  /** react-admin takes this for "log out and show this". */
  const refusal = (reason: ExpiredReason | LoggedOutReason) => {
    const message = reason === 'never' || reason === 'user' ? false : textOf?.(reason)
    return Object.assign(new Error(`The session has ended (${reason}).`), {
      ...(message !== undefined && { message }),
      ...(loginPath !== undefined && { redirectTo: loginPath }),
    })
  }
  const assertAlive = ({ reason }: SessionState<User>) => {
    if (reason !== null) throw refusal(reason)
  }

  const shown = shownAccount(session)
  let left = Promise.resolve()
  const leave = () => {
    left = new Promise((resolve) => systemClock.setTimer(resolve, LEAVING_MS, 'background'))
  }

  return {
    supportAbortSignal: true,
    async login(params) {
      // On the way to the provider react-admin stays on its page.
      if (typeof login === 'object')
        return signInAt(login, pathIn(params)).then(() => ({ redirectTo: false }))
      const answer = await login(params)
      shown.show(session.getSnapshot())
      return answer
    },
    ...(typeof login === 'object' && {
      async handleCallback() {
        const { returnTo } = await login.logins.handleCallback()
        shown.show(session.getSnapshot())
        return { redirectTo: returnTo }
      },
    }),
    async logout() {
      // react-admin also calls this when it finds that the session has ended: the session's reason then stays.
      await shown.logout()
      leave()
      return loginPath
    },
    async checkAuth(params) {
      const { reason } = await whenKnown(session, params?.signal)
      // On its way to the login page react-admin asks again. A refusal would make it start again endlessly.
      if (reason !== null) await left
      assertAlive(shown.show(await whenKnown(session, params?.signal)))
    },
    async checkError() {
      const state = session.getSnapshot()
      if (state.isPending || state.reason === null) return
      shown.show(state)
      // For a message react-admin would call `checkAuth` first, and then log out the user of a new login.
      throw Object.assign(refusal(state.reason), { message: false })
    },
    async getIdentity(params) {
      const state = shown.show(await whenKnown(session, params?.signal))
      assertAlive(state)
      const { id = '', name, username, email, avatar } = readUser(state.user) ?? {}
      const fullName = name ?? username ?? email
      return { id, ...(fullName && { fullName }), ...(avatar && { avatar }) }
    },
    getPermissions: async (params) => permissionsOf(shown.show(await whenKnown(session, params?.signal))),
  }
}

/** The target in a form of react-admin. */
const pathIn = (params: unknown) => (params as { readonly redirectTo?: unknown } | undefined)?.redirectTo
