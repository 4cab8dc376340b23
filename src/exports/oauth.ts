/** Refreshes at any OAuth 2.0 or OpenID provider. Needs the optional peer `oauth4webapi`. */

export type { OauthStrategyOptions } from '../oauth/oauthOptions.ts'
export { oauthProfiles } from '../oauth/oauthProfiles.ts'
export { oauthStrategy } from '../oauth/oauthStrategy.ts'
