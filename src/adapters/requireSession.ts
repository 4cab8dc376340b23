import type { UserIdentity } from '../../machines/session.types.ts'
import type { BaseSession } from '../session/session.ts'
import { whenKnown } from './whenKnown.ts'

/** Where somebody without a session is sent. */
export interface RouterGuardOptions {
  /**
   * TanStack Router's `redirect`, given the login page and where the user wanted to go:
   * `(returnTo) => redirect({ to: '/login', search: { returnTo } })`. Any link can write that address too: the login
   * page goes back to nothing but what `isOwnPath` of `xstate-session/browser` says is a path of the page's own site.
   */
  readonly toLogin: (returnTo: string) => unknown
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
  { toLogin }: RouterGuardOptions,
): (match: {
  readonly location: { readonly href: string }
  readonly abortController?: AbortController
}) => Promise<void> {
  return async ({ location, abortController }) => {
    const { reason } = await whenKnown(session, abortController?.signal)
    if (reason !== null) throw toLogin(location.href)
  }
}
