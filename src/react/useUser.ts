'use client'
import type { SessionState } from '../../machines/session.select.ts'
import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { useSession } from './useSession.ts'

const userOf = (session: SessionState<UserIdentity>) => (session.isAuthenticated ? session.user : null)

/**
 * The user who is logged in; `null`: nobody, or not yet known. The same object until the user's data changes. `User`:
 * the output of the schema of the session's option `user`; a hook cannot know which session is above it.
 *
 * @example
 * const user = useUser<User>()
 * return user?.roles.includes('ADMIN') ? <Settings /> : null
 */
export function useUser<User extends UserIdentity = SessionUser>(): User | null {
  return useSession(userOf) as User | null
}
