import type { SessionState } from '../../machines/session.select.ts'

/** Names the account that a session belongs to; `undefined`: nobody is logged in. */
export const accountOf = ({ provider, user }: SessionState): string | undefined =>
  user ? `${provider} ${user.tenantId ?? ''} ${user.id}` : undefined
