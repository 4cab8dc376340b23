import type { UserIdentity } from '../../machines/session.types.ts'
import { assertHas } from '../base/assertHas.ts'
import { assertSession } from '../base/assertSession.ts'
import { byWish } from '../base/byWish.ts'
import { optionsOf } from '../base/optionsOf.ts'
import type { BaseSession } from '../session/session.ts'
import { type SignInAt, signInAt } from './pageLogins.ts'
import { whenKnown } from './whenKnown.ts'

/** What happens to a visitor without a session. */
export interface RouterGuardOptions {
  /**
   * TanStack Router's `redirect` to the login page. It gets the page that the user asked for:
   * `(returnTo) => redirect({ to: '/login', search: { returnTo } })`. Any link can contain such an address. So the login
   * page must check `returnTo` with `isOwnPath` of `xstate-session/browser` before it goes back there.
   */
  readonly toLogin: (returnTo: string) => unknown
  /**
   * Begins a login at the provider in place of the login page, if the visitor has not logged in, or if the session cannot
   * be renewed. The page leaves, and returns to the page that the user asked for. A user who has logged out or was idle
   * still gets `toLogin`. So does a user whose logins failed: a tab begins at most two.
   */
  readonly signIn?: SignInAt
}

/**
 * `beforeLoad` for a route of TanStack Router, and for all routes below it. It waits until it is known whether a user is
 * logged in, and sends other visitors to the login page. The login page gets the way back, with query and hash.
 *
 * @example
 * const beforeLoad = requireSession(session, {
 *   toLogin: (returnTo) => redirect({ to: '/login', search: { returnTo } }),
 * })
 */
export function requireSession(
  session: Pick<BaseSession<UserIdentity>, 'getSnapshot' | 'subscribe'>,
  options: RouterGuardOptions,
): (match: {
  readonly location: { readonly href: string }
  readonly abortController?: AbortController
}) => Promise<void> {
  assertSession(session, 'requireSession')
  const { toLogin, signIn } = optionsOf('requireSession', options)
  assertHas(
    options,
    ['toLogin'],
    'requireSession: `options`',
    'an object with `toLogin`, a function that redirects to the login',
  )
  return async ({ location, abortController }) => {
    const { reason } = await whenKnown(session, abortController?.signal)
    if (reason === null) return
    if (!signIn || byWish.has(reason)) throw toLogin(location.href)
    const hasLeft = await signInAt(signIn, location.href, true).then(
      () => true,
      () => false,
    )
    if (!hasLeft) throw toLogin(location.href)
    // The page leaves: the route is not shown meanwhile.
    await new Promise<never>(() => {})
  }
}
