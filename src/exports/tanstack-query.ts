export {
  connectQueryClient,
  type OnlineManagerLike,
  type QueryClientLike,
  type TanstackQueryOptions,
} from '../adapters/connectQueryClient.ts'
export { retryUnlessEnded } from '../adapters/retryUnlessEnded.ts'
