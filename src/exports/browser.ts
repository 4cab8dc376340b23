export { type BrowserSignalsOptions, browserSignals } from '../browser/browserSignals.ts'
