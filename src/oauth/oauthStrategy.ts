import type { SessionStrategy } from '../session/strategy.ts'
import { createDiscovery } from './discovery.ts'
import { type OauthStrategyOptions, readOauthOptions } from './oauthOptions.ts'
import { createRefreshes } from './refreshes.ts'

/**
 * Renews a session directly at an OAuth 2.0 or OpenID provider with the refresh grant (RFC 6749 section 6), and
 * ends it by revocation where the provider has an endpoint for that (RFC 7009).
 *
 * Needs the optional peer `oauth4webapi`. Sends no `X-Refresh-Attempt-Id`: token endpoints answer browsers only
 * for requests without headers of their own. A provider that cannot be discovered has spent nothing. An error of
 * RFC 6749 section 5.2 counts whatever its content type says, and with status 200 too; any other error does not say
 * that the provider has spoken.
 *
 * @throws Misconfigured for options that cannot work: no issuer, `http:` beyond loopback, …
 * @example
 * oauthStrategy({ ...oauthProfiles.keycloak, server: 'https://id.example.com/realms/staff', clientId: 'panel' })
 */
export function oauthStrategy(options: OauthStrategyOptions): SessionStrategy {
  const read = readOauthOptions(options)
  return { ...createRefreshes(options, createDiscovery(read)), ...read.resend }
}
