import { createHash, timingSafeEqual } from 'node:crypto'
import type { Account } from './accounts.ts'

export interface User {
  readonly id: string
  email: string
  name: string
  username: string
  role: string
  provider: 'local' | 'openid' | 'google'
  /** The ACCESS_ADMIN capability. */
  isAdmin: boolean
  tenantId?: string | undefined
  openidId?: string | undefined
  openidIssuer?: string | undefined
  googleId?: string | undefined
  emailVerified: boolean
  /** `checkBan` of a refresh finds it after the grant. */
  isBanned?: boolean | undefined
  passwordHash?: string | undefined
  totpSecret?: string | undefined
  backupCodes?: readonly string[] | undefined
  twoFactorEnabledAt?: number | undefined
  createdAt: number
  updatedAt: number
}

export interface UserStore {
  readonly all: () => User[]
  /** With a tenant only its users are seen. */
  findById(id: string, tenant?: string): User | undefined
  findByEmail(email: string): User | undefined
  /** Newest first. `matches` tells whether the user's provider and issuer are the wanted ones. */
  findBySubject(sub: string, matches: (user: User) => boolean, tenant?: string): User[]
  touch(user: User): void
  delete(id: string): void
}

// A demo's stand-in for a slow password hash.
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex')

export function secretMatches(secret: string, hash: string | undefined): boolean {
  return hash !== undefined && timingSafeEqual(Buffer.from(hashSecret(secret)), Buffer.from(hash))
}

export function createUserStore(accounts: readonly Account[], issuer: string, now: () => number): UserStore {
  const users = new Map<string, User>()
  let lastTouch = 0

  /** Strictly growing, so that "newest wins" never depends on a tie. */
  function touch(user: User): void {
    lastTouch = Math.max(now(), lastTouch + 1)
    user.updatedAt = lastTouch
  }

  for (const account of accounts) {
    const user: User = {
      id: account.id,
      email: account.email,
      name: account.name,
      username: account.email.split('@')[0] ?? account.email,
      role: account.admin ? 'ADMIN' : 'USER',
      provider: account.provider,
      isAdmin: account.admin,
      tenantId: account.tenantId,
      ...(account.provider === 'google'
        ? { googleId: account.sub }
        : { openidId: account.sub, openidIssuer: account.sub && issuer }),
      emailVerified: true,
      passwordHash: account.password && hashSecret(account.password),
      totpSecret: account.twoFactorCode && hashSecret(account.twoFactorCode),
      backupCodes: account.backupCode ? [hashSecret(account.backupCode)] : undefined,
      twoFactorEnabledAt: account.twoFactorCode ? 0 : undefined,
      createdAt: now(),
      updatedAt: 0,
    }
    touch(user)
    users.set(user.id, user)
  }

  const inTenant = (user: User, tenant: string | undefined): boolean =>
    tenant === undefined || user.tenantId === tenant

  return {
    all: () => [...users.values()],
    findById(id, tenant) {
      const user = users.get(id)
      return user && inTenant(user, tenant) ? user : undefined
    },
    findByEmail: (email) => [...users.values()].find((user) => user.email === email.toLowerCase()),
    findBySubject: (sub, matches, tenant) =>
      [...users.values()]
        .filter((user) => subjectOf(user) === sub && matches(user) && inTenant(user, tenant))
        .sort((a, b) => b.updatedAt - a.updatedAt),
    touch,
    delete: (id) => void users.delete(id),
  }
}

/** Whom the user's own provider calls so. */
export const subjectOf = ({ openidId, googleId }: User): string | undefined => googleId ?? openidId

/** The user document as login, verify and cookie refresh send it. Backup codes go out with a login only. */
export function userDocument(user: User, options: { backupCodes?: boolean } = {}) {
  return {
    _id: user.id,
    id: user.id,
    email: user.email,
    name: user.name,
    username: user.username,
    role: user.role,
    provider: user.provider,
    ...(user.tenantId !== undefined && { tenantId: user.tenantId }),
    ...(user.openidId !== undefined && { openidId: user.openidId, openidIssuer: user.openidIssuer }),
    ...(user.googleId !== undefined && { googleId: user.googleId }),
    emailVerified: user.emailVerified,
    twoFactorEnabled: user.twoFactorEnabledAt !== undefined,
    ...(options.backupCodes &&
      user.backupCodes && { backupCodes: user.backupCodes.map((codeHash) => ({ codeHash, used: false })) }),
    createdAt: new Date(user.createdAt).toISOString(),
    updatedAt: new Date(user.updatedAt).toISOString(),
  }
}

/** The shorter form of the SSO exchange and refresh. */
export function ssoUser(user: User) {
  return {
    _id: user.id,
    id: user.id,
    email: user.email,
    name: user.name,
    username: user.username,
    role: user.role,
    provider: user.provider,
    ...(user.openidId !== undefined && { openidId: user.openidId }),
  }
}
