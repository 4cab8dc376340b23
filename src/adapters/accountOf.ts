import type { AnySessionState } from '../../machines/session.select.ts'
import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'

/** The name of a session's account; `undefined`: nobody is logged in. */
export const accountOf = ({ provider, user }: AnySessionState<UserIdentity>): string | undefined =>
  user ? `${provider} ${(user as SessionUser).tenantId ?? ''} ${user.id}` : undefined
