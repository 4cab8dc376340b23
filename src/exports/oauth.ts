export { type OauthStrategyOptions, oauthStrategy } from '../strategies/oauth.ts'
export { oauthProfiles } from '../strategies/oauthProfiles.ts'
