export { type BrowserOptions, browserOptions } from '../browser/browserOptions.ts'
export { type BrowserSignalsOptions, browserSignals } from '../browser/browserSignals.ts'
