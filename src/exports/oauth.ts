/**
 * Logins and refreshes at any OAuth 2.0 or OpenID provider. Needs the optional peer `oauth4webapi`.
 *
 * Install: `npm install xstate-session xstate oauth4webapi`
 * @module
 */

export { type LoginTexts, loginTexts } from '../base/loginTexts.ts'
export type { Admit } from '../oauth/admission.ts'
export type { AuthorizationInput, CodeAttempt, CodeFlow, ProviderGrant } from '../oauth/codeGrant.ts'
export { entraTenants, type TenantsOf } from '../oauth/entraTenants.ts'
export type { Line } from '../oauth/line.ts'
export type { OauthStrategyOptions } from '../oauth/oauthOptions.ts'
export { oauthProfiles } from '../oauth/oauthProfiles.ts'
export { type OauthProvider, oauthProvider } from '../oauth/oauthProvider.ts'
export type { OauthProviderOptions } from '../oauth/oauthProviderOptions.ts'
export { oauthStrategy } from '../oauth/oauthStrategy.ts'
export { type Userinfo, userinfo } from '../oauth/userinfo.ts'
export type { SessionStrategy } from '../session/strategy.ts'
export type { AttemptStore } from '../signin/attemptStore.ts'
export {
  createLogins,
  type Logins,
  type LoginsOptions,
  type SignInOptions,
} from '../signin/createLogins.ts'
export type { KeptAttempt, Purpose } from '../signin/keptAttempt.ts'
export type { LoginSession } from '../signin/living.ts'
export type { LoginPage } from '../signin/loginPage.ts'
export type { PopupOptions } from '../signin/popupOptions.ts'
export { type Popups, popups } from '../signin/popups.ts'
