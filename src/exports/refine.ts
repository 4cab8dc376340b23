/**
 * What refine 5 asks of a session: its `authProvider`.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export type { PageLogins, SignInAt } from '../adapters/pageLogins.ts'
export {
  type RefineAuthProvider,
  type RefineOptions,
  refineAuthProvider,
} from '../adapters/refineAuthProvider.ts'
