/** The handler of a session server as a listener for `node:http` and for Express. */

export { type NodeListenerOptions, toNodeListener } from '../node/toNodeListener.ts'
