/**
 * A session among the tabs of its browser: connectivity, waking up, the user at work, one refresh and one logout for all.
 * @module
 */

export { type BrowserOptions, browserOptions } from '../browser/browserOptions.ts'
export { type BrowserPageOptions, browserPage } from '../browser/browserPage.ts'
export { type BrowserSignalsOptions, browserSignals } from '../browser/browserSignals.ts'
export { isOwnPath } from '../browser/isOwnPath.ts'
