export {
  type ReactAdminAuthProvider,
  type ReactAdminOptions,
  reactAdminAuthProvider,
} from '../adapters/reactAdminAuthProvider.ts'
export { reactAdminDataProvider } from '../adapters/reactAdminDataProvider.ts'
export {
  type ReactAdminAnswer,
  reactAdminHttpClient,
  type ToHttpError,
} from '../adapters/reactAdminHttpClient.ts'
