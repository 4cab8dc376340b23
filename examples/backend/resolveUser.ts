import { subjectOf, type User, type UserStore } from './users.ts'

export type ResolvedUser =
  | { readonly user: User }
  | { readonly errorCode: 'PROVIDER_MISMATCH' | 'USER_ID_MISMATCH' | 'TENANT_MISMATCH' | 'USER_NOT_FOUND' }

export interface UserQuery {
  readonly provider: 'openid' | 'google'
  readonly sub: string
  readonly issuer: string
  readonly userId: string | undefined
  readonly tenant: string | undefined
}

/** A record without an issuer belongs to the configured one, and this backend knows only that one. */
function issuerMatches(user: User, issuer: string): boolean {
  return user.openidIssuer === undefined || user.openidIssuer === issuer
}

/** Whether a user logs in at that provider. */
export const isOf = (user: User, provider: UserQuery['provider'], issuer: string): boolean =>
  user.provider === provider && issuerMatches(user, issuer)

/**
 * Finds whom a refreshed identity belongs to. A known `userId` decides and is checked; an unknown or malformed
 * one is passed over without a word, and the newest record of the subject is taken.
 */
export function resolveUser(
  users: UserStore,
  { provider, sub, issuer, userId, tenant }: UserQuery,
): ResolvedUser {
  const named = userId && /^[0-9a-f]{24}$/i.test(userId) ? users.findById(userId) : undefined
  if (named) {
    if (named.provider !== provider) return { errorCode: 'PROVIDER_MISMATCH' }
    if (subjectOf(named) !== sub || !issuerMatches(named, issuer)) return { errorCode: 'USER_ID_MISMATCH' }
    if (tenant !== undefined && named.tenantId !== tenant) return { errorCode: 'TENANT_MISMATCH' }
    return { user: named }
  }
  const [newest] = users.findBySubject(sub, (user) => isOf(user, provider, issuer), tenant)
  return newest ? { user: newest } : { errorCode: 'USER_NOT_FOUND' }
}
