/** Refreshes at any OAuth 2.0 or OpenID provider. Needs the optional peer `oauth4webapi`. */

export { oauthStrategy } from '../strategies/oauth.ts'
export type { OauthStrategyOptions } from '../strategies/oauthOptions.ts'
export { oauthProfiles } from '../strategies/oauthProfiles.ts'
