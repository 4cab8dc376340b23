/**
 * Sessions at a LibreChat backend: the strategies for its two kinds of login, and the login of a page by OpenID.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export { loginErrorText, loginErrorTexts } from '../base/loginErrorText.ts'
export { backendLogout } from '../librechat/backendLogout.ts'
export {
  type CookieStrategyOptions,
  cookieStrategy,
  refreshTokenFromCookies,
} from '../librechat/cookieStrategy.ts'
export { type OpenidStrategyOptions, openidStrategy } from '../librechat/openidStrategy.ts'
export type { SessionStrategy } from '../session/strategy.ts'
export {
  createOpenidLogins,
  type OpenidLogins,
  type OpenidLoginsOptions,
} from '../signin/createOpenidLogins.ts'
export type { LoginSession } from '../signin/living.ts'
