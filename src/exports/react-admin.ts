/**
 * What react-admin 5 asks of a session: its `authProvider`, its `httpClient`, and a data provider that drops late answers.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export type { PageLogins, SignInAt } from '../adapters/pageLogins.ts'
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
export { type ReactAdminStoreLike, reactAdminStore } from '../adapters/reactAdminStore.ts'
