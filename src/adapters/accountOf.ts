import type { AnySessionState } from '../../machines/session.select.ts'
import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'

/** Names the account that a session belongs to; `undefined`: nobody is logged in. */
export const accountOf = ({ provider, user }: AnySessionState<UserIdentity>): string | undefined =>
  user ? `${provider} ${(user as SessionUser).tenantId ?? ''} ${user.id}` : undefined
