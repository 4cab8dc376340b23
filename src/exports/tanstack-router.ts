export { type RouterGuardOptions, requireSession } from '../adapters/requireSession.ts'
