import type { SessionStrategy } from '../session/strategy.ts'
import { createDiscovery } from './discovery.ts'
import { type OauthStrategyOptions, readOauthOptions } from './oauthOptions.ts'
import { createRefreshes } from './refreshes.ts'

/**
 * Renews a session directly at an OAuth 2.0 or OpenID provider with the refresh grant (RFC 6749 section 6), and ends it
 * by revocation if the provider has an endpoint for that (RFC 7009).
 *
 * Needs the optional peer `oauth4webapi`. It sends no `X-Refresh-Attempt-Id`, because token endpoints answer browsers
 * only for requests without extra headers. If the discovery fails, nothing is spent. An error of RFC 6749 section 5.2
 * counts under any content type, and with status 200 too. Any other error may come from a gateway.
 *
 * @throws Misconfigured for options that cannot work: no issuer, `http:` beyond loopback, …
 * @example
 * oauthStrategy({ ...oauthProfiles.keycloak, server: 'https://id.example.com/realms/staff', clientId: 'panel' })
 */
export function oauthStrategy(options: OauthStrategyOptions): SessionStrategy {
  const read = readOauthOptions(options)
  return { ...createRefreshes(options, createDiscovery(read)), ...read.resend }
}
