/**
 * Tokens that are bound to a key of the browser (DPoP, RFC 9449). Needs the optional peer `oauth4webapi`.
 *
 * Install: `npm install xstate-session xstate oauth4webapi`
 * @module
 */

export { type DpopKeyOptions, dpopKey } from '../dpop/dpopKey.ts'
export type { DpopKey } from '../oauth/provenClient.ts'
