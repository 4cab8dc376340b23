import type { AnySessionState } from '../../machines/session.select.ts'
import type { UserIdentity } from '../../machines/session.types.ts'
import type { BaseSession } from '../session/session.ts'
import { accountOf } from './accountOf.ts'

/**
 * The account that a framework shows. A framework logs out by itself when it finds that a session has ended. By then
 * another user, or the same user again, may have logged in in another window. That login must not end.
 */
export function shownAccount(session: Pick<BaseSession<UserIdentity>, 'getSnapshot' | 'logout'>) {
  /** `undefined`: the framework was told nothing; `null`: that nobody is logged in. */
  let shown: string | null | undefined
  return {
    /** The framework is told of this state. */
    show<State extends AnySessionState<UserIdentity>>(state: State): State {
      shown = state.isAuthenticated ? accountOf(state) : null
      return state
    },
    /** Ends the session, if it is of the account that the framework shows. */
    async logout(): Promise<void> {
      const state = session.getSnapshot()
      const isShown = shown === undefined || shown === accountOf(state)
      if (state.isAuthenticated && isShown) await session.logout()
    },
  }
}
