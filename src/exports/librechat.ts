/**
 * Sessions at a LibreChat backend: the strategies for its two kinds of login.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export {
  type CookieStrategyOptions,
  cookieStrategy,
  refreshTokenFromCookies,
} from '../librechat/cookieStrategy.ts'
export { type OpenidStrategyOptions, openidStrategy } from '../librechat/openidStrategy.ts'
export type { SessionStrategy } from '../session/strategy.ts'
