import { type AccountName, accounts } from './accounts.ts'
import type { BackendContext } from './context.ts'
import type { ProviderStore } from './provider/adapter.ts'
import type { User } from './users.ts'

/** A user given by the name of the seeded account, by id or by e-mail. */
export type UserRef = AccountName | (string & {})

/**
 * The backend's connection to the provider. `down`: nothing gets there. `lost`: the provider does its work and
 * the answer is lost. The others spoil the answer after the refresh token has been consumed.
 */
export type ProviderConnection =
  | 'up'
  | 'down'
  | 'lost'
  | 'withoutAccessToken'
  | 'withoutRefreshToken'
  | 'withoutClaims'
  | 'foreignIssuer'

export type UserPatch = Partial<
  Pick<
    User,
    | 'email'
    | 'name'
    | 'role'
    | 'tenantId'
    | 'openidId'
    | 'openidIssuer'
    | 'twoFactorEnabledAt'
    | 'emailVerified'
    | 'isBanned'
  >
>

/** What the people who run the backend can do to it. */
export interface Operator {
  /** Takes ACCESS_ADMIN away. */
  revokeAdmin(user: UserRef): void
  grantAdmin(user: UserRef): void
  deleteUser(user: UserRef): void
  /** Changes fields of a user record. */
  updateUser(user: UserRef, patch: UserPatch): void
  /** Puts `updatedAt` after every other user's. */
  touchUser(user: UserRef): void
  /** Ends the user's local sessions: their refresh tokens are dead, their bearers live on. */
  endLocalSessions(user: UserRef): number
  /** Bearers issued so far are answered with 401; without a user: everybody's. */
  invalidateBearers(user?: UserRef): void
  /** Revokes the user's grants at the provider; answers with how many there were. */
  revokeOpenidGrants(user: UserRef): number
  setProviderConnection(connection: ProviderConnection): void
  /** Clears the limiter's counters. */
  resetLimiter(): void
}

export function createOperator(context: BackendContext, provider: ProviderStore): Operator {
  const { google, limiter, openid, sessions, tokens, users } = context

  function find(ref: UserRef): User {
    const id = ref in accounts ? accounts[ref as AccountName].id : ref
    const user = users.findById(id) ?? users.findByEmail(id)
    if (!user) throw new Error(`no such user: ${ref}`)
    return user
  }

  return {
    revokeAdmin(ref) {
      find(ref).isAdmin = false
    },
    grantAdmin(ref) {
      find(ref).isAdmin = true
    },
    deleteUser: (ref) => users.delete(find(ref).id),
    updateUser: (ref, patch) => void Object.assign(find(ref), patch),
    touchUser: (ref) => users.touch(find(ref)),
    endLocalSessions: (ref) => sessions.deleteAll(find(ref).id),
    invalidateBearers: (ref) => tokens.invalidateBearers(ref && find(ref).id),
    revokeOpenidGrants: (ref) => provider.revokeAccount(find(ref).openidId ?? ''),
    setProviderConnection(connection) {
      openid.connection = connection
      google.connection = connection
    },
    resetLimiter: () => limiter.reset(),
  }
}
