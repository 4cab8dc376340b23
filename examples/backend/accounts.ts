/** A seeded account. Every secret here is a demo value. */
export interface Account {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly provider: 'local' | 'openid' | 'google'
  readonly admin: boolean
  readonly tenantId?: string
  /** Local accounts. */
  readonly password?: string
  /** Second factor: a fixed code in place of a TOTP. */
  readonly twoFactorCode?: string
  readonly backupCode?: string
  /** OpenID and Google accounts: the subject at the provider. */
  readonly sub?: string
}

const password = 'demo-password'

export const accounts = {
  localAdmin: {
    id: '6500000000000000000000a1',
    email: 'ada@local.example',
    name: 'Ada Local',
    provider: 'local',
    admin: true,
    password,
  },
  localUser: {
    id: '6500000000000000000000a2',
    email: 'uma@local.example',
    name: 'Uma Local',
    provider: 'local',
    admin: false,
    password,
  },
  twoFactorAdmin: {
    id: '6500000000000000000000a3',
    email: 'tom@local.example',
    name: 'Tom Twofactor',
    provider: 'local',
    admin: true,
    password,
    twoFactorCode: '123456',
    backupCode: 'backup-0001',
  },
  tenantAdmin: {
    id: '6500000000000000000000a4',
    email: 'tess@local.example',
    name: 'Tess Tenant',
    provider: 'local',
    admin: true,
    tenantId: 'acme',
    password,
  },
  openidAdmin: {
    id: '6500000000000000000000b1',
    email: 'olga@sso.example',
    name: 'Olga Openid',
    provider: 'openid',
    admin: true,
    sub: 'olga',
  },
  openidUser: {
    id: '6500000000000000000000b2',
    email: 'udo@sso.example',
    name: 'Udo Openid',
    provider: 'openid',
    admin: false,
    sub: 'udo',
  },
  /** The same person at the provider, once in each of two tenants. */
  openidAcme: {
    id: '6500000000000000000000c1',
    email: 'dora@acme.example',
    name: 'Dora at Acme',
    provider: 'openid',
    admin: true,
    tenantId: 'acme',
    sub: 'dora',
  },
  openidGlobex: {
    id: '6500000000000000000000c2',
    email: 'dora@globex.example',
    name: 'Dora at Globex',
    provider: 'openid',
    admin: true,
    tenantId: 'globex',
    sub: 'dora',
  },
  googleAdmin: {
    id: '6500000000000000000000d1',
    email: 'gina@google.example',
    name: 'Gina Google',
    provider: 'google',
    admin: true,
    sub: 'gina',
  },
} as const satisfies Record<string, Account>

export type AccountName = keyof typeof accounts
