/**
 * Ties a TanStack Query client to a session: no data of one user is shown to the next, and no retry is wasted.
 * @module
 */

export {
  connectQueryClient,
  type OnlineManagerLike,
  type QueryClientLike,
  type TanstackQueryOptions,
} from '../adapters/connectQueryClient.ts'
export { retryUnlessEnded } from '../adapters/retryUnlessEnded.ts'
