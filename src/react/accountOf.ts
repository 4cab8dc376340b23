import type { SessionState } from '../../machines/session.select.ts'

/** Names the account of a state, among the users of all its providers; `null`: nobody. */
export const accountOf = ({ provider, user }: SessionState): string | null =>
  user && `${provider} ${user.tenantId ?? ''} ${user.id}`
