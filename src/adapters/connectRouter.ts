import type { SessionState } from '../../machines/session.select.ts'
import type { UserIdentity } from '../../machines/session.types.ts'
import { assertHas } from '../base/assertHas.ts'
import { assertSession } from '../base/assertSession.ts'
import type { BaseSession } from '../session/session.ts'
import { accountOf } from './accountOf.ts'

/** The used part of TanStack's router. */
export interface RouterLike {
  /** Deletes loader data that is not visible. */
  clearCache(): void
  /** Runs guards and loaders again. `forcePending`: their old data is not shown meanwhile. */
  invalidate(options?: { readonly forcePending?: boolean }): Promise<void>
}

const accountIn = (state: SessionState<UserIdentity>) =>
  state.isAuthenticated ? accountOf(state) : undefined

/**
 * Ties a TanStack Router to a session. When the session ends, the guards of the visible routes run again and lead to
 * the login page. When another account takes the page over, no loader data of the previous one is shown or kept.
 * Returns a function that unties them.
 *
 * @example
 * connectRouter(session, router)
 */
export function connectRouter(
  session: Pick<BaseSession<UserIdentity>, 'getSnapshot' | 'subscribe'>,
  router: RouterLike,
): () => void {
  assertSession(session, 'connectRouter')
  assertHas(
    router,
    ['clearCache', 'invalidate'],
    'connectRouter: the second argument',
    'a router of TanStack: what createRouter returns',
  )
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
