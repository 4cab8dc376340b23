/**
 * The login of a server at any OpenID provider. Needs the optional peer `oauth4webapi`.
 *
 * Install: `npm install xstate-session xstate oauth4webapi`
 * @module
 */

export { type OauthLoginOptions, oauthLogin } from '../oauth/oauthLogin.ts'
export type { ServerLogin } from '../server/serverLogin.ts'
