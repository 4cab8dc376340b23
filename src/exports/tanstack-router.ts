/**
 * Guards routes of TanStack Router, and keeps what they have loaded to its user.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export { connectRouter, type RouterLike } from '../adapters/connectRouter.ts'
export type { PageLogins, SignInAt } from '../adapters/pageLogins.ts'
export { type RouterGuardOptions, requireSession } from '../adapters/requireSession.ts'
