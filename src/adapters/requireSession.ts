import type { UserIdentity } from '../../machines/session.types.ts'
import { assertHas } from '../base/assertHas.ts'
import { assertSession } from '../base/assertSession.ts'
import { byWish } from '../base/byWish.ts'
import { optionsOf } from '../base/optionsOf.ts'
import type { BaseSession } from '../session/session.ts'
import { type SignInAt, signInAt } from './pageLogins.ts'
import { whenKnown } from './whenKnown.ts'

/** Where somebody without a session is sent. */
export interface RouterGuardOptions {
  /**
   * TanStack Router's `redirect`, given the login page and where the user wanted to go:
   * `(returnTo) => redirect({ to: '/login', search: { returnTo } })`. Any link can write that address too: the login
   * page goes back to nothing but what `isOwnPath` of `xstate-session/browser` says is a path of the page's own site.
   */
  readonly toLogin: (returnTo: string) => unknown
  /**
   * Logs in at a provider, in place of a login page, whoever has not logged in or whose session cannot be renewed: the page
   * leaves, and comes back to where the user wanted to go. Who has logged out, or was idle, still is sent `toLogin`, and so
   * is everybody whose login has come to nothing: a tab begins at most two.
   */
  readonly signIn?: SignInAt
}

/**
 * `beforeLoad` for a route of TanStack Router, and for all routes below it: waits until it is known whether somebody
 * is logged in, and sends who is not to the login page, which then knows the way back with query and hash.
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
