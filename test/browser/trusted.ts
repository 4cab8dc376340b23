import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { fireAnEvent } = require('jsdom/lib/jsdom/living/helpers/events.js')
const { tryImplForWrapper } = require('jsdom/lib/generated/idl/utils.js')

/** An event of jsdom as a person causes it: scripts cannot make one that is trusted. */
export function dispatchTrusted(target: EventTarget, type: string): void {
  fireAnEvent(type, tryImplForWrapper(target), undefined, { bubbles: true, composed: true })
}
