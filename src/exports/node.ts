/**
 * The handler of a session server as a listener for `node:http` and for Express.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export { toNodeListener } from '../node/toNodeListener.ts'
export { toUpgradeListener } from '../node/toUpgradeListener.ts'
export type { NodeListenerOptions } from '../node/webMessages.ts'
