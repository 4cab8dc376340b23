/** An account of the fake backend. Change it, or the list that it is in, at any time: the next request sees it. */
export interface MockUser {
  /** What the backend knows the user by. */
  readonly id: string
  /** The name at a local login. */
  email: string
  /** For display. */
  name: string
  /** `ADMIN`, or another role of the backend. */
  role: string
  /** `local`: e-mail and password, and the refresh cookie. `openid`, `google`: single sign-on. */
  readonly provider: 'local' | 'openid' | 'google'
  /** Whether the user may use the admin API. */
  admin: boolean
  /** The tenant; absent: none. */
  tenantId?: string
  /** Of a local account. */
  password?: string
  /** Logins ask for this code as a second step. */
  twoFactorCode?: string
  /** The subject at the identity provider. Records of several tenants may share one. Default: `id`. */
  openidId?: string
  /** The subject at Google. Default: `id`. */
  googleId?: string
}

/** Ada logs in with `ada@example.com` and `password`, Olga by single sign-on, Gina with Google. */
export const defaultUsers: readonly Readonly<MockUser>[] = [
  {
    id: '6500000000000000000000a1',
    email: 'ada@example.com',
    name: 'Ada',
    role: 'ADMIN',
    provider: 'local',
    admin: true,
    password: 'password',
  },
  {
    id: '6500000000000000000000b1',
    email: 'olga@example.com',
    name: 'Olga',
    role: 'ADMIN',
    provider: 'openid',
    admin: true,
    openidId: 'olga',
  },
  {
    id: '6500000000000000000000d1',
    email: 'gina@example.com',
    name: 'Gina',
    role: 'ADMIN',
    provider: 'google',
    admin: true,
    googleId: 'gina',
  },
]

/** The record as the local routes answer it: without secrets. */
export function userDocument({ admin: _, password: __, twoFactorCode: ___, ...user }: MockUser) {
  return { _id: user.id, username: user.name, ...user }
}

/** The few fields that the OpenID routes answer. */
export function ssoUser({ id, email, name, role, provider, openidId }: MockUser) {
  return { _id: id, id, email, name, username: name, role, provider, ...(openidId && { openidId }) }
}

export const subjectOf = ({ openidId, googleId, id }: MockUser) => googleId ?? openidId ?? id

/**
 * Whom a refreshed identity belongs to, or why nobody. A known `userId` decides and is checked; an unknown one is
 * passed over without a word, as LibreChat does, and the last record of the subject is taken.
 */
export function resolveUser(
  users: readonly MockUser[],
  provider: 'openid' | 'google',
  subject: string,
  userId: unknown,
  tenantId: string | undefined,
): MockUser | 'PROVIDER_MISMATCH' | 'USER_ID_MISMATCH' | 'TENANT_MISMATCH' | 'USER_NOT_FOUND' {
  const isOfTenant = (user: MockUser) => tenantId === undefined || user.tenantId === tenantId
  const named = users.find(({ id }) => id === userId)
  if (!named) {
    const isTheirs = (user: MockUser) => user.provider === provider && subjectOf(user) === subject
    return users.findLast((user) => isTheirs(user) && isOfTenant(user)) ?? 'USER_NOT_FOUND'
  }
  if (named.provider !== provider) return 'PROVIDER_MISMATCH'
  if (subjectOf(named) !== subject) return 'USER_ID_MISMATCH'
  return isOfTenant(named) ? named : 'TENANT_MISMATCH'
}
