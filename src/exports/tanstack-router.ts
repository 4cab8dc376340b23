/** Guards routes of TanStack Router. */

export { type RouterGuardOptions, requireSession } from '../adapters/requireSession.ts'
