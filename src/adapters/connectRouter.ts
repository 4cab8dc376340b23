import type { SessionState } from '../../machines/session.select.ts'
import type { UserIdentity } from '../../machines/session.types.ts'
import type { BaseSession } from '../session/session.ts'
import { accountOf } from './accountOf.ts'

/** The part of TanStack's router that is used. */
export interface RouterLike {
  /** Forgets what loaders have brought for what is not shown. */
  clearCache(): void
  /** Runs guards and loaders anew. `forcePending`: what they have brought is not shown meanwhile. */
  invalidate(options?: { readonly forcePending?: boolean }): Promise<void>
}

const accountIn = (state: SessionState<UserIdentity>) =>
  state.isAuthenticated ? accountOf(state) : undefined

/**
 * Ties a TanStack Router to a session: when the session ends, the guards of what is on the screen look again and lead to
 * the login page; when another account takes the page over, nothing that loaders have brought for the one before is
 * shown or kept. Returns a function that unties them.
 *
 * @example
 * connectRouter(session, router)
 */
export function connectRouter(
  session: Pick<BaseSession<UserIdentity>, 'getSnapshot' | 'subscribe'>,
  router: RouterLike,
): () => void {
  let shown = accountIn(session.getSnapshot())
  return session.subscribe((state) => {
    const account = accountIn(state)
    if (state.isPending || account === shown) return
    const isLeft = shown !== undefined
    shown = account
    if (!isLeft) return
    router.clearCache()
    router.invalidate({ forcePending: true }).catch(() => {})
  })
}
