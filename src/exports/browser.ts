/**
 * A session among the tabs of its browser: connectivity, waking up, the user at work, one refresh and one logout for all.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export type { UserIdentity } from '../../machines/session.types.ts'
export type { BffPage } from '../bff/page.ts'
export { type BrowserOptions, browserOptions } from '../browser/browserOptions.ts'
export { type BrowserPageOptions, browserPage } from '../browser/browserPage.ts'
export { type BrowserSignalsOptions, browserSignals } from '../browser/browserSignals.ts'
export { isOwnPath } from '../browser/isOwnPath.ts'
export type { SessionSignal } from '../session/notice.ts'
export type { SessionOptions } from '../session/options.ts'
