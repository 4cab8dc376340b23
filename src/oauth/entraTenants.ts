import type { AuthorizationServer, IDToken } from 'oauth4webapi'
import { jwtClaims } from '../base/jwtClaims.ts'

/** Only Microsoft's hosts: no other server may leave open which issuer a token is from. */
const HOSTS = ['login.microsoftonline.com', 'login.microsoftonline.us', 'login.partner.microsoftonline.cn']
const MANY = ['common', 'organizations', '{tenantid}', '%7Btenantid%7D']
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Whether an issuer stands for many tenants of Microsoft Entra, whose tokens each name their own. */
export function isForTenants({ protocol, host, pathname }: URL): boolean {
  const [, tenant = '', version, ...rest] = pathname.replace(/\/$/, '').split('/')
  return (
    protocol === 'https:' &&
    HOSTS.includes(host) &&
    MANY.includes(tenant) &&
    version === 'v2.0' &&
    rest.length === 0
  )
}

const isTenant = (value: unknown): value is string =>
  typeof value === 'string' && GUID.test(value.toLowerCase())

/** The tokens that a client accepts from a server of many tenants. */
export interface Tenants {
  /** The metadata as they are read: a placeholder in the issuer stands for the requested server. */
  readonly metadataOf: (said: AuthorizationServer) => AuthorizationServer
  /** The provider for the comparison with an answer that names `issuer`. */
  readonly named: (provider: AuthorizationServer, issuer: string | null) => AuthorizationServer
  /** The provider for the comparison with an ID token. */
  readonly ofToken: (provider: AuthorizationServer, idToken: string | undefined) => AuthorizationServer
  /** Whether a validated ID token is of a permitted tenant. */
  readonly allows: (claims: IDToken) => boolean
}

/** The tenants of the server with this issuer; `refuse` throws with the message. */
export type TenantsOf = (issuer: URL, refuse: (problem: string) => never) => Tenants

/**
 * The value of the option `tenants`: the ids of the tenants whose users may log in, where `server` is `common` or
 * `organizations` of Microsoft Entra.
 *
 * @example
 * const entra = oauthProvider({
 *   server: 'https://login.microsoftonline.com/organizations/v2.0',
 *   clientId: 'panel',
 *   redirectUri: 'https://panel.example.com/callback',
 *   tenants: entraTenants(['11111111-aaaa-4bbb-8ccc-222222222222']),
 * })
 */
export const entraTenants =
  (ids: readonly string[]): TenantsOf =>
  (issuer, refuse) => {
    if (!isForTenants(issuer))
      refuse(
        '`tenants` is for the servers `common` and `organizations` of Microsoft Entra; remove it for this server.',
      )
    if (!Array.isArray(ids) || ids.length === 0 || !ids.every(isTenant)) refuse(LIST_THEM)
    const allowed = ids.map((id) => id.toLowerCase())
    const issuerOf = (tenant: unknown) => `${issuer.origin}/${isTenant(tenant) ? tenant : 'nobody'}/v2.0`
    return {
      metadataOf: (said) =>
        said.issuer === `${issuer.origin}/{tenantid}/v2.0` ? { ...said, issuer: issuer.href } : said,
      named(provider, named) {
        const tenant = named?.split('/')[3]
        return named !== null && named === issuerOf(tenant) ? { ...provider, issuer: named } : provider
      },
      ofToken: (provider, idToken) => ({ ...provider, issuer: issuerOf(jwtClaims(`${idToken}`).tid) }),
      allows: ({ tid }) => isTenant(tid) && allowed.includes(tid.toLowerCase()),
    }
  }

/** What a server of many tenants needs. */
export const LIST_THEM =
  '`tenants` must be `entraTenants` with the ids of the tenants whose users may log in, because `server` accepts users of every company. For one tenant give its own issuer as `server`.'
