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

export const isTenant = (value: unknown): value is string =>
  typeof value === 'string' && GUID.test(value.toLowerCase())

/** The tokens that a client accepts. */
export interface Tenants {
  /** The metadata as they are read: a placeholder in the issuer stands for the requested server. */
  readonly metadataOf: (said: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>
  /** The provider for the comparison with an answer that names `issuer`. */
  readonly named: (provider: AuthorizationServer, issuer: string | null) => AuthorizationServer
  /** The provider for the comparison with an ID token. */
  readonly ofToken: (provider: AuthorizationServer, idToken: string | undefined) => AuthorizationServer
  /** Whether a validated ID token is of a permitted tenant. */
  readonly allows: (claims: IDToken) => boolean
}

/** Without `allowed` there is exactly one issuer. */
export function createTenants(issuer: URL, allowed: readonly string[] | undefined): Tenants {
  if (!allowed)
    return {
      metadataOf: (said) => said,
      named: (provider) => provider,
      ofToken: (provider) => provider,
      allows: () => true,
    }
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
