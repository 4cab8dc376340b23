/**
 * What refine 5 asks of a session: its `authProvider`.
 * @module
 */

export type { PageLogins, SignInAt } from '../adapters/pageLogins.ts'
export {
  type RefineAuthProvider,
  type RefineOptions,
  refineAuthProvider,
} from '../adapters/refineAuthProvider.ts'
