/**
 * Refreshes for code that keeps its sessions itself, as in a sealed cookie.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export type { UserIdentity } from '../../machines/session.types.ts'
export {
  createRefresher,
  type Refresher,
  type RefresherOptions,
  type RefresherResult,
} from '../refresher/createRefresher.ts'
export type { KeptSession, RefreshDoubt } from '../refresher/keptSession.ts'
