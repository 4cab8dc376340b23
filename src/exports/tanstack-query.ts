/**
 * Ties a TanStack Query client to a session: no data of one user is shown to the next, and no retry is wasted.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export {
  connectQueryClient,
  type OnlineManagerLike,
  type QueryClientLike,
  type TanstackQueryOptions,
} from '../adapters/connectQueryClient.ts'
export { retryUnlessEnded } from '../adapters/retryUnlessEnded.ts'
