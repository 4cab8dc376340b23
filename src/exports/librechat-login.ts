/**
 * The login of a server whose backend is LibreChat.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export type { RateLimitOptions } from '../librechat/login/backendLimiter.ts'
export { type LibrechatLoginOptions, librechatLogin } from '../librechat/login/librechatLogin.ts'
export type { ServerLogin } from '../server/serverLogin.ts'
