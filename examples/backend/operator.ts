import type { AccountName } from './accounts.ts'

/** A user given by the name of the seeded account, by id or by e-mail. */
export type UserRef = AccountName | (string & {})

/** The backend's connection to the provider: `lost` loses the answer after the provider has done its work. */
export type ProviderConnection = 'up' | 'down' | 'lost' | 'withoutAccessToken' | 'withoutClaims' | 'foreignIssuer'

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
  revokeOpenidGrants(user: UserRef): Promise<number>
  setProviderConnection(connection: ProviderConnection): void
  /** Clears the limiter's counters. */
  resetLimiter(): void
}

export interface UserPatch {
  readonly email?: string
  readonly name?: string
  readonly role?: string
  readonly tenantId?: string | undefined
  readonly openidId?: string | undefined
  readonly openidIssuer?: string | undefined
  readonly twoFactorEnabledAt?: number | undefined
  readonly emailVerified?: boolean
}
