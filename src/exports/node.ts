export { type NodeListenerOptions, toNodeListener } from '../server/node.ts'
