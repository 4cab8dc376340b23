/**
 * Logouts that begin at the identity provider, for the option `backChannelLogout` of a session server. Needs the optional
 * peer `jose`.
 *
 * Install: `npm install xstate-session xstate jose`
 * @module
 */

export { type BackChannelLogoutOptions, backChannelLogout } from '../backchannel/backChannelLogout.ts'
export type { BackChannelVerifier } from '../server/backChannelVerifier.ts'
