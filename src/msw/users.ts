/** An account of the mock backend. You can change it, or its list, at any time; the next request sees the change. */
export interface MockUser {
  /** The backend's id of the user. */
  readonly id: string
  /** The name for a local login. */
  email: string
  /** The name for display. */
  name: string
  /** `ADMIN`, or another role of the backend. */
  role: string
  /** `local`: e-mail and password, and the refresh cookie. `openid`, `google`: single sign-on. */
  readonly provider: 'local' | 'openid' | 'google'
  /** Whether the user may use the admin API. */
  admin: boolean
  /** The tenant; absent: none. */
  tenantId?: string
  /** The password of a local account. */
  password?: string
  /** The code that a login needs as its second step. */
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

/** The record in the answers of the local routes: it has no secrets. */
export function userDocument({ admin: _, password: __, twoFactorCode: ___, ...user }: MockUser) {
  return { _id: user.id, username: user.name, ...user }
}

/** The few fields of a user in the answers of the OpenID routes. */
export function ssoUser({ id, email, name, role, provider, openidId }: MockUser) {
  return { _id: id, id, email, name, username: name, role, provider, ...(openidId && { openidId }) }
}

export const subjectOf = ({ openidId, googleId, id }: MockUser) => googleId ?? openidId ?? id

/**
 * The user of a refreshed identity, or the reason why there is none. A known `userId` decides, and is checked. An unknown
 * `userId` is ignored without an error, as LibreChat does, and the last record of the subject counts.
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
