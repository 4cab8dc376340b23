/** Refreshes at any OAuth 2.0 or OpenID provider. Needs the optional peer `oauth4webapi`. */

export { type OauthStrategyOptions, oauthStrategy } from '../strategies/oauth.ts'
export { oauthProfiles } from '../strategies/oauthProfiles.ts'
